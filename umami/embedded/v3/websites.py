"""What 3.x says about websites in its own way."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from umami.embedded.http import Call, Nothing, Parameters, Routes, Text, instant
from umami.embedded.parameters import MOST_ROWS
from umami.embedded.queries.websites import recorded
from umami.embedded.routes import websites

routes = Routes()

PAGE = 20


class Listed(websites.Listed):
    """``includeTeams`` adds the websites of teams; here nobody has a team."""

    pageSize: Annotated[int, Field(ge=1, le=MOST_ROWS)] = PAGE
    includeTeams: Text | None = None


class Changed(Parameters):
    """What of a website shall be otherwise; a share id of null closes the public link."""

    name: websites.Name = ""
    domain: websites.Domain = ""
    shareId: Annotated[str, Field(pattern=r"^[\w.-]{1,50}$")] | None = None


@routes("GET", "/websites", Listed)
def listed(call: Call[Listed]) -> Any:
    """A page of the websites whose name or domain holds the search text."""
    return websites.page(call)


@routes("POST", "/websites/{website_id}", Changed)
def change(call: Call[Changed]) -> Any:
    """Changes what is said, and leaves the rest."""
    return websites.changed(call)


@routes("GET", "/websites/{website_id}/daterange", Nothing)
def daterange(call: Call[Nothing]) -> Any:
    """The times of the first and the last event of any type; null without events."""
    first, last = recorded(call.umami.store, call.id("website_id"))
    return {"startDate": instant(first), "endDate": instant(last)}
