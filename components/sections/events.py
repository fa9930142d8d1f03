"""Events: totals, the list, the way to whoever did one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from components import address, formats, navigation, paging, panels, parameters, tiles
from components.asking import blank
from components.fields import Field
from components.paging import Place
from components.whole import Whole
from umami import names
from umami.endpoints import events as endpoints
from umami.models.events import Event, EventSeries, EventTotals, Kind
from umami.models.paging import Page
from umami.view import View


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the events is looked at: a page of the list, a property of an event."""

    place: Place
    property: tuple[str, str] | None


def choice() -> Choice:
    """Read the choice off the URL."""
    given = parameters.read("page", "search", "event", "property")
    event, name = ((given[one] or [""])[-1][:500] for one in ("event", "property"))
    return Choice(paging.read(given), (event, name) if event and name else None)


def totals(now: EventTotals, before: EventTotals | None = None) -> None:
    """How many custom events there were, and by how many."""

    def tile(label: str, field: str, about: str) -> tiles.Tile:
        return tiles.counted(
            label, getattr(now, field), getattr(before, field) if before else None, about
        )

    tiles.draw(
        [
            tile("Events", "times", "Custom events that your pages sent."),
            tile("Visitors", "visitors", "Visitors who did at least one."),
            tile("Visits", "visits", "Visits with at least one."),
            tile("Different events", "names", "Names of events."),
        ]
    )


def series(view: View, found: EventSeries) -> None:
    """Events over time, the most frequent ones apart."""
    if found.frame.empty:
        blank(
            address.why_empty(
                "No events in this period. Send one from your pages with umami.track('name')."
            )
        )
    else:
        panels.events(view, found)


def events(view: View, place: Place, found: Page[Event]) -> None:
    """One page of the list; a click opens the profile of who did it."""
    whole = Whole(
        lambda number, size: endpoints.events(view, number, size, place.search),
        lambda rows: frame(rows, view.period.timezone),
    )
    paging.listed(
        whole.frame(found.rows),
        [
            Field("what", "What", "text", note="more"),
            Field("kind", "Kind", "text", wide=True),
            Field("from", "Referrer", "text", wide=True),
            Field("at", "Time", "text"),
        ],
        found,
        place,
        what="views and events",
        key="event_list",
        empty="Nothing happened in this period. Views and events appear as they happen.",
        whole=whole,
        value="session",
        on_choose=lambda session: navigation.go("sessions", session=session),
    )


def frame(rows: Sequence[Event], zone: str) -> pd.DataFrame:
    """Views and events as rows of a table; times are told in ``zone``."""
    return pd.DataFrame(
        [
            {
                "session": one.session,
                "what": one.name if one.kind is Kind.CUSTOM and one.name else one.path,
                "more": f"on {one.path}" if one.kind is Kind.CUSTOM and one.name else one.title,
                "kind": "Event" if one.kind is Kind.CUSTOM else "View",
                "from": names.label("referrer", one.referrer) if one.referrer else "",
                "at": formats.at(one.at, zone),
            }
            for one in rows
        ],
        columns=["session", "what", "more", "kind", "from", "at"],
    )


def choose(event: str, name: str) -> None:
    """Look at the values of a property."""
    parameters.write(event=event, property=name)
