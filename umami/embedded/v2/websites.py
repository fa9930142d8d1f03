"""What 2.x says about websites in its own way."""

from __future__ import annotations

from typing import Any

from umami.embedded.http import Call, Nothing, Routes, instant
from umami.embedded.queries.websites import recorded

routes = Routes()


@routes("GET", "/websites/{website_id}/daterange", Nothing)
def daterange(call: Call[Nothing]) -> Any:
    """The times of the first and the last event of any type; null without events."""
    first, last = recorded(call.umami.store, call.id("website_id"))
    return {"mindate": instant(first), "maxdate": instant(last)}
