"""Visitors: totals, the weekly heatmap, the list of sessions, and the profile of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

import pandas as pd

from components import blocks as ui
from components import figure_parts, formats, property_blocks, traffic_blocks, what_changed
from components.areas import PageInfo, last_value
from components.charts.tiles import Figures, figures
from components.formats import Field
from components.loading import Collector, computed_from
from components.property_blocks import TYPES
from components.texts import N_, _, memoize
from components.view_description import activity_name, dates, described, value_name, why_empty
from umami.analysis import activity as analysis
from umami.analysis.activity import Visit
from umami.api import sessions
from umami.api.events import Kind
from umami.api.sessions import Session, SessionProperty, SessionStats, Step
from umami.api.traffic import Stats
from umami.filters import FIELDS
from umami.parsing import Page
from umami.view import View

INFO: Final = PageInfo(
    "sessions",
    N_("Visitors"),
    "group",
    N_("Behaviour"),
    1,
    N_("Every visitor: where they are, when they came and what they did."),
    ("session_stats", "stats", "weekly", "sessions", "session_data_properties"),
    ("session_data_values", "session", "activity", "session_properties"),
    params=("session_property",),
    page_params=(*ui.list_param_names("sessions"), "session"),
)
NO_SESSIONS: Final = N_("No visitors in this period.")
NO_PROPERTIES: Final = N_("Your website identifies no visitors, so they have no properties.")
FIGURES: Final[Figures] = (
    (N_("Visitors"), "visitors", N_("Different visitors; Umami calls them sessions."), "count"),
    (N_("Visits"), "visits", N_("A visit ends after 30 minutes without activity."), "count"),
    (N_("Views and events"), "rows", N_("Page views and custom events together."), "count"),
    (N_("Custom events"), "events", N_("Events that your pages sent by name."), "count"),
    (N_("Countries"), "countries", N_("Different countries."), "count"),
)
SCREEN: Final = N_("Screen")
SHOWN: Final = 15
"""The number of latest visits that are shown individually."""
OPEN: Final = 3
"""The number of visits whose steps are expanded initially."""
FACT_FIELDS: Final = (Field("name", N_("Details"), "text"), Field("value", "", "text"))
STEP_FIELDS: Final = (
    Field("what", N_("Step"), "text", note="more"),
    Field("kind", N_("Kind"), "text", wide=True),
    Field("wait", N_("Since last step"), "seconds"),
    Field("at", N_("Time"), "text"),
)
PROPERTY_FIELDS: Final = (
    Field("name", N_("Property"), "text"),
    Field("value", N_("Value"), "text"),
    Field("type", N_("Type"), "text", wide=True),
)


def session_id(params: ui.Params) -> str | None:
    """The id of the opened session; ``None`` for none or a malformed UUID."""
    try:
        return str(UUID(last_value(params, "session")))
    except ValueError:
        return None


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """The profile of the opened session, else all sessions.

    These are totals, the weekly heatmap, a page of the list, and values of the selected property.
    """
    if session := session_id(params):
        yield from profile(query, view, session)
        return
    if malformed := last_value(params, "session"):
        note = ui.Text(
            _("“{malformed}” is not the id of a visitor.").format(malformed=malformed[:40]), "note"
        )
        yield ui.blocks_section("", note, framed=False)
    position = ui.list_position("sessions", params)
    name = last_value(params, "session_property")[:500]
    yield ui.Section(
        _("Figures"),
        partial(_figures, query, view),
        [*query.compared(view, sessions.session_stats), *figure_parts.ask_totals(query, view)],
        about=described(view),
        framed=False,
    )
    yield ui.Section(
        _("Busiest times"),
        partial(traffic_blocks.week, view),
        [query.ask(sessions.weekly(view))],
        height=306 + ui.CHART_BUTTONS,
    )
    listed = partial(sessions.sessions, view, search=position.search)
    search = ui.SearchBox(position, _("Search by id, city, browser, system or device"))
    yield ui.Card(
        _("Visitors"),
        [
            ui.Section(_("Search"), lambda: [search], medium="page"),
            ui.Section(
                _("The latest visitors"),
                partial(_list, view, position),
                [query.ask(listed(position.page, ui.PAGE_SIZE))],
                height=ui.LIST,
            ),
        ],
    )
    yield property_blocks.explorer(
        view,
        _("Visitor properties"),
        query.ask(sessions.session_data_properties(view)),
        query.ask(sessions.session_data_values(view, name)) if name else None,
        counted=_("Visitors"),
        empty=_(NO_PROPERTIES),
        chosen=("", name),
        choose=lambda row: ui.SetParams({"session_property": row.name}),
    )


def _figures(
    query: Collector,
    view: View,
    now: SessionStats,
    before: SessionStats | None = None,
    *totals: Stats | None,
) -> list[ui.Block]:
    """The tiles. Compare explains events and countries, and the figures that equal those of the
    ``totals``."""
    alike = figure_parts.equal_figures(("visitors", "visits"), (now, before), totals)
    names = [name for _label, name, *_about in FIGURES]
    source = computed_from(query.client, sessions.session_stats(view))
    tiles = ui.Tiles([replace(tile, source=source) for tile in figures(now, before, FIGURES)])

    def why_not(figure: str) -> str:
        if figure == "rows":
            return _("It adds two figures, each of which is explained: views and events.")
        return figure_parts.why_differs(figure in (*alike, "events", "countries"))

    return [what_changed.explaining(tiles, names, why_not)]


def _list(view: View, position: ui.ListPosition, answer: Page[Session]) -> list[ui.Block]:
    """A page of the list; a click opens the profile."""
    full = ui.FullList(
        lambda number, size: sessions.sessions(view, number, size, position.search),
        partial(session_frame, zone=view.period.timezone),
    )
    return ui.paged_blocks(
        ui.Table(
            _("latest visitors"),
            full.frame(answer.rows),
            _fields(answer.rows),
            "session_list",
            printed=ui.PAGE_SIZE,
            value="id",
            on_choose=lambda id: ui.SetParams({"session": id}),
        ),
        answer,
        position,
        title=_("visitors"),
        empty=why_empty(view, _(NO_SESSIONS)),
        full=full,
    )


def _fields(rows: Sequence[Session]) -> list[Field]:
    """The columns of ``session_frame``, without events if the server does not report them."""
    has_events = any(row.events is not None for row in rows)
    return [
        Field("who", _("Visitor"), "text", note="with"),
        Field("last", _("Last seen"), "time", unit="hour"),
        Field("first", _("First seen"), "time", unit="hour", wide=True),
        Field("visits", _("Visits"), wide=True),
        Field("views", _("Views")),
        *([Field("events", _("Events"), wide=True)] if has_events else []),
    ]


@memoize
def session_frame(rows: Sequence[Session], zone: str) -> pd.DataFrame:
    """A table of sessions; times are wall-clock times of ``zone``."""
    return pd.DataFrame(
        {
            "id": [row.id for row in rows],
            "who": [location(row) for row in rows],
            "with": [client(row) for row in rows],
            "first": [formats.wall(row.first, zone) for row in rows],
            "last": [formats.wall(row.last, zone) for row in rows],
            "visits": [row.visits for row in rows],
            "views": [row.views for row in rows],
            "events": [row.events for row in rows],
        }
    )


def profile(query: Collector, view: View, id: str) -> Iterator[ui.Section]:
    """The sections of a session: its identity, its steps in the period, and its properties."""
    zone = view.period.timezone
    session = query.ask(sessions.session(view.website, id))
    steps = query.ask(sessions.activity(view, id))
    properties = query.ask(sessions.session_properties(view.website, id))
    yield ui.Section("", partial(identity, zone), [session], height=420)
    yield ui.Section(_("Activity"), partial(activity, zone), [steps], about=dates(view), height=420)
    yield ui.Section(_("Properties"), partial(_properties, zone), [properties])


def location(session: Session) -> str:
    """The location of a visitor: ``Berlin, Germany``."""
    country = value_name("country", session.country)
    return f"{session.city}, {country}" if session.city else country


def client(session: Session) -> str:
    """The browser and device of a visitor: ``Firefox · macOS · Laptop``."""
    fields = (("browser", session.browser), ("os", session.os), ("device", session.device))
    return " · ".join(value_name(field, value) for field, value in fields if value)


@memoize
def identity(zone: str, session: Session) -> list[ui.Block]:
    """The identity of the session and its totals over all time."""
    time_about = _("From the first to the last step of each visit, added up.")
    facts = {
        _("First seen"): formats.at(session.first, zone),
        _("Last seen"): formats.at(session.last, zone),
        **{
            _(FIELDS.get(field, SCREEN)): value_name(field, getattr(session, field))
            for field in ("country", "region", "city", "language", "screen")
        },
        _("Hostname"): session.hostname,
        _("Distinct id"): session.distinct_id,
    }
    fields = formats.translated(FACT_FIELDS)
    known = [(name, value) for name, value in facts.items() if value]
    frame = pd.DataFrame(known, columns=["name", "value"])
    return [
        ui.Text(location(session), "heading"),
        ui.Text(client(session) or _("Unknown device")),
        *([ui.Text(_stitched(session))] if session.stitched > 1 else []),
        ui.Tiles(
            figures(
                session,
                None,
                [
                    (_("Visits"), "visits", _("Over all time."), "count"),
                    (_("Views"), "views", _("Over all time."), "count"),
                    (_("Custom events"), "events", _("Over all time."), "count"),
                    (_("Time on site"), "seconds", time_about, "seconds"),
                ],
            )
        ),
        ui.Table(_("details of this visitor"), frame, fields, "facts", csv=False),
        ui.Text(_("Session id")),
        ui.Text(session.id, "code"),
    ]


def _stitched(session: Session) -> str:
    """A sentence on which sessions the figures of a stitched session include."""
    cover = _("Umami has combined {stitched} sessions of this visitor").format(
        stitched=session.stitched
    )
    if session.distinct_id is None:
        return _("{cover}. The figures cover all sessions, the activity only this one.").format(
            cover=cover
        )
    return _(
        "{cover} by their distinct id. The figures and the activity cover all sessions."
    ).format(cover=cover)


@memoize
def activity(zone: str, steps: tuple[Step, ...]) -> list[ui.Block]:
    """The steps of the session in the period by visit, with the time between steps."""
    if not steps:
        text = _("No activity in this period. Choose a longer period to see this visitor's visits.")
        return [ui.Text(text, "empty")]
    visits = analysis.visits(steps)
    in_visits = formats.counted("{count} visit", "{count} visits", len(visits))
    text = _("{steps} in {visits}").format(
        steps=formats.counted("{count} step", "{count} steps", len(steps)), visits=in_visits
    )
    if len(steps) >= analysis.MOST_STEPS:
        text = _("The latest {most_steps} steps, in {visits}").format(
            most_steps=analysis.MOST_STEPS, visits=in_visits
        )
    if len(visits) > SHOWN:
        text += _("; the latest {shown} are shown").format(shown=SHOWN)
    frame, fields = _step_frame(visits, zone), formats.translated(STEP_FIELDS)
    return [
        ui.Text(f"{text}."),
        *(_visit(zone, at, visit) for at, visit in enumerate(visits[:SHOWN])),
        ui.Table(_("activity"), frame, fields, "activity", shown=0),
    ]


def _visit(zone: str, at: int, visit: Visit) -> ui.Expander:
    began = formats.at(visit.began, zone)
    many = len(visit.steps)
    frame, title = _step_frame((visit,), zone), _("visit of {began}").format(began=began)
    fields = formats.translated(STEP_FIELDS)
    table = ui.Table(title, frame, fields, f"visit_{at}", shown=many, csv=False)
    steps = formats.counted("{count} step", "{count} steps", many)
    length = f"{steps} · {formats.duration(visit.seconds)}"
    return ui.Expander(f"{began} · {length}", [table], expanded=at < OPEN)


def _step_frame(visits: tuple[Visit, ...], zone: str) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "what": step.name if step.kind is Kind.CUSTOM and step.name else step.path,
                "more": _details(step),
                "kind": activity_name(step.kind),
                "wait": wait,
                "at": _clock(pd.Timestamp(step.at).tz_convert(zone)),
            }
            for visit in visits
            for step, wait in zip(visit.steps, visit.waits, strict=True)
        ]
    )


def _clock(wall: pd.Timestamp) -> str:
    return f"{formats.dated(wall, 'MMMd')}, {formats.dated(wall, 'medium')}"


def _details(step: Step) -> str:
    if step.kind is Kind.CUSTOM and step.name:
        return _("on {path}").format(path=step.path)
    query = f"?{step.query}" if step.query else ""
    referrer = _("from {referrer}").format(referrer=step.referrer) if step.referrer else ""
    return "  ".join(filter(None, (query, referrer)))


@memoize
def _properties(zone: str, properties: tuple[SessionProperty, ...]) -> list[ui.Block]:
    """The properties that ``umami.identify`` stored for the session."""
    if not properties:
        return [
            ui.Text(_("Not identified: your website stored nothing about this visitor."), "empty")
        ]
    rows = [(row.name, _value(row.value, zone), _(TYPES[row.type])) for row in properties]
    frame = pd.DataFrame(rows, columns=["name", "value", "type"])
    return [
        ui.Table(
            _("properties"), frame, formats.translated(PROPERTY_FIELDS), "properties", shown=50
        )
    ]


def _value(value: str | float | datetime | None, zone: str) -> str:
    if isinstance(value, datetime):
        return formats.at(value, zone)
    if isinstance(value, float):
        return formats.number(value)
    return value or formats.ABSENT
