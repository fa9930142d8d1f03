"""One session: who it is, what it did, what is known of it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import pandas as pd
import streamlit as st

from components import authorized, formats, parameters, tiles
from components.escaping import plain
from components.fields import Field
from components.notices import show_empty
from components.table import (
    Cell,
    Column,
    Row,
    columns_of,
    csv_button,
    draw_rows,
    draw_table,
    rows_of,
)
from components.told.properties import TYPES
from components.told.sessions import by_what, where
from umami import names
from umami.analysis import activity as analysis
from umami.analysis.activity import Visit
from umami.models.events import Kind
from umami.models.sessions import Session, SessionProperty, Step
from umami.view import View

SHOWN: Final = 15
"""Visits shown one by one, the latest."""


def back() -> None:
    """The way back to the list."""
    st.button(
        "All sessions",
        key="all_sessions",
        icon=":material/arrow_back:",
        on_click=authorized.callback(parameters.write),
        kwargs={"session": ""},
    )


def who(view: View, one: Session) -> None:
    """Who it is, and totals over its whole life."""
    zone = view.period.timezone
    st.subheader(plain(where(one)), anchor=False)
    st.caption(plain(by_what(one) or "Nothing is known of the device."))
    if one.stitched > 1:
        st.caption(_stitched(one))
    tiles.draw(
        [
            tiles.counted("Visits", one.visits, None, "Over its whole life."),
            tiles.counted("Views", one.views, None, "Over its whole life."),
            tiles.counted("Custom events", one.events, None, "Over its whole life."),
            tiles.counted(
                "Time on site",
                one.seconds,
                None,
                "From first to last step of each visit, together.",
                kind="seconds",
            ),
        ]
    )
    facts = {
        "First seen": formats.at(one.first, zone),
        "Last seen": formats.at(one.last, zone),
        "Country": names.label("country", one.country),
        "Region": names.label("region", one.region),
        "City": names.label("city", one.city),
        "Language": names.label("language", one.language),
        "Screen": names.label("screen", one.screen),
        "Hostname": one.hostname,
        "Distinct id": one.distinct_id,
        "Session": one.id,
    }
    draw_rows(
        [Column("What is known"), Column("")],
        [Row((Cell(name), Cell(value))) for name, value in facts.items() if value],
        label="What is known of this visitor",
        key="facts",
    )


def _stitched(session: Session) -> str:
    """Says which sessions the figures of a stitched session cover."""
    cover = f"Umami has stitched {session.stitched} sessions of this visitor together"
    if session.distinct_id is None:
        return f"{cover}. The figures cover all of them, the activity only this one."
    return f"{cover} by their distinct id. The figures and the activity cover all of them."


def activity(view: View, steps: tuple[Step, ...]) -> None:
    """What it did in the period, visit by visit, with the time between steps."""
    if not steps:
        show_empty("Nothing in this period. Choose a longer one to see what this visitor did.")
        return
    visits = analysis.visits(steps)
    said = f"{formats.whole(len(steps))} steps in {formats.whole(len(visits))} visits"
    if len(steps) >= analysis.LONGEST_LIST:
        said = f"The latest {analysis.LONGEST_LIST} steps, in {formats.whole(len(visits))} visits"
    if len(visits) > SHOWN:
        said += f"; the latest {SHOWN} are shown"
    st.caption(f"{said}.")
    for at, visit in enumerate(visits[:SHOWN]):
        _visit(view, at, visit)
    csv_button(_rows(visits, view.period.timezone), _FIELDS, what="activity", key="activity")


_FIELDS: Final = [
    Field("what", "Step", "text", note="more"),
    Field("kind", "Kind", "text", wide=True),
    Field("wait", "After", "seconds"),
    Field("at", "Time", "text"),
]


def _visit(view: View, at: int, visit: Visit) -> None:
    began = formats.at(visit.began, view.period.timezone)
    many = len(visit.steps)
    with st.expander(
        f"{began} · {many} step{'s' if many > 1 else ''} · {formats.duration(visit.seconds)}",
        expanded=at < 3,
    ):
        draw_rows(
            columns_of(_FIELDS),
            rows_of(_rows((visit,), view.period.timezone), _FIELDS),
            label=f"Visit of {began}",
            key=f"visit_{at}",
        )


def _rows(visits: tuple[Visit, ...], zone: str) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "what": step.name if step.kind is Kind.CUSTOM and step.name else step.path,
                "more": _more(step),
                "kind": "Event" if step.kind is Kind.CUSTOM else "View",
                "wait": wait,
                "at": f"{pd.Timestamp(step.at).tz_convert(zone):%-d %b, %H:%M:%S}",
            }
            for visit in visits
            for step, wait in zip(visit.steps, visit.waits, strict=True)
        ]
    )


def _more(step: Step) -> str:
    if step.kind is Kind.CUSTOM and step.name:
        return f"on {step.path}"
    told = [
        f"?{step.query}" if step.query else "",
        f"from {step.referrer}" if step.referrer else "",
    ]
    return "  ".join(one for one in told if one)


def properties(view: View, found: tuple[SessionProperty, ...]) -> None:
    """What identify told of it."""
    if not found:
        show_empty("None. Tell who a visitor is with umami.identify({ … }), and it is listed here.")
        return
    frame = pd.DataFrame(
        {
            "name": [one.name for one in found],
            "value": [_said(one.value, view.period.timezone) for one in found],
            "type": [TYPES[one.type] for one in found],
        }
    )
    draw_table(
        frame,
        [
            Field("name", "Property", "text"),
            Field("value", "Value", "text"),
            Field("type", "Type", "text", wide=True),
        ],
        what="properties",
        key="properties",
        shown=50,
    )


def _said(value: str | float | datetime | None, zone: str) -> str:
    if isinstance(value, datetime):
        return formats.at(value, zone)
    if isinstance(value, float):
        return formats.number(value)
    return value or formats.ABSENT
