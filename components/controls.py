"""The control bar: what is looked at, chosen once for all pages and spelled by the URL.

The URL is the only state. Its parameters live in inputs that nobody sees, bound to it by
Streamlit; they are parsed into one ``View``, and every visible control is drawn from that View.
A control that is moved writes the parameters anew. So a reload, a link and the Back button give
the same page, ids and not labels stand in the URL, and a malformed link is read in one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final, Protocol, TypeVar
from zoneinfo import available_timezones

import pandas as pd
import streamlit as st

from components import formats
from components.text import plain
from umami import names
from umami.errors import InvalidView
from umami.period import Period, Unit, zone
from umami.view import (
    ALL_TIME,
    CUSTOM,
    FIELDS,
    OPERATORS,
    PRESETS,
    Comparison,
    Filter,
    View,
    parse,
    shifted,
)

T = TypeVar("T")

SPELLED: Final = (
    "website",
    "period",
    "from",
    "to",
    "unit",
    "tz",
    "compare",
    "compare_from",
    "compare_to",
)
"""URL parameters with one value each; ``filter`` may come several times."""

PERIODS: Final[dict[str, str]] = {
    **{name: preset.label for name, preset in PRESETS.items()},
    ALL_TIME: "All time",
    CUSTOM: "Custom dates",
}
COMPARISONS: Final[dict[Comparison, str]] = {
    "previous": "vs. previous period",
    "year": "vs. previous year",
    "custom": "vs. custom dates",
    "none": "No comparison",
}
UNIT_NAMES: Final[dict[Unit, str]] = {
    "minute": "Minute",
    "hour": "Hour",
    "day": "Day",
    "month": "Month",
    "year": "Year",
}

_VIEW: Final = "the view"
_LAST: Final = "view as last spelled"
_SAID: Final = "link whose faults were named"
_NOTES: Final = "what was dropped from the link"
_HIDDEN: Final = "<style>.st-key-view_spelled{display:none}</style>"


class Site(Protocol):
    """What the bar needs to know of a website."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def domain(self) -> str | None: ...


class Answers(Protocol):
    """What the bar asks, only where it is shown."""

    def recorded(self, website: str) -> tuple[datetime, datetime] | None:
        """First and last instant of the website's data; ``None`` where there is none."""
        ...

    def values(self, view: View, field: str) -> Sequence[str]:
        """Values of a field to choose a filter from, the most frequent first."""
        ...


def view() -> View:
    """What is looked at in this run; pages call this."""
    found = st.session_state[_VIEW]
    assert isinstance(found, View)
    return found


def toggle(field: str, value: str) -> None:
    """Filter everything by this value, or take that filter away where it is set. A callback's."""
    now = view()
    wanted = Filter(field, "eq", value)
    if wanted in now.filters:
        _go(replace(now, filters=tuple(one for one in now.filters if one != wanted)))
    else:
        _go(now.filtered(field, value))


def chosen(field: str | None) -> str | None:
    """The value that everything is filtered by in this field, where it is one."""
    for one in view().filters:
        if one.field == field and one.operator == "eq":
            return one.value
    return None


def resolve(sites: Sequence[Site], answers: Answers) -> View:
    """Read the View off the URL, before anything is drawn. Call once a run, in ``app.py``.

    What a link says and cannot be shown is dropped, and said once. Raises ``InvalidView`` if
    there is no website.
    """
    given = _bound()
    if "website" in given:
        st.session_state[_LAST] = given
    else:
        # What a control writes always names a website; a URL without has lost everything on
        # its way here (Streamlit drops parameters in the first of two steps of a page change).
        given = st.session_state.get(_LAST, given)
    recorded = None
    if given.get("period") == [ALL_TIME]:
        recorded = answers.recorded(given.get("website", [sites[0].id])[-1] if sites else "")
    parsed = parse(
        given,
        now=datetime.now(UTC),
        websites=[site.id for site in sites],
        timezone=_viewer_zone(),
        recorded=recorded,
    )
    if st.session_state.get(_SAID) != given:
        st.session_state[_SAID] = given
        st.session_state[_NOTES] = parsed.dropped
    st.session_state[_VIEW] = parsed.view
    return parsed.view


