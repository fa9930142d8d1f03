"""Saved segments and cohorts."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field

from umami.embedded.http import Call, Parameters, Routes, Text
from umami.embedded.parameters import Page, json_row
from umami.embedded.routes import records

routes = Routes()

PATH = "/websites/{website_id}/segments"
COLUMNS = {
    "id": "segment_id",
    **records.camel_case("website_id", "type", "name", "parameters", "created_at", "updated_at"),
}
Kind = Literal["segment", "cohort"]


class Listed(Page):
    """A page of segments or cohorts whose name contains a text."""

    type: Kind
    search: Text = ""


class Segment(Parameters):
    """A segment to save: its filters, and for a cohort also its dates and its action."""

    type: Kind
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    parameters: dict[str, Any]


@routes("GET", PATH, Listed)
def segments(call: Call[Listed]) -> Any:
    """Return a page of a website's segments or cohorts, by name."""
    params = call.params
    rows = call.umami.store.records(
        "SELECT * FROM segment WHERE website_id = ? AND type = ? AND contains(lower(name), ?) "
        "ORDER BY name, segment_id",
        [call.id("website_id"), params.type, params.search.lower()],
    )
    page = rows[params.skipped : params.skipped + params.pageSize]
    return params.response([_json(row) for row in page], len(rows))


def _columns(params: Segment) -> dict[str, Any]:
    return {**params.model_dump(), "parameters": json.dumps(params.parameters)}


def _json(row: dict[str, Any]) -> dict[str, Any]:
    return {**json_row(row, COLUMNS), "parameters": json.loads(row["parameters"])}


records.declare(routes, PATH, "segment", Segment, _columns, _json)
