"""Sessions: their totals, and a page of their list."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from components import formats
from components.charts.tiles import Tile, counts
from components.fields import Field
from umami import names
from umami.memoize import memoize
from umami.models.sessions import Session, SessionStats

NO_SESSIONS = "No sessions in this period: nobody visited the website."
PROPERTY = "session_property"
"""The parameter that names the property whose values are shown."""
NO_PROPERTIES = "No session has properties. Tell who visitors are with umami.identify({ … })."


def totals(now: SessionStats, before: SessionStats | None = None) -> list[Tile]:
    """The sums over all sessions of the View."""

    fields = (
        ("Visitors", "visitors", "Different visitors; Umami calls them sessions."),
        ("Visits", "visits", "Stays on the website; 30 minutes of silence end one."),
        ("Views and events", "rows", "Pages looked at and custom events together."),
        ("Custom events", "events", "Events that your pages sent by name."),
        ("Countries", "countries", "Different countries."),
    )
    return counts(now, before, fields)


def fields(rows: Sequence[Session]) -> list[Field]:
    """The columns of what ``frame`` gives: without events where no row tells any."""
    told = any(one.events is not None for one in rows)
    return [
        Field("who", "Visitor", "text", note="with"),
        Field("last", "Last seen", "time", unit="hour"),
        Field("first", "First seen", "time", unit="hour", wide=True),
        Field("visits", "Visits", wide=True),
        Field("views", "Views"),
        *([Field("events", "Events", wide=True)] if told else []),
    ]


@memoize
def frame(rows: Sequence[Session], zone: str) -> pd.DataFrame:
    """Sessions as rows of a table, times on the wall clock of a zone."""
    return pd.DataFrame(
        [
            {
                "id": one.id,
                "who": where(one),
                "with": by_what(one),
                "first": formats.wall(one.first, zone),
                "last": formats.wall(one.last, zone),
                "visits": one.visits,
                "views": one.views,
                "events": one.events,
            }
            for one in rows
        ],
        columns=["id", "who", "with", "first", "last", "visits", "views", "events"],
    )


def where(one: Session) -> str:
    """Where a visitor is: ``Berlin, Germany``."""
    country = names.label("country", one.country)
    return f"{one.city}, {country}" if one.city else country


def by_what(one: Session) -> str:
    """What a visitor uses: ``Firefox · macOS · Laptop``."""
    told = (("browser", one.browser), ("os", one.os), ("device", one.device))
    return " · ".join(names.label(field, value) for field, value in told if value)
