"""Events: what visitors do, and the data that comes with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import pandas as pd

from components import blocks as ui
from components import figure_parts, formats, property_blocks, traffic_blocks, what_changed
from components.areas import PageInfo, last_value
from components.charts.tiles import Figures, figures
from components.formats import Field
from components.loading import Collector
from components.texts import N_, _, memoize
from components.view_description import activity_name, described, value_name, why_empty
from umami.api import events
from umami.api.events import Event, EventTotals, Kind
from umami.parsing import Page
from umami.view import View

INFO: Final = PageInfo(
    "events",
    N_("Events"),
    "bolt",
    N_("Behaviour"),
    2,
    N_("Custom events and their data, and the latest activity."),
    ("event_stats", "series", "events", "event_data_properties", "annotations"),
    ("event_data_values",),
    params=("event", "event_property"),
    page_params=ui.list_param_names("events"),
)
NOTHING: Final = N_("No views or events in this period. New ones appear as they happen.")
NO_PROPERTIES: Final = N_(
    "No event has data. Send it with an event: umami.track('signup', { plan: 'pro' })."
)
FIGURES: Final[Figures] = (
    (N_("Events"), "times", N_("Custom events that your pages sent."), "count"),
    (N_("Visitors"), "visitors", N_("Visitors with at least one event."), "count"),
    (N_("Visits"), "visits", N_("Visits with at least one event."), "count"),
    (N_("Different events"), "names", N_("How many event names there are."), "count"),
)
FIELDS: Final = (
    Field("what", N_("Activity"), "text", note="more"),
    Field("kind", N_("Kind"), "text", wide=True),
    Field("from", N_("Referrer"), "text", wide=True),
    Field("at", N_("Time"), "time", unit="hour"),
)
"""The columns of ``event_frame``."""


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """Totals, events over time, a page of the list, and values of the selected property."""
    position = ui.list_position("events", params)
    event, name = (last_value(params, param)[:500] for param in ("event", "event_property"))
    yield ui.Section(
        _("Figures"),
        partial(_figures, view),
        [*query.compared(view, events.event_stats)],
        about=described(view),
        framed=False,
    )
    yield ui.Section(
        _("Events over time"),
        partial(traffic_blocks.events_over_time, view),
        [query.ask(events.series(view))],
        height=280 + ui.CHART_BUTTONS,
    )
    search = ui.SearchBox(position, _("Search events and pages"))
    yield ui.Card(
        _("Activity log"),
        [
            ui.Section(_("Search"), lambda: [search], medium="page"),
            ui.Section(
                _("The latest views and events"),
                partial(_list, view, position),
                [query.ask(events.events(view, position.page, ui.PAGE_SIZE, position.search))],
                height=ui.LIST,
            ),
        ],
        about=_("Select a row to see its visitor."),
    )
    yield property_blocks.explorer(
        view,
        _("Event properties"),
        query.ask(events.event_data_properties(view)),
        query.ask(events.event_data_values(view, event, name)) if event and name else None,
        counted=_("Count"),
        empty=_(NO_PROPERTIES),
        chosen=(event, name),
        choose=lambda row: ui.SetParams({"event": row.event or "", "event_property": row.name}),
    )


def _figures(view: View, now: EventTotals, before: EventTotals | None = None) -> list[ui.Block]:
    """The tiles; Compare explains them by the names of the events."""
    tiles = ui.Tiles(figures(now, before, FIGURES))
    names = ("events", "event_visitors", "event_visits", "event_names")
    return [what_changed.explaining(tiles, names, partial(figure_parts.why_not, view, None))]


def _list(view: View, position: ui.ListPosition, answer: Page[Event]) -> list[ui.Block]:
    """A page of the list; a click opens the profile of the visitor's session."""
    full = ui.FullList(
        lambda number, size: events.events(view, number, size, position.search),
        partial(event_frame, zone=view.period.timezone),
    )
    return ui.paged_blocks(
        ui.Table(
            _("latest views and events"),
            full.frame(answer.rows),
            formats.translated(FIELDS),
            "event_list",
            printed=ui.PAGE_SIZE,
            value="session",
            on_choose=lambda session: ui.OpenPage("sessions", {"session": session}),
        ),
        answer,
        position,
        title=_("views and events"),
        empty=why_empty(view, _(NOTHING)),
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
            "more": [
                _("on {path}").format(path=row.path) if event else row.title for row, event in named
            ],
            "kind": [activity_name(row.kind) for row in rows],
            "from": [(row.referrer and value_name("referrer", row.referrer)) or "" for row in rows],
            "at": [formats.wall(row.at, zone) for row in rows],
        }
    )
