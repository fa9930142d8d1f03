"""Answers that stand in for a question that several generations lack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from umami.dialect import Plan, narrowed_by
from umami.endpoints import sessions, traffic
from umami.filters import Filter
from umami.question import Question, Request
from umami.view import View

ANY_NAME: Final = "_"
"""Contained in every name: to the database it is a wildcard for one character."""
MOST_NAMES: Final = 10_000


def event_stats(view: View, asked: Callable[[Question[Any]], Request]) -> Plan:
    """Totals of custom events before 3.1: session stats of the rows that have an event's name,
    and the names themselves. ``asked`` spells a question."""
    named = view
    if not any(one.field == "event" for one in view.filters):
        named = narrowed_by(view, Filter("event", "c", ANY_NAME))
    totals, names = yield (
        asked(sessions.session_stats(named)),
        asked(traffic.metrics(view, "event", limit=MOST_NAMES)),
    )
    return {
        "data": {
            "events": totals["pageviews"]["value"],
            "visitors": totals["visitors"]["value"],
            "visits": totals["visits"]["value"],
            "uniqueEvents": len(names),
        }
    }
