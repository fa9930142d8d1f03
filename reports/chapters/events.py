"""Events."""

from __future__ import annotations

from functools import partial

from components import view_description
from components.told import events as told
from components.traffic_blocks import events_over_time
from reports.asking import Asking
from reports.chapters import properties
from reports.document import Block, Sentence, Table, Tiles
from umami.endpoints import events
from umami.models.events import Event, EventTotals
from umami.models.paging import Page
from umami.view import View

LATEST = 20


def ask(page: Asking) -> None:
    """What the page asks, and the values of the property that its parameters name."""
    view = page.view
    totals = page.compared(view, events.event_stats)
    series = page.ask(events.series(view))
    listed = page.ask(events.events(view, 1, LATEST))
    known = page.ask(events.event_data_properties(view))
    event, name = ((page.one(one) or [""])[-1] for one in ("event", told.PROPERTY))

    page.section("Figures", _figures, *totals, about=view_description.described(view))
    page.section("Events over time", partial(events_over_time, view), series)
    page.section("The latest views and events", partial(_latest, view), listed)
    page.section(
        "Event properties",
        partial(properties.listed, view, "Times", told.NO_PROPERTIES),
        known,
    )
    if event and name:
        values = page.ask(events.event_data_values(view, event, name))
        page.section(f"Values of {name}", partial(properties.values, view, name), values)


def _figures(now: EventTotals, before: EventTotals | None = None) -> list[Block]:
    return [Tiles(told.totals(now, before))]


def _latest(view: View, found: Page[Event]) -> list[Block]:
    if not found.rows:
        return [Sentence(view_description.why_empty(view, told.NOTHING))]
    frame = told.frame(found.rows, view.period.timezone)
    return [Table("latest views and events", frame, told.FIELDS, LATEST)]
