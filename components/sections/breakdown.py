"""Breakdown: fields, a treemap, a pivot table, every group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import streamlit as st

from components import authorized, page_context, panels, parameters, url_state
from components.charts import treemap as drawn
from components.escaping import plain
from components.notices import show_empty, show_note
from components.table import draw_table
from components.told import breakdown as told
from components.told.breakdown import Choice
from umami.analysis import breakdown as analysis
from umami.errors import InvalidView
from umami.filters import FIELDS, Filter
from umami.models.reports import Breakdown
from umami.view import View

_MEASURE_NAMES: Final = {one: label for one, (label, _) in told.MEASURES.items()}


def choice() -> Choice:
    """Read the choice off the URL and draw its controls."""
    able = page_context.client().capabilities.fields
    found, faults = told.read(parameters.read("measure", several=("field",)), able)
    for fault in faults:
        show_note(fault)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.session_state["pick_fields"] = list(found.fields)
        st.multiselect(
            "Fields",
            told.known(able),
            key="pick_fields",
            format_func=FIELDS.__getitem__,
            max_selections=told.MOST_FIELDS,
            placeholder="One to three fields",
            label_visibility="collapsed",
            on_change=authorized.callback(
                lambda: parameters.write(field=st.session_state["pick_fields"])
            ),
        )
        parameters.choice(
            "Measure",
            _MEASURE_NAMES,
            found.measure,
            key="pick_measure",
            icon=":material/straighten:",
            width=190,
            write=lambda one: parameters.write(measure=one),
        )
    return found


def groups(view: View, now: Choice, answer: Breakdown) -> None:
    """The groups as a treemap, as a pivot table, and one by one."""
    found, named = told.groups(view, now, answer)
    if found.empty:
        show_empty(url_state.why_empty(told.NONE))
        return
    if len(found) >= analysis.MOST:
        st.caption(told.FIRST)
    _treemap(now, found, named)
    if unknown := told.rates_unknown(view, now):
        st.caption(unknown)
    if told.has_pivot(view, now):
        title, frame, fields = told.pivot(now, named)
        st.markdown(f"**{title}**")
        draw_table(frame, fields, what="rows of the pivot table", key="pivot")
    _every(now, found, named)


def _treemap(now: Choice, found: pd.DataFrame, named: pd.DataFrame) -> None:
    what = told.MEASURES[now.drawn][0].lower()
    data = told.treemap(now, named)
    firsts = named.drop_duplicates(subset=list(now.fields))

    def chosen() -> None:
        points = st.session_state["treemap"].selection.points
        if points:
            path = data.paths[int(points[0]["customdata"][0])]
            rows = firsts
            for field, name in zip(now.fields, path, strict=False):
                rows = rows[rows[field] == name]
            _filter(found.loc[rows.index[0]], now.fields[: len(path)])

    panels.chart(
        drawn.tree_figure,
        data,
        key="treemap",
        alt=f"{what.capitalize()} by {' and '.join(FIELDS[one] for one in now.fields)}",
        on_select=authorized.callback(chosen),
        selection_mode="points",
    )
    if said := told.several(now):
        st.caption(said)


def _filter(group: pd.Series[Any], fields: Sequence[str]) -> None:
    view = url_state.view()
    able = page_context.client().capabilities
    for field in fields:
        value = group[field]
        if not isinstance(value, str) or not value:
            url_state.note(f"Views without a {FIELDS[field].lower()} cannot be filtered for.")
            continue
        try:
            one = Filter(field, "eq", value)
        except InvalidView as problem:
            url_state.note(str(problem))
            continue
        if refused := able.refused(one):
            url_state.note(refused)
        else:
            view = view.adding(one, beside=False)
    url_state.go(view)


def _every(now: Choice, found: pd.DataFrame, named: pd.DataFrame) -> None:
    about = page_context.client().definitions.bounce if now.measure == "bounce_rate" else None
    measure = told.MEASURES[now.measure][0].lower()
    st.markdown(f"**Every group, by {measure}**", help=about and plain(about, 300))
    draw_table(
        named.assign(place=[str(at) for at in range(len(named))]),
        told.every(now),
        what="groups",
        key="groups",
        value="place",
        on_choose=lambda place: _filter(found.iloc[int(place)], now.fields),
        shown=15,
    )
    st.caption("Choose a group to filter every page by it.")
