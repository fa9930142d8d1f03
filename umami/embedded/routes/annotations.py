"""Annotations: notes on days or instants of a website."""

from __future__ import annotations

import uuid
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from umami.embedded.http import (
    Call,
    Milliseconds,
    Nothing,
    Parameters,
    Routes,
    Text,
    from_milliseconds,
    now,
)
from umami.embedded.listing import Listing
from umami.embedded.parameters import json_row
from umami.embedded.refusals import Refusal
from umami.embedded.routes.reports import Date

routes = Routes()

COLUMNS = {
    "id": "annotation_id",
    "websiteId": "website_id",
    "userId": "user_id",
    "date": "date",
    "allDay": "all_day",
    "note": "note",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
}


class Listed(Listing):
    """A page of annotations; the dates restrict it only if both are given."""

    startAt: Milliseconds | None = None
    endAt: Milliseconds | None = None


class Annotation(Parameters):
    """An annotation to save."""

    date: Date
    note: Annotated[Text, Field(min_length=1, max_length=500)]
    allDay: bool = True


@routes("GET", "/websites/{website_id}/annotations", Listed)
def listed(call: Call[Listed]) -> Any:
    """The annotations of a website, by date."""
    asked = call.params
    condition, values = "", []
    if asked.startAt is not None and asked.endAt is not None:
        condition = "AND date BETWEEN ? AND ?"
        values = [from_milliseconds(asked.startAt), from_milliseconds(asked.endAt)]
    rows = call.umami.store.records(
        f"SELECT * FROM annotation WHERE website_id = ? AND contains(lower(note), ?) {condition} "
        "ORDER BY date, annotation_id",
        [call.id("website_id"), asked.searched, *values],
    )
    return asked.answer([json_row(row, COLUMNS) for row in rows])


@routes("POST", "/websites/{website_id}/annotations", Annotation)
def create(call: Call[Annotation]) -> Any:
    """Save an annotation."""
    annotation, at, asked = uuid.uuid4(), now(), call.params
    user = call.user.id if call.user else None
    with call.umami.store.writing() as cursor:
        cursor.execute(
            "INSERT INTO annotation VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *(annotation, call.id("website_id"), user),
                *(asked.date, asked.allDay, asked.note, at, at),
            ],
        )
    return _annotation(call, annotation)


@routes("GET", "/websites/{website_id}/annotations/{annotation_id}", Nothing)
def read(call: Call[Nothing]) -> Any:
    """One annotation."""
    return _annotation(call, call.id("annotation_id"))


@routes("POST", "/websites/{website_id}/annotations/{annotation_id}", Annotation)
def change(call: Call[Annotation]) -> Any:
    """Save an annotation again."""
    asked, annotation = call.params, call.id("annotation_id")
    _annotation(call, annotation)
    with call.umami.store.writing() as cursor:
        cursor.execute(
            "UPDATE annotation SET date = ?, all_day = ?, note = ?, updated_at = ? "
            "WHERE annotation_id = ?",
            [asked.date, asked.allDay, asked.note, now(), annotation],
        )
    return _annotation(call, annotation)


@routes("DELETE", "/websites/{website_id}/annotations/{annotation_id}", Nothing)
def delete(call: Call[Nothing]) -> Any:
    """Delete an annotation."""
    annotation = call.id("annotation_id")
    _annotation(call, annotation)
    with call.umami.store.writing() as cursor:
        cursor.execute("DELETE FROM annotation WHERE annotation_id = ?", [annotation])
    return {"ok": True}


def _annotation(call: Call[Any], annotation: UUID) -> dict[str, Any]:
    """The annotation of this id; ``Refusal`` 404 if the website has none such."""
    rows = call.umami.store.records(
        "SELECT * FROM annotation WHERE website_id = ? AND annotation_id = ?",
        [call.id("website_id"), annotation],
    )
    if not rows:
        raise Refusal(404, "Not found")
    return json_row(rows[0], COLUMNS)
