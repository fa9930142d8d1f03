"""Statistics of a website's traffic: active, stats, pageviews, metrics, values, events/series."""

from __future__ import annotations

from typing import Any
from umami.embedded.http import Call, Range, Routes, Text
from umami.embedded.queries.totals import totals
from umami.embedded.scope import Filter, Scope

routes = Routes()


class Filtered(Range):
    """A range and the filters of 2.x: a value, or ``!value``, ``~value``, ``!~value``."""

    url: Text | None = None
    country: Text | None = None


@routes("GET", "/websites/{website_id}/stats", Filtered)
def stats(call: Call[Filtered]) -> Any:
    """Totals of the range and of the one before."""
    scope = Scope(call.id("website_id"), call.asked.start, call.asked.end)
    return totals(call.umami.store, scope).views
