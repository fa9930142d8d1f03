"""Breakdown: fields, a treemap, a pivot table, every group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

import pandas as pd
import streamlit as st

from components import address, panels, parameters, start
from components.asking import aside, blank
from components.fields import Field, Kind
from components.figures import tree as drawn
from components.listing import listing
from umami import names
from umami.analysis import breakdown as analysis
from umami.analysis.breakdown import Measure
from umami.endpoints.reports import BreakdownField
from umami.errors import InvalidView
from umami.filters import FIELDS, Filter
from umami.models.reports import Breakdown
from umami.view import View

MOST_FIELDS: Final = 3
DEFAULT: Final[tuple[BreakdownField, ...]] = ("country", "browser")
MEASURES: Final[dict[Measure, tuple[str, Kind]]] = {
    "views": ("Views", "count"),
    "visitors": ("Visitors", "count"),
    "visits": ("Visits", "count"),
    "bounce_rate": ("Bounce rate", "percent"),
    "average_visit": ("Visit duration", "seconds"),
}
_MEASURE_NAMES: Final = {one: label for one, (label, _) in MEASURES.items()}
SUMMED: Final = ("views", "visitors", "visits")


@dataclass(frozen=True, slots=True)
class Choice:
    """What is broken down, and by which measure."""

    fields: tuple[BreakdownField, ...]
    measure: Measure


def choice() -> Choice:
    """Read the choice off the URL and draw its controls."""
    able = start.client().abilities.fields
    # A breakdown counts views, and those have no event.
    known = [one for one in get_args(BreakdownField) if one in able and one != "event"]
    given = parameters.read("measure", several=("field",))
    asked = list(dict.fromkeys(given["field"]))
    named: dict[str, BreakdownField] = {one: one for one in known}
    fields = tuple(named[one] for one in asked if one in named)[:MOST_FIELDS] or DEFAULT
    if strange := [one for one in asked if one not in named]:
        aside(f"“{strange[0][:40]}” is not a field that can be broken down here.")
    measure: Measure = next((one for one in MEASURES if [one] == given["measure"]), "views")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.session_state["pick_fields"] = list(fields)
        st.multiselect(
            "Fields",
            known,
            key="pick_fields",
            format_func=FIELDS.__getitem__,
            max_selections=MOST_FIELDS,
            placeholder="One to three fields",
            label_visibility="collapsed",
            on_change=lambda: parameters.write(field=st.session_state["pick_fields"]),
        )
        parameters.choice(
            "Measure",
            _MEASURE_NAMES,
            measure,
            key="pick_measure",
            icon=":material/straighten:",
            width=190,
            write=lambda one: parameters.write(measure=one),
        )
    return Choice(fields, measure)


def groups(view: View, now: Choice, answer: Breakdown) -> None:
    """The groups as a treemap, as a pivot table, and one by one."""
    found = analysis.ranked(analysis.table(answer), now.measure)
    if found.empty:
        blank(address.why_empty("No views in this period. Groups appear with the first ones."))
        return
    named = _named(found, now.fields)
    if len(found) >= analysis.MOST:
        st.caption(f"The server tells the first {analysis.MOST} groups; there are more.")
    _treemap(now, found, named)
    if len(now.fields) > 1:
        _pivot(now, named)
    _every(now, found, named)


def _named(found: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    columns = {
        field: [
            names.label(field, value if isinstance(value, str) else None) for value in found[field]
        ]
        for field in fields
    }
    return found.assign(**columns)


def _treemap(now: Choice, found: pd.DataFrame, named: pd.DataFrame) -> None:
    measure: Measure = now.measure if now.measure in SUMMED else "views"
    what = MEASURES[measure][0].lower()
    data = drawn.tree(analysis.tree(named, now.fields, measure))
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
        drawn.tree_figure(data, panels.mode(), what),
        key="treemap",
        alt=f"{what.capitalize()} by {' and '.join(FIELDS[one] for one in now.fields)}",
        on_select=chosen,
        selection_mode="points",
    )
    if measure != "views":
        st.caption(f"One with {what} in several groups counts in each of them.")


def _filter(group: pd.Series[Any], fields: Sequence[str]) -> None:
    view = address.view()
    able = start.client().abilities
    for field in fields:
        value = group[field]
        if not isinstance(value, str) or not value:
            address.note(f"Views without a {FIELDS[field].lower()} cannot be filtered for.")
            continue
        try:
            one = Filter(field, "eq", value)
        except InvalidView as problem:
            address.note(str(problem))
            continue
        if refused := able.refused(one):
            address.note(refused)
        else:
            view = view.adding(one, beside=False)
    address.go(view)


def _pivot(now: Choice, named: pd.DataFrame) -> None:
    label, kind = MEASURES[now.measure]
    rows, columns = now.fields[0], now.fields[1]
    table = analysis.pivot(named, rows, columns, now.measure, "Others")
    st.markdown(f"**{label} by {FIELDS[rows].lower()} and {FIELDS[columns].lower()}**")
    frame = table.reset_index()
    # Positions for names: a value may be called as the first column is.
    frame.columns = pd.Index(["name", *(f"c{at}" for at in range(len(table.columns)))])
    fields = [
        Field("name", FIELDS[rows], "text"),
        *(
            Field(f"c{at}", _unlike(str(name), FIELDS[rows]), kind, wide=at > 1)
            for at, name in enumerate(table.columns)
        ),
    ]
    listing(frame, fields, what="rows of the pivot table", key="pivot")


def _unlike(name: str, other: str) -> str:
    """A column's heading, unlike the first one's."""
    return f"{name} " if name == other else name


def _every(now: Choice, found: pd.DataFrame, named: pd.DataFrame) -> None:
    st.markdown(f"**Every group, by {MEASURES[now.measure][0].lower()}**")
    first, *others = now.fields
    fields = [
        Field(first, FIELDS[first], "text"),
        *(Field(one, FIELDS[one], "text") for one in others),
        *(
            Field(one, label, kind, bar=one == now.measure, wide=one != now.measure)
            for one, (label, kind) in MEASURES.items()
        ),
    ]
    listing(
        named.assign(place=[str(at) for at in range(len(named))]),
        fields,
        what="groups",
        key="groups",
        value="place",
        on_choose=lambda place: _filter(found.iloc[int(place)], now.fields),
        shown=15,
    )
    st.caption("Choose a group to filter every page by it.")
