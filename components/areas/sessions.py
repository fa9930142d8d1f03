"""Sessions: totals, the weekly heatmap, the list of sessions, and the profile of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final
from uuid import UUID

import pandas as pd

from components import blocks, formats, property_blocks, session_profile, traffic_blocks
from components.areas import DECLARED, last_value
from components.blocks import (
    Block,
    Card,
    FullList,
    Item,
    ListPosition,
    Params,
    SearchBox,
    Section,
    SetParams,
    Table,
    Text,
    blocks_section,
)
from components.charts.tiles import Figures
from components.formats import Field
from components.loading import Collector
from components.view_description import described, why_empty
from umami.api import sessions
from umami.api.records import Page
from umami.api.sessions import Session
from umami.memoize import memoize
from umami.view import View

INFO: Final = DECLARED["sessions"]
NO_SESSIONS: Final = "No sessions in this period."
NO_PROPERTIES: Final = "No session has properties. Set them with umami.identify({ … })."
FIGURES: Final[Figures] = (
    ("Visitors", "visitors", "Different visitors; Umami calls them sessions.", "count"),
    ("Visits", "visits", "A visit ends after 30 minutes without activity.", "count"),
    ("Views and events", "rows", "Page views and custom events together.", "count"),
    ("Custom events", "events", "Events that your pages sent by name.", "count"),
    ("Countries", "countries", "Different countries.", "count"),
)


def session_id(params: Params) -> str | None:
    """The id of the opened session; ``None`` for none or a malformed UUID."""
    try:
        return str(UUID(last_value(params, "session")))
    except ValueError:
        return None


def ask(query: Collector, view: View, params: Params) -> Iterator[Item]:
    """The profile of the opened session, else all sessions.

    These are totals, the weekly heatmap, a page of the list, and values of the selected property.
    """
    if session := session_id(params):
        yield from session_profile.profile(query, view, session)
        return
    if malformed := last_value(params, "session"):
        note = Text(f"“{malformed[:40]}” is not the id of a session.", "note")
        yield blocks_section("", note, framed=False)
    position = blocks.list_position("sessions", params)
    name = last_value(params, "session_property")[:500]
    yield Section(
        "Figures",
        partial(blocks.figure_tiles, FIGURES),
        [*query.compared(view, sessions.session_stats)],
        about=described(view),
        framed=False,
    )
    yield Section(
        "The week's rhythm", traffic_blocks.week, [query.ask(sessions.weekly(view))], height=300
    )
    listed = partial(sessions.sessions, view, search=position.search)
    search = SearchBox(position, "Search by id, city, browser, system or device")
    yield Card(
        "Every session",
        [
            Section("Search", lambda: [search], medium="page"),
            Section(
                "The latest sessions",
                partial(_list, view, position),
                [query.ask(listed(position.page, blocks.PAGE_SIZE))],
                height=700,
            ),
        ],
    )
    yield property_blocks.explorer(
        view,
        "Session properties",
        query.ask(sessions.session_data_properties(view)),
        query.ask(sessions.session_data_values(view, name)) if name else None,
        counted="Sessions",
        empty=NO_PROPERTIES,
        chosen=("", name),
        choose=lambda row: SetParams({"session_property": row.name}),
    )


def _list(view: View, position: ListPosition, answer: Page[Session]) -> list[Block]:
    """A page of the list; a click opens the profile."""
    full = FullList(
        lambda number, size: sessions.sessions(view, number, size, position.search),
        partial(session_frame, zone=view.period.timezone),
    )
    return blocks.paged_blocks(
        Table(
            "latest sessions",
            full.frame(answer.rows),
            _fields(answer.rows),
            "session_list",
            printed=blocks.PAGE_SIZE,
            value="id",
            on_choose=lambda id: SetParams({"session": id}),
        ),
        answer,
        position,
        title="sessions",
        empty=why_empty(view, NO_SESSIONS),
        full=full,
    )


def _fields(rows: Sequence[Session]) -> list[Field]:
    """The columns of ``session_frame``, without events if the server does not report them."""
    has_events = any(row.events is not None for row in rows)
    return [
        Field("who", "Visitor", "text", note="with"),
        Field("last", "Last seen", "time", unit="hour"),
        Field("first", "First seen", "time", unit="hour", wide=True),
        Field("visits", "Visits", wide=True),
        Field("views", "Views"),
        *([Field("events", "Events", wide=True)] if has_events else []),
    ]


@memoize
def session_frame(rows: Sequence[Session], zone: str) -> pd.DataFrame:
    """A table of sessions; times are wall-clock times of ``zone``."""
    return pd.DataFrame(
        {
            "id": [row.id for row in rows],
            "who": [session_profile.location(row) for row in rows],
            "with": [session_profile.client(row) for row in rows],
            "first": [formats.wall(row.first, zone) for row in rows],
            "last": [formats.wall(row.last, zone) for row in rows],
            "visits": [row.visits for row in rows],
            "views": [row.views for row in rows],
            "events": [row.events for row in rows],
        }
    )
