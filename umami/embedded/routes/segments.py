"""Saved segments and cohorts."""

from __future__ import annotations

import json
import uuid
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from umami.embedded.http import Call, Nothing, Parameters, Routes, Text, now, to_iso
from umami.embedded.parameters import MOST_ROWS
from umami.embedded.refusals import Refusal

routes = Routes()

Kind = Literal["segment", "cohort"]
COLUMNS = "segment_id, website_id, type, name, parameters, created_at, updated_at"


class Listed(Parameters):
    """Which of them, a page at a time."""

    type: Kind
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    pageSize: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 20
    search: Text = ""


class Given(Parameters):
    """A segment to save: filters; of a cohort also its dates and what was done in them."""

    type: Kind
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    parameters: dict[str, Any]


@routes("GET", "/websites/{website_id}/segments", Listed)
def listed(call: Call[Listed]) -> Any:
    """A page of a website's segments or cohorts, by name."""
    asked = call.params
    rows = call.umami.store.records(
        "SELECT * FROM segment WHERE website_id = ? AND type = ? AND contains(lower(name), ?) "
        "ORDER BY name, segment_id",
        [call.id("website_id"), asked.type, asked.search.lower()],
    )
    first = (asked.page - 1) * asked.pageSize
    return {
        "data": [_spelled(row) for row in rows[first : first + asked.pageSize]],
        "count": len(rows),
        "page": asked.page,
        "pageSize": asked.pageSize,
    }


@routes("POST", "/websites/{website_id}/segments", Given)
def create(call: Call[Given]) -> Any:
    """Saves a segment."""
    return _save(call, uuid.uuid4())


@routes("GET", "/websites/{website_id}/segments/{segment_id}", Nothing)
def read(call: Call[Nothing]) -> Any:
    """One segment."""
    return _spelled(_found(call))


@routes("POST", "/websites/{website_id}/segments/{segment_id}", Given)
def change(call: Call[Given]) -> Any:
    """Saves a segment again."""
    return _save(call, _found(call)["segment_id"])


@routes("DELETE", "/websites/{website_id}/segments/{segment_id}", Nothing)
def delete(call: Call[Nothing]) -> Any:
    """Deletes a segment."""
    segment = _found(call)["segment_id"]
    with call.umami.store.writing() as cursor:
        cursor.execute("DELETE FROM segment WHERE segment_id = ?", [segment])
    return {"ok": True}


def _found(call: Call[Any]) -> dict[str, Any]:
    rows = call.umami.store.records(
        f"SELECT {COLUMNS} FROM segment WHERE website_id = ? AND segment_id = ?",
        [call.id("website_id"), call.id("segment_id")],
    )
    if not rows:
        raise Refusal(404, "Not found")
    return rows[0]


def _save(call: Call[Given], segment: UUID) -> Any:
    asked, present, store = call.params, now(), call.umami.store
    known = store.row("SELECT created_at FROM segment WHERE segment_id = ?", [segment])
    row = [
        segment,
        call.id("website_id"),
        asked.type,
        asked.name,
        json.dumps(asked.parameters),
        known[0] if known else present,
        present,
    ]
    with store.writing() as cursor:
        cursor.execute("DELETE FROM segment WHERE segment_id = ?", [segment])
        cursor.execute(f"INSERT INTO segment ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    return _spelled(dict(zip(COLUMNS.split(", "), row, strict=True)))


def _spelled(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(row["segment_id"]),
        "websiteId": str(row["website_id"]),
        "type": row["type"],
        "name": row["name"],
        "parameters": json.loads(row["parameters"]),
        "createdAt": to_iso(row["created_at"]),
        "updatedAt": to_iso(row["updated_at"]),
    }
