"""Saved segments and cohorts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from umami.embedded.http import Parameters, Routes, Text
from umami.embedded.parameters import Page
from umami.embedded.routes.records import Records

routes = Routes()

Kind = Literal["segment", "cohort"]


class Listed(Page):
    """A page of segments or of cohorts."""

    type: Kind
    search: Text = ""

    @property
    def conditions(self) -> dict[str, Any]:
        """The SQL conditions of the page, with their values."""
        return {"type = ?": self.type}


class Segment(Parameters):
    """A segment to save: its filters, and for a cohort also its dates and its action."""

    type: Kind
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    parameters: dict[str, Any]


SEGMENTS = Records(
    "segment", ("website_id", "type", "name", "parameters", "created_at", "updated_at")
)
SEGMENTS.declare(routes, "/websites/{website_id}/segments", Segment, listed=Listed)
