"""Events: their totals, and a page of their list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from components import formats
from components.charts.tiles import Tile, counts
from components.fields import Field
from umami import names
from umami.memoize import memoize
from umami.models.events import Event, EventTotals, Kind

NOTHING: Final = "Nothing happened in this period. Views and events appear as they happen."
PROPERTY = "event_property"
"""The parameter that names the property whose values are shown."""
NO_PROPERTIES: Final = (
    "No event carries data. Send it along: umami.track('signup', { plan: 'pro' })."
)


def totals(now: EventTotals, before: EventTotals | None = None) -> list[Tile]:
    """How many custom events there were, and by how many."""

    fields = (
        ("Events", "times", "Custom events that your pages sent."),
        ("Visitors", "visitors", "Visitors who did at least one."),
        ("Visits", "visits", "Visits with at least one."),
        ("Different events", "names", "Names of events."),
    )
    return counts(now, before, fields)


FIELDS: Final = (
    Field("what", "What", "text", note="more"),
    Field("kind", "Kind", "text", wide=True),
    Field("from", "Referrer", "text", wide=True),
    Field("at", "Time", "time", unit="hour"),
)
"""The columns of what ``frame`` gives."""


@memoize
def frame(rows: Sequence[Event], zone: str) -> pd.DataFrame:
    """Views and events as rows of a table, times on the wall clock of a zone."""
    return pd.DataFrame(
        [
            {
                "session": one.session,
                "what": one.name if one.kind is Kind.CUSTOM and one.name else one.path,
                "more": f"on {one.path}" if one.kind is Kind.CUSTOM and one.name else one.title,
                "kind": "Event" if one.kind is Kind.CUSTOM else "View",
                "from": names.label("referrer", one.referrer) if one.referrer else "",
                "at": formats.wall(one.at, zone),
            }
            for one in rows
        ],
        columns=["session", "what", "more", "kind", "from", "at"],
    )
