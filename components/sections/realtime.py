"""Realtime: asked again every ten seconds, drawn where it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import pandas as pd
import streamlit as st

from components import authorized, elements, metrics, page_context, runtime
from components.charts import lines as drawn
from components.elements import show_empty, show_error
from components.escaping import plain
from components.formats import Field
from components.render import answers
from components.table import columns_of, draw_rows, draw_table, rows_of
from umami import names
from umami.analysis import realtime as analysis
from umami.endpoints import realtime, traffic
from umami.errors import UmamiError
from umami.models.realtime import Happening, Realtime
from umami.models.traffic import Active
from umami.view import View

EVERY: Final = 10
"""Seconds from one look to the next."""
_LAST: Final = "what was seen last"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a viewer has seen of a website: the latest answers, and a log that grows.

    What the server has never told is ``None``.
    """

    website: str
    at: datetime
    now: Realtime | None = None
    active: Active | None = None
    log: tuple[Happening, ...] = ()


def paused() -> bool:
    """Whether the viewer has stopped the page; draws the control."""
    return st.toggle("Pause", key="paused", bind="query-params", help="Keep what is shown")


def page(view: View, own: str, *, still: bool) -> None:
    """All of the page. It runs by itself every ten seconds, or not at all while ``still``.

    ``own`` is the website's domain: it is no referrer of itself.
    """
    draw = authorized.fragment(run_every=None if still else EVERY)(_look)
    draw(view, own, still=still)


@metrics.part("realtime")
@runtime.RENDER_LOCK.taken()
def _look(view: View, own: str, *, still: bool) -> None:
    seen, problem = _seen(view, still=still)
    _said(view, seen, problem, still=still)
    _figures(view, seen)
    if seen.now is None:
        if problem:
            show_error(problem)
        return
    with elements.card("Views and visitors a minute"):
        frame = analysis.minutes(seen.now, view.period.timezone)
        st.echarts_chart(
            drawn.minutes_spec(drawn.minutes(frame), elements.mode()),
            height=230,
            key="minutes",
            renderer="svg",
            alt="Views and visitors in each of the last 30 minutes",
        )
    bare = names.referrer(own)
    foreign = {
        name: count for name, count in seen.now.referrers.items() if names.referrer(name) != bare
    }
    left, right = st.columns([3, 2])
    with left, elements.card("What happens"):
        _log(view, seen.log)
    with right:
        for title, field, counts in (
            ("Pages", "path", seen.now.paths),
            ("Referrers", "referrer", foreign),
            ("Countries", "country", seen.now.countries),
        ):
            with elements.card(title):
                _ranked(title, field, counts)


def _seen(view: View, *, still: bool) -> tuple[Seen, UmamiError | None]:
    """What is to be shown: what the server says now, and what was seen last where it fails."""
    last: Seen | None = authorized.data().get(_LAST)
    if last is None or last.website != view.website:
        last = Seen(view.website, datetime.now(UTC))
    elif still:
        return last, None
    now, active = answers(
        page_context.client(),
        realtime.realtime(view.website, view.period.timezone),
        traffic.active(view.website),
    )
    seen, problem = last, None
    try:
        seen = replace(seen, active=active.result(), at=active.answered_at or seen.at)
    except UmamiError as failed:
        problem = failed
    try:
        found: Realtime = now.result()
        log = analysis.longer(last.log, found.log)
        seen = replace(seen, now=found, log=log, at=now.answered_at or seen.at)
    except UmamiError as failed:
        problem = failed
    if problem:
        seen = replace(seen, at=last.at)
    authorized.data()[_LAST] = seen
    return seen, problem


def _said(view: View, seen: Seen, problem: UmamiError | None, *, still: bool) -> None:
    at = f"{pd.Timestamp(seen.at).tz_convert(view.period.timezone):%H:%M:%S}"
    said = f"The last 30 minutes, as of {at}."
    if still:
        said += " Paused: nothing is asked until you go on."
    elif problem:
        said = f":material/cloud_off: {plain(str(problem))} {plain(problem.remedy)} "
        said += f"What is shown is as of {at}; it is asked again by itself."
    if view.is_filtered:
        said += " Filters do not narrow this page."
    st.caption(said)


def _figures(view: View, seen: Seen) -> None:
    now, active = seen.now, seen.active
    busiest = analysis.minutes(now, view.period.timezone)["views"].max() if now else None
    elements.draw_tiles(
        [
            elements.counted(
                "Online now",
                active.visitors if active else None,
                None,
                "Visitors seen in the last five minutes.",
            ),
            elements.counted("Views", now.views if now else None, None, "In the last 30 minutes."),
            elements.counted("Busiest minute", busiest, None, "Views in the busiest minute."),
            elements.counted(
                "Countries",
                len(now.countries) if now else None,
                None,
                "Among the latest hundred views and events.",
            ),
        ]
    )


def _log(view: View, log: tuple[Happening, ...]) -> None:
    if not log:
        show_empty("Nobody is here right now. Views, events and new visitors appear as they come.")
        return
    frame = pd.DataFrame(
        [
            {
                "what": _what(one),
                "more": _more(one),
                "where": names.label("country", one.country),
                "with": " · ".join(
                    names.label(field, value)
                    for field, value in (("browser", one.browser), ("device", one.device))
                    if value
                ),
                "at": f"{pd.Timestamp(one.at).tz_convert(view.period.timezone):%H:%M:%S}",
            }
            for one in log
        ]
    )
    fields = [
        Field("what", "What", "text", note="more"),
        Field("where", "Country", "text"),
        Field("with", "With", "text", wide=True),
        Field("at", "Time", "text"),
    ]
    draw_rows(
        columns_of(fields), rows_of(frame, fields), label="What happens", key="log", height=560
    )


def _what(one: Happening) -> str:
    if one.kind == "session":
        return "New visitor"
    return one.event or one.path or "Event" if one.kind == "event" else one.path or "/"


def _more(one: Happening) -> str:
    if one.kind == "event":
        return f"event on {one.path}" if one.path else "event"
    return f"from {names.label('referrer', one.referrer)}" if one.referrer else ""


def _ranked(title: str, field: str, counts: dict[str, int]) -> None:
    frame = analysis.ranked({name: count for name, count in counts.items() if name})
    if frame.empty:
        show_empty(f"No {title.lower()} in the last half hour.")
        return
    frame.insert(0, "label", [names.label(field, name) for name in frame["name"]])
    measure = "Visitors" if field == "country" else "Times"
    draw_table(
        frame,
        [
            Field("label", title, "text"),
            Field("count", measure, bar=True),
            Field("share", f"% of {measure.lower()} listed", "percent", wide=True),
        ],
        what=title.lower(),
        key=f"live_{field}",
        shown=6,
    )
