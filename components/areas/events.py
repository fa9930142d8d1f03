"""Events: what visitors do, and the data that comes with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import pandas as pd

from components import blocks as ui
from components import formats, property_blocks, traffic_blocks
from components.areas import PageInfo, last_value
from components.charts.tiles import Figures
from components.formats import Field
from components.loading import Collector
from components.view_description import described, why_empty
from umami import names
from umami.api import events
from umami.api.events import Event, Kind
from umami.memoize import memoize
from umami.parsing import Page
from umami.view import View

INFO: Final = PageInfo(
    "events",
    "Events",
    "bolt",
    "Behaviour",
    2,
    "Custom events and their data, and the latest activity.",
    ("event_stats", "series", "events", "event_data_properties"),
    ("event_data_values",),
    params=("event", "event_property"),
    page_params=ui.list_param_names("events"),
)
NOTHING: Final = "No views or events in this period. New ones appear as they happen."
NO_PROPERTIES: Final = (
    "No event has data. Send it with an event: umami.track('signup', { plan: 'pro' })."
)
FIGURES: Final[Figures] = (
    ("Events", "times", "Custom events that your pages sent.", "count"),
    ("Visitors", "visitors", "Visitors with at least one event.", "count"),
    ("Visits", "visits", "Visits with at least one event.", "count"),
    ("Different events", "names", "How many event names there are.", "count"),
)
FIELDS: Final = (
    Field("what", "Activity", "text", note="more"),
    Field("kind", "Kind", "text", wide=True),
    Field("from", "Referrer", "text", wide=True),
    Field("at", "Time", "time", unit="hour"),
)
"""The columns of ``event_frame``."""


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """Totals, events over time, a page of the list, and values of the selected property."""
    position = ui.list_position("events", params)
    event, name = (last_value(params, param)[:500] for param in ("event", "event_property"))
    yield ui.Section(
        "Figures",
        partial(ui.figure_tiles, FIGURES),
        [*query.compared(view, events.event_stats)],
        about=described(view),
        framed=False,
    )
    yield ui.Section(
        "Events over time",
        partial(traffic_blocks.events_over_time, view),
        [query.ask(events.series(view))],
        height=280,
    )
    search = ui.SearchBox(position, "Search events and pages")
    yield ui.Card(
        "Activity log",
        [
            ui.Section("Search", lambda: [search], medium="page"),
            ui.Section(
                "The latest views and events",
                partial(_list, view, position),
                [query.ask(events.events(view, position.page, ui.PAGE_SIZE, position.search))],
                height=700,
            ),
        ],
        about="Select a row to see its visitor.",
    )
    yield property_blocks.explorer(
        view,
        "Event properties",
        query.ask(events.event_data_properties(view)),
        query.ask(events.event_data_values(view, event, name)) if event and name else None,
        counted="Count",
        empty=NO_PROPERTIES,
        chosen=(event, name),
        choose=lambda row: ui.SetParams({"event": row.event or "", "event_property": row.name}),
    )


def _list(view: View, position: ui.ListPosition, answer: Page[Event]) -> list[ui.Block]:
    """A page of the list; a click opens the profile of the visitor's session."""
    full = ui.FullList(
        lambda number, size: events.events(view, number, size, position.search),
        partial(event_frame, zone=view.period.timezone),
    )
    return ui.paged_blocks(
        ui.Table(
            "latest views and events",
            full.frame(answer.rows),
            FIELDS,
            "event_list",
            printed=ui.PAGE_SIZE,
            value="session",
            on_choose=lambda session: ui.OpenPage("sessions", {"session": session}),
        ),
        answer,
        position,
        title="views and events",
        empty=why_empty(view, NOTHING),
        full=full,
    )


@memoize
def event_frame(rows: Sequence[Event], zone: str) -> pd.DataFrame:
    """A table of views and events; times are wall-clock times of ``zone``."""
    events = [row.name if row.kind is Kind.CUSTOM else None for row in rows]
    named = list(zip(rows, events, strict=True))
    return pd.DataFrame(
        {
            "session": [row.session for row in rows],
            "what": [event or row.path for row, event in named],
            "more": [f"on {row.path}" if event else row.title for row, event in named],
            "kind": ["Event" if row.kind is Kind.CUSTOM else "View" for row in rows],
            "from": [
                (row.referrer and names.label("referrer", row.referrer)) or "" for row in rows
            ],
            "at": [formats.wall(row.at, zone) for row in rows],
        }
    )
