"""Annotations: notes on days or instants of a website."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from umami.embedded.http import Call, Milliseconds, Parameters, Routes, Text, from_milliseconds
from umami.embedded.listing import Listing
from umami.embedded.parameters import json_row
from umami.embedded.routes import records
from umami.embedded.routes.reports import Date

routes = Routes()

PATH = "/websites/{website_id}/annotations"
COLUMNS = {
    "id": "annotation_id",
    **records.camel_case(
        *("website_id", "user_id", "date", "all_day", "note", "created_at", "updated_at")
    ),
}


class Listed(Listing):
    """A page of annotations; the dates restrict it only if both are set."""

    startAt: Milliseconds | None = None
    endAt: Milliseconds | None = None


class Annotation(Parameters):
    """An annotation to save."""

    date: Date
    note: Annotated[Text, Field(min_length=1, max_length=500)]
    allDay: bool = True


@routes("GET", PATH, Listed)
def page(call: Call[Listed]) -> Any:
    """Return the annotations of a website, by date."""
    params = call.params
    condition, dates = "", []
    if params.startAt is not None and params.endAt is not None:
        condition = "AND date BETWEEN ? AND ?"
        dates = [from_milliseconds(params.startAt), from_milliseconds(params.endAt)]
    rows = call.umami.store.records(
        f"SELECT * FROM annotation WHERE website_id = ? AND contains(lower(note), ?) {condition} "
        "ORDER BY date, annotation_id",
        [call.id("website_id"), params.searched, *dates],
    )
    return params.answer([_json(row) for row in rows])


def _columns(params: Annotation) -> dict[str, Any]:
    return {"date": params.date, "all_day": params.allDay, "note": params.note}


def _json(row: dict[str, Any]) -> dict[str, Any]:
    return json_row(row, COLUMNS)


records.declare(routes, PATH, "annotation", Annotation, _columns, _json)
