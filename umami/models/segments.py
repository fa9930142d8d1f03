"""Saved segments and cohorts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from umami.models.records import Object, Record

Kind = Literal["segment", "cohort"]


@dataclass(frozen=True, slots=True)
class Segment(Record):
    """A saved set of filters; ``parameters`` are in the server's format."""

    missing: ClassVar[str] = "There is no such segment."
    of_other: ClassVar[str] = "This website has no such segment."

    id: str
    kind: Annotated[Kind, Field(alias="type")]
    name: str
    parameters: Object = field(default_factory=dict)
