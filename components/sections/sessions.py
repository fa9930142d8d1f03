"""Sessions: totals, the list, and the way to one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import pandas as pd

from components import formats, paging, parameters, tiles
from components.asking import aside
from components.fields import Field
from components.paging import Place
from components.whole import Whole
from umami import names
from umami.endpoints import sessions as endpoints
from umami.models.paging import Page
from umami.models.sessions import Session, SessionStats
from umami.view import View


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the sessions is looked at."""

    place: Place
    session: str | None
    property: str | None


def choice() -> Choice:
    """Read the choice off the URL; what cannot be is said."""
    given = parameters.read("page", "search", "session", "property")
    session = (given["session"] or [""])[-1]
    try:
        session = str(UUID(session)) if session else ""
    except ValueError:
        aside(f"“{session[:40]}” is not the id of a session.")
        session = ""
    return Choice(
        paging.read(given), session or None, (given["property"] or [""])[-1][:500] or None
    )


def totals(now: SessionStats, before: SessionStats | None = None) -> None:
    """The sums over all sessions of the View."""

    def tile(label: str, field: str, about: str) -> tiles.Tile:
        return tiles.counted(
            label, getattr(now, field), getattr(before, field) if before else None, about
        )

    tiles.draw(
        [
            tile("Visitors", "visitors", "Different visitors; Umami calls them sessions."),
            tile("Visits", "visits", "Stays on the website; 30 minutes of silence end one."),
            tile("Views and events", "rows", "Pages looked at and custom events together."),
            tile("Custom events", "events", "Events that your pages sent by name."),
            tile("Countries", "countries", "Different countries."),
        ]
    )


def sessions(view: View, place: Place, found: Page[Session]) -> None:
    """One page of the list; a click opens the profile."""
    told = any(one.events is not None for one in found.rows)
    fields = [
        Field("who", "Visitor", "text", note="with"),
        Field("last", "Last seen", "text"),
        Field("first", "First seen", "text", wide=True),
        Field("visits", "Visits", wide=True),
        Field("views", "Views"),
        *([Field("events", "Events", wide=True)] if told else []),
    ]
    whole = Whole(
        lambda number, size: endpoints.sessions(view, number, size, place.search),
        lambda rows: frame(rows, view.period.timezone),
    )
    paging.listed(
        whole.frame(found.rows),
        fields,
        found,
        place,
        what="sessions",
        key="session_list",
        empty="No sessions in this period. They appear with the first visits.",
        whole=whole,
        value="id",
        on_choose=lambda id: parameters.write(session=id),
    )


def frame(rows: Sequence[Session], zone: str) -> pd.DataFrame:
    """Sessions as rows of a table; times are told in ``zone``."""
    return pd.DataFrame(
        [
            {
                "id": one.id,
                "who": where(one),
                "with": by_what(one),
                "first": formats.at(one.first, zone),
                "last": formats.at(one.last, zone),
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


def choose(_event: str, name: str) -> None:
    """Look at the values of a property."""
    parameters.write(property=name)
