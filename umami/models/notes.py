"""Notes on dates, which Umami calls annotations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from umami.models.records import Created, Moment, Record
from umami.parsing import Time


@dataclass(frozen=True, slots=True)
class Annotation(Record):
    """A note on a date of a website: a release, a campaign. ``at`` is an instant (UTC); with
    ``all_day`` only its date counts."""

    missing: ClassVar[str] = "There is no such annotation."
    of_other: ClassVar[str] = "This website has no such annotation."

    id: str
    at: Annotated[Moment, Field(alias="date")]
    note: str
    all_day: Annotated[bool, BeforeValidator(lambda value: value is None or value)] = True
    created: Created = None
    updated: Annotated[Time, Field(alias="updatedAt")] = None
