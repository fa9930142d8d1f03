"""Annotations: notes on days or instants of a website."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from umami.embedded.http import Milliseconds, Parameters, Routes, Text, from_milliseconds
from umami.embedded.parameters import Listing
from umami.embedded.routes.records import Records
from umami.embedded.routes.reports import Date

routes = Routes()


class Listed(Listing):
    """A page of annotations; the dates restrict it only if both are set."""

    startAt: Milliseconds | None = None
    endAt: Milliseconds | None = None

    @property
    def conditions(self) -> dict[str, Any]:
        """The SQL conditions of the page, with their values."""
        if self.startAt is None or self.endAt is None:
            return {}
        dates = from_milliseconds(self.startAt), from_milliseconds(self.endAt)
        return dict(zip(("date >= ?", "date <= ?"), dates, strict=True))


class Annotation(Parameters):
    """An annotation to save."""

    date: Date
    note: Annotated[Text, Field(min_length=1, max_length=500)]
    allDay: bool = True


ANNOTATIONS = Records(
    "annotation",
    ("website_id", "user_id", "date", "all_day", "note", "created_at", "updated_at"),
    searched=("note",),
    order="date",
)
ANNOTATIONS.declare(routes, "/websites/{website_id}/annotations", Annotation, listed=Listed)
