"""Notes on dates, which Umami calls annotations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from umami.errors import NotFound
from umami.parsing import Row, Time


class _Annotation(Row):
    id: str
    websiteId: str | None = None
    date: Time
    allDay: bool | None = None
    note: str
    createdAt: Time = None
    updatedAt: Time = None


_ANNOTATION = TypeAdapter(_Annotation)


@dataclass(frozen=True, slots=True)
class Annotation:
    """A note on a date of a website: a release, a campaign. ``at`` is an instant (UTC); with
    ``all_day`` only its date counts."""

    id: str
    at: datetime
    all_day: bool
    note: str
    created: datetime | None
    updated: datetime | None

    @classmethod
    def read(cls, answer: Any, website: str | None = None) -> Annotation:
        """From an annotation object, which must be of the ``website`` where one is given."""
        if answer is None:
            raise NotFound("There is no such annotation.")
        row = _ANNOTATION.validate_python(answer)
        if website is not None and row.websiteId not in (None, website):
            raise NotFound("This website has no such annotation.")
        if row.date is None:
            raise ValueError("an annotation without a date")
        all_day = True if row.allDay is None else row.allDay
        return cls(row.id, row.date, all_day, row.note, row.createdAt, row.updatedAt)
