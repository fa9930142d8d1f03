"""Sessions: all of them together, the latest one by one, and what is known of them."""

from __future__ import annotations

from functools import partial

from components import traffic_blocks, view_description
from components.told import sessions as told
from reports.asking import Asking
from reports.chapters import properties
from reports.document import Block, Sentence, Table, Tiles
from umami.endpoints import sessions
from umami.models.paging import Page
from umami.models.sessions import Session, SessionStats
from umami.view import View

LATEST = 20


def ask(page: Asking) -> None:
    """What the page asks; single sessions stay on it."""
    view = page.view
    totals = page.compared(view, sessions.session_stats)
    listed = page.ask(sessions.sessions(view, 1, LATEST))
    week = page.ask(sessions.weekly(view))
    known = page.ask(sessions.session_data_properties(view))
    name = (page.one(told.PROPERTY) or [""])[-1]

    page.section("Figures", _figures, *totals, about=view_description.described(view))
    page.section("The week's rhythm", traffic_blocks.week, week)
    page.section("The latest sessions", partial(_latest, view), listed)
    page.section(
        "Session properties",
        partial(properties.listed, view, "Sessions", told.NO_PROPERTIES),
        known,
    )
    if name:
        values = page.ask(sessions.session_data_values(view, name))
        page.section(f"Values of {name}", partial(properties.values, view, name), values)


def _figures(now: SessionStats, before: SessionStats | None = None) -> list[Block]:
    return [Tiles(told.totals(now, before))]


def _latest(view: View, found: Page[Session]) -> list[Block]:
    if not found.rows:
        return [Sentence(view_description.why_empty(view, told.NO_SESSIONS))]
    frame = told.frame(found.rows, view.period.timezone)
    return [Table("latest sessions", frame, told.fields(found.rows), LATEST)]