def bar(sites: Sequence[Site], answers: Answers) -> None:
    """Draw the controls of the View that ``resolve`` found, and the filters as chips."""
    now = view()
    labels = _labels(sites)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="bar"):
        _choice(
            "Website",
            [site.id for site in sites],
            now.website,
            labels,
            key="pick_website",
            icon=":material/language:",
            width=220,
            write=lambda chosen: _change({"website": [chosen], "filter": []}),
        )
        with st.container(horizontal=True, gap=None, width="content", wrap=False):
            st.button(
                ":material/chevron_left:",
                key="earlier",
                help="Earlier period",
                type="tertiary",
                on_click=_step,
                args=(-1,),
            )
            _choice(
                "Period",
                list(PERIODS),
                now.preset,
                PERIODS,
                key="pick_period",
                icon=":material/calendar_today:",
                width=195,
                write=_choose_period,
            )
            st.button(
                ":material/chevron_right:",
                key="later",
                help="Later period",
                type="tertiary",
                on_click=_step,
                args=(1,),
                disabled=now.period.end >= datetime.now(UTC),
            )
        if now.preset == CUSTOM:
            _dates("Dates", now.period, "pick_dates", ("from", "to"), {"unit": []})
        _choice(
            "Comparison",
            list(COMPARISONS),
            now.comparison,
            COMPARISONS,
            key="pick_comparison",
            icon=":material/compare_arrows:",
            width=215,
            write=_choose_comparison,
        )
        compared = now.compared()
        if now.comparison == "custom" and compared:
            _dates(
                "Dates compared with",
                compared.period,
                "pick_compared",
                ("compare_from", "compare_to"),
                {},
            )
        _filter_popover(now, answers)
        _time_popover(now)
    _chips(now)
    for note in st.session_state.pop(_NOTES, ()):
        st.caption(f":material/info: {plain(note)}")


def _bound() -> dict[str, list[str]]:
    """The URL's parameters, read through the inputs bound to it; what is empty is left out."""
    st.html(_HIDDEN)
    with st.container(key="view_spelled", gap=None):
        for name in SPELLED:
            st.text_input(name, key=name, bind="query-params", label_visibility="collapsed")
        st.multiselect(
            "filter",
            st.session_state.get("filter", []),
            key="filter",
            bind="query-params",
            accept_new_options=True,
            label_visibility="collapsed",
        )
    found = {name: [st.session_state[name]] for name in SPELLED if st.session_state[name]}
    if st.session_state["filter"]:
        found["filter"] = list(st.session_state["filter"])
    return found


def _spell(now: View, *, keep_unit: bool) -> dict[str, list[str]]:
    """The View as URL parameters; the unit only where one was chosen."""
    return {name: values for name, values in now.params().items() if name != "unit" or keep_unit}


def _inputs(spelled: Mapping[str, list[str]]) -> dict[str, Any]:
    """Parameters as the values of the inputs bound to them."""
    single = {name: spelled.get(name, [""])[-1] for name in SPELLED}
    return {**single, "filter": list(spelled.get("filter", []))}


def _go(now: View, *, keep_unit: bool | None = None) -> None:
    """Look at another View from the next run on."""
    kept = bool(st.session_state["unit"]) if keep_unit is None else keep_unit
    for name, value in _inputs(_spell(now, keep_unit=kept)).items():
        st.session_state[name] = value


def _change(updates: Mapping[str, list[str]]) -> None:
    """Write some of the parameters anew and leave the others; an empty list takes one away."""
    spelled = {**_spell(view(), keep_unit=bool(st.session_state["unit"])), **updates}
    for name, value in _inputs({name: one for name, one in spelled.items() if one}).items():
        st.session_state[name] = value


def _step(steps: int) -> None:
    _go(shifted(view(), steps), keep_unit=False)


def _choose_period(chosen: str) -> None:
    if chosen == CUSTOM:
        _go(replace(view(), preset=CUSTOM), keep_unit=False)
    else:
        _change({"period": [chosen], "from": [], "to": [], "unit": []})


def _choose_comparison(chosen: str) -> None:
    now = view()
    if chosen == "custom":
        compared = now.compared() or replace(now, comparison="previous").compared()
        assert compared is not None
        first, last = _days(compared.period)
        _change({"compare": [chosen], "compare_from": [str(first)], "compare_to": [str(last)]})
    else:
        _change({"compare": [chosen], "compare_from": [], "compare_to": []})


def _choice(
    label: str,
    options: Sequence[Any],
    value: Any,
    labels: Mapping[Any, str],
    *,
    key: str,
    icon: str,
    width: int,
    write: Any,
) -> None:
    """A select box that shows the View and writes the URL."""
    st.session_state[key] = value
    st.selectbox(
        label,
        options,
        key=key,
        format_func=lambda option: labels.get(option, str(option)),
        label_visibility="collapsed",
        icon=icon,
        width=width,
        on_change=lambda: write(st.session_state[key]),
    )


def _days(period: Period) -> tuple[date, date]:
    local = zone(period.timezone)
    return period.start.astimezone(local).date(), period.end.astimezone(local).date()


