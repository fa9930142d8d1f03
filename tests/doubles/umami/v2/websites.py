"""What 2.x says about websites in its own way."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from umami.embedded.http import Call, Nothing, Routes, Text
from umami.embedded.parameters import MOST_ROWS
from umami.embedded.routes import records, websites

routes = Routes()


class Listed(websites.Listed):
    """``query`` is what 2.15 and older call ``search``."""

    query: Text | None = None
    pageSize: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 10


class Changed(records.Changes):
    """What a website shall be; without ``shareId`` that stays, with null it goes."""

    name: websites.Name
    domain: websites.Domain
    shareId: Annotated[str, Field(pattern=r"^[a-zA-Z0-9]{8,16}$")] | None = None


@routes("GET", "/websites", Listed)
def listed(call: Call[Listed]) -> Any:
    """A page of the websites whose name or domain holds the search text."""
    return websites.page(call)


routes("POST", "/websites/{website_id}", Changed)(websites.WEBSITES.change)


@routes("GET", "/websites/{website_id}/daterange", Nothing)
def daterange(call: Call[Nothing]) -> Any:
    """The times of the first and the last event of any type; null without events."""
    dates = websites.daterange(call)
    return {"mindate": dates["startDate"], "maxdate": dates["endDate"]}
