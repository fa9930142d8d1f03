"""Compare: what grew, fell, appeared and vanished between two periods."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import streamlit as st

from components import address, formats, panels, parameters, rankings
from components.asking import blank
from components.fields import Field
from components.figures import deltas as drawn
from components.listing import listing
from umami import names
from umami.analysis.movers import Move, Movers, movers
from umami.endpoints import traffic
from umami.endpoints.traffic import Metric
from umami.models.traffic import Ranking
from umami.question import Question
from umami.view import View

LIMIT: Final = 500
TABLES: Final = {
    one.field: one
    for one in (
        *rankings.PAGES,
        *rankings.SOURCES,
        *rankings.PLACES,
        *rankings.ENVIRONMENT,
        *rankings.EVENTS,
        rankings.Table("hostname", "Hostnames", "hostnames"),
        rankings.Table("tag", "Tags", "tags"),
    )
}
MOVE_NAMES: Final[dict[Move, tuple[str, str]]] = {
    "grew": ("Grew", "Nothing grew."),
    "fell": ("Fell", "Nothing fell."),
    "appeared": ("Appeared", "Nothing is new."),
    "vanished": ("Vanished", "Nothing is gone."),
}


def field() -> Metric:
    """What is compared; draws the control."""
    asked = parameters.read("by")["by"]
    chosen: Metric = next((one for one in TABLES if [one] == asked), "path")
    options: dict[Metric, str] = {one.field: _title(one) for one in TABLES.values()}
    parameters.choice(
        "Compare by",
        options,
        chosen,
        key="pick_by",
        icon=":material/category:",
        width=220,
        write=lambda one: parameters.write(by=one),
    )
    return chosen


def _title(table: rankings.Table) -> str:
    return table.many[0].upper() + table.many[1:]


def ranking(by: Metric) -> Callable[[View], Question[Ranking]]:
    """What to ask about a View."""
    return lambda view: traffic.metrics(view, by, limit=LIMIT)


def nothing() -> None:
    """What is shown without a comparison."""
    with st.container(border=True):
        blank("Choose a comparison in the bar above: a period before, a year before, other dates.")


def moved(by: Metric, now: Ranking, before: Ranking) -> None:
    """What moved the total most, and everything that moved by kind of move."""
    table = TABLES[by]
    found = movers(now, before, LIMIT)
    frame = found.frame.assign(
        label=[
            names.label(by, name, of=country if isinstance(country, str) else None)
            for name, country in zip(found.frame["name"], found.frame["country"], strict=True)
        ]
    )
    found = Movers(frame, found.uncertain)
    measure = rankings.MEASURES[now.measure].lower()
    if frame.empty:
        blank(address.why_empty(f"No {table.many} in either period. {table.fill}"))
        return
    counts = ", ".join(f"{formats.whole(len(found.of(move)))} {move}" for move in MOVE_NAMES)
    st.markdown(f"**{_title(table)} by {measure}: {counts}.**")
    if found.uncertain:
        st.caption(
            f"{formats.whole(found.uncertain)} {table.many} are among the first {LIMIT} of one "
            "period only; what they were in the other is not told, so they are left out."
        )
    data = drawn.deltas(frame)
    if data.names:
        panels.chart(
            drawn.deltas_figure(data, panels.mode()),
            key="deltas",
            alt=f"{_title(table)} that moved most, by {measure}",
        )
    with st.grid(2, min_column_width=330):
        for move in MOVE_NAMES:
            with panels.card(MOVE_NAMES[move][0]):
                _moved(table, found, move)


def _moved(table: rankings.Table, found: Movers, move: Move) -> None:
    frame = found.of(move)
    if frame.empty:
        blank(MOVE_NAMES[move][1])
        return
    by = table.filters
    fields = [
        Field("label", table.tab, "text"),
        Field("now", "Now", bar=move in ("grew", "appeared")),
        Field("before", "Before", bar=move in ("fell", "vanished")),
        Field("delta", "Moved", "delta"),
        Field("change", "Change", "change", wide=True),
        Field("part", "Of all moves", "percent", wide=True),
    ]
    listing(
        frame,
        fields,
        what=f"{table.many} that {move}",
        key=f"moved_{move}",
        value="name" if by else None,
        active=address.chosen(by),
        on_choose=partial(address.toggle, by) if by else None,
    )