def _dates(
    label: str, period: Period, key: str, edges: tuple[str, str], resets: Mapping[str, list[str]]
) -> None:
    """A range of dates that shows a period and writes its edges."""
    st.session_state[key] = _days(period)

    def write() -> None:
        chosen = st.session_state[key]
        if isinstance(chosen, tuple) and len(chosen) == 2:
            first, last = (day.isoformat() for day in chosen)
            _change({edges[0]: [first], edges[1]: [last], **resets})

    st.date_input(
        label,
        key=key,
        max_value=max(datetime.now(zone(period.timezone)).date(), _days(period)[1]),
        min_value=date(2000, 1, 1),
        format="YYYY-MM-DD",
        label_visibility="collapsed",
        width=235,
        on_change=write,
    )


def _filter_popover(now: View, answers: Answers) -> None:
    with st.popover(
        "Filter", icon=":material/filter_alt:", key="add_filter", on_change="rerun"
    ) as popover:
        if not popover.open:
            return
        field = st.selectbox("Field", list(FIELDS), format_func=FIELDS.__getitem__, key="f_field")
        operator = st.selectbox(
            "Condition", list(OPERATORS), format_func=OPERATORS.__getitem__, key="f_operator"
        )
        without = replace(now, filters=tuple(one for one in now.filters if one.field != field))
        st.selectbox(
            "Value",
            [value for value in answers.values(without, field) if value],
            index=None,
            key=f"f_value_{field}",
            format_func=lambda value: names.label(field, value),
            placeholder="Choose or type",
            accept_new_options=True,
        )
        st.button(
            "Add filter",
            key="f_add",
            width="stretch",
            on_click=_add_filter,
            args=(field, operator),
        )


def _add_filter(field: str, operator: Any) -> None:
    value = st.session_state.get(f"f_value_{field}")
    try:
        _go(view().filtered(field, str(value or ""), operator))
    except InvalidView as problem:
        st.session_state[_NOTES] = (str(problem),)
        return
    st.session_state["add_filter"] = False


def _time_popover(now: View) -> None:
    with st.popover("Time", icon=":material/tune:", key="time", help="Unit and time zone"):
        chosen = st.session_state["unit"] or "auto"
        units = ["auto", *now.period.units]
        _choice(
            "Unit",
            units,
            chosen if chosen in units else "auto",
            {"auto": f"Automatic ({UNIT_NAMES[now.period.unit].lower()})", **UNIT_NAMES},
            key="pick_unit",
            icon=":material/bar_chart:",
            width=260,
            write=lambda unit: _change({"unit": [] if unit == "auto" else [unit]}),
        )
        _choice(
            "Time zone",
            _zones(now.period.timezone),
            now.period.timezone,
            {},
            key="pick_zone",
            icon=":material/schedule:",
            width=260,
            write=lambda name: _change({"tz": [name]}),
        )


def _chips(now: View) -> None:
    """The filters, each with a way to remove it."""
    if not now.filters:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="chips"):
        for one in now.filters:
            words = f"{FIELDS[one.field]} {OPERATORS[one.operator]} "
            st.button(
                f"{words}**{plain(names.label(one.field, one.value), 60)}**",
                key=f"chip_{one.field}",
                icon=":material/close:",
                icon_position="right",
                help="Remove this filter",
                on_click=lambda one=one: _go(
                    replace(now, filters=tuple(other for other in now.filters if other != one))
                ),
            )
        if len(now.filters) > 1:
            st.button(
                "Clear all",
                key="chips_clear",
                type="tertiary",
                on_click=lambda: _go(replace(now, filters=())),
            )


def described(now: View) -> str:
    """The View's dates in words, and those it is compared with."""
    words = formats.period(now.period)
    compared = now.compared()
    return f"{words} compared with {formats.period(compared.period)}" if compared else words


def _labels(sites: Iterable[Site]) -> dict[str, str]:
    """A name for each website, unlike any other's."""
    frame = pd.DataFrame(
        [(site.id, site.name, site.domain or "") for site in sites],
        columns=["id", "name", "domain"],
    )
    label = frame["name"]
    for more in (frame["domain"], frame["id"].str[:8]):
        label = label.where(~label.duplicated(keep=False), label + " · " + more)
    return dict(zip(frame["id"], label, strict=True))


def _viewer_zone() -> str:
    """The viewer's time zone, where their browser names one that exists."""
    name = st.context.timezone
    try:
        return zone(name).key if name else "UTC"
    except InvalidView:
        return "UTC"


@st.cache_data(show_spinner=False, max_entries=64)
def _zones(chosen: str) -> list[str]:
    """Time zones to choose from: those named for a place, and the one that is set."""
    places = {name for name in available_timezones() if "/" in name and not name.startswith("Etc")}
    return sorted({chosen, "UTC", *places})
