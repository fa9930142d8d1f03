"""The control bar: website, period, comparison and filters, shared by all pages.

It draws the View of the URL and updates the URL; it holds no state itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import available_timezones

import streamlit as st

from access.authorized_client import AuthorizedClient
from components import authorized, sharing, view_description
from components.elements import show_note
from components.escaping import plain
from components.loading import every_website
from components.url_state import change, free, go, note, notes, view
from umami import names
from umami.api import segments, traffic
from umami.api.websites import Website
from umami.errors import InvalidView, UmamiError
from umami.filters import FIELDS, OPERATORS, Filter, in_form_of
from umami.period import Period, Unit, zone
from umami.presets import PRESETS
from umami.view import ALL_TIME, CUSTOM, Comparison, View, shifted

__all__ = ["bar", "sites", "view"]

PERIODS: Final[dict[str, str]] = {
    **{name: preset.label for name, preset in PRESETS.items()},
    ALL_TIME: "All time",
    CUSTOM: "Custom dates",
}
COMPARISONS: Final[dict[Comparison, str]] = {
    "previous": "Previous period",
    "year": "Previous year",
    "umami": "Umami's previous period",
    "custom": "Custom dates",
    "none": "No comparison",
}
_NARROW: Final = """<style>
@media (max-width: 640px) {
  .st-key-bar, .st-key-server { gap: 0.5rem }
  .st-key-pick_website, .st-key-pick_comparison { flex-grow: 1 }
  .st-key-pick_dates, .st-key-pick_compared { flex-grow: 1 }
  .st-key-pick_website { flex-basis: 8rem; width: auto }
  .st-key-pick_period { flex-basis: 10.25rem }
}
</style>"""
"""On phones the controls fill their rows, which leaves more room for the page."""
UNIT_NAMES: Final[dict[Unit, str]] = {
    "minute": "Minute",
    "hour": "Hour",
    "day": "Day",
    "month": "Month",
    "year": "Year",
}


def sites(client: AuthorizedClient) -> tuple[Website, ...]:
    """Every website that this viewer may see, sorted by name. Raises ``UmamiError``."""
    return every_website(client)


def domain(client: AuthorizedClient, website: str) -> str:
    """The domain of a website; ``""`` if it has none."""
    return next((site.domain for site in sites(client) if site.id == website), "")


def bar(client: AuthorizedClient, among: Sequence[Website], beside: Callable[[View], None]) -> None:
    """Draw the controls of the current View, and its filters as chips.

    ``among`` are the websites to choose from; ``beside`` draws further controls of the bar.
    """
    now = view()
    labels = _labels(among)
    st.html(_NARROW)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="bar"):
        _choice(
            "Website",
            [site.id for site in among],
            now.website,
            labels,
            key="pick_website",
            icon=":material/language:",
            width=220,
            write=lambda chosen: change({"website": [chosen], "filter": []}),
        )
        with st.container(horizontal=True, gap=None, width="content", wrap=False):
            st.button(
                ":material/chevron_left:",
                key="earlier",
                help="Earlier period",
                type="tertiary",
                on_click=authorized.callback(_step),
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
                on_click=authorized.callback(_step),
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
        if free():
            _filter_popover(client, now)
        _time_popover(now)
        sharing.popover(now)
        beside(now)
    if free():
        _chips(client, now)
    else:
        _fixed(now)
    for sentence in notes():
        show_note(sentence)


def _step(steps: int) -> None:
    try:
        go(shifted(view(), steps), keep_unit=False)
    except InvalidView as problem:
        note(str(problem))


def _toggle_weekdays(now: View) -> None:
    st.session_state["match_weekdays"] = now.weekdays
    st.toggle(
        "Match weekdays",
        key="match_weekdays",
        help="Compare with dates that begin on the same weekday, so that weekends align.",
        on_change=authorized.callback(
            lambda: change({"weekdays": ["1"] if st.session_state["match_weekdays"] else []})
        ),
    )


def _choose_period(chosen: str) -> None:
    if chosen == CUSTOM:
        go(replace(view(), preset=CUSTOM), keep_unit=False)
    else:
        change({"period": [chosen], "from": [], "to": [], "unit": []})


def _choose_comparison(chosen: str) -> None:
    now = view()
    if chosen == "custom":
        compared = now.compared() or replace(now, comparison="previous").compared()
        assert compared is not None
        first, last = compared.period.days
        change({"compare": [chosen], "compare_from": [str(first)], "compare_to": [str(last)]})
    else:
        change({"compare": [chosen], "compare_from": [], "compare_to": []})


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
    """Draw a select box that shows a part of the View and updates the URL."""
    st.session_state[key] = value
    st.selectbox(
        label,
        options,
        key=key,
        format_func=lambda option: labels.get(option, str(option)),
        label_visibility="collapsed",
        icon=icon,
        width=width,
        on_change=authorized.callback(lambda: write(st.session_state[key])),
    )


def _dates(
    label: str, period: Period, key: str, edges: tuple[str, str], resets: Mapping[str, list[str]]
) -> None:
    """Draw a date range input that shows a period and updates its first and last day."""
    st.session_state[key] = period.days

    def write() -> None:
        chosen = st.session_state[key]
        if isinstance(chosen, tuple) and len(chosen) == 2:
            first, last = (day.isoformat() for day in chosen)
            change({edges[0]: [first], edges[1]: [last], **resets})

    st.date_input(
        label,
        key=key,
        max_value=max(datetime.now(zone(period.timezone)).date(), period.days[1]),
        min_value=date(2000, 1, 1),
        format="YYYY-MM-DD",
        label_visibility="collapsed",
        width=235,
        on_change=authorized.callback(write),
    )


def _filter_popover(client: AuthorizedClient, now: View) -> None:
    with st.popover(
        "Filter", icon=":material/filter_alt:", key="add_filter", on_change="rerun"
    ) as popover:
        if not popover.open:
            return
        able = client.capabilities
        fields = [field for field in FIELDS if field in able.fields]
        field = st.selectbox("Field", fields, format_func=FIELDS.__getitem__, key="f_field")
        operators = [operator for operator in OPERATORS if operator in able.operators]
        operator = st.selectbox(
            "Condition", operators, format_func=OPERATORS.__getitem__, key="f_operator"
        )
        key = f"f_value_{field}_{operator}"
        several = able.several and operator in ("eq", "neq")
        offered = _values(client, now, field, key, several=several)
        st.button(
            "Add filter",
            key="f_add",
            width="stretch",
            on_click=authorized.callback(_add_filter),
            args=(field, operator, key, offered, able.several),
        )
        if able.segments:
            _segments(client, now)


def _values(
    client: AuthorizedClient, now: View, field: str, key: str, *, several: bool
) -> list[str]:
    """Draw the value input of a filter, which also accepts new values; returns the suggestions."""
    without = replace(
        now, filters=tuple(filter_ for filter_ in now.filters if filter_.field != field)
    )
    offered = _suggestions(client, without, field)
    choice: dict[str, Any] = {
        "options": offered,
        "key": key,
        "format_func": lambda value: names.label(field, value),
        "placeholder": "Choose or type",
        "accept_new_options": True,
    }
    if several:
        st.multiselect("Values", **choice)
    else:
        st.selectbox("Value", index=None, **choice)
    return offered


def _segments(client: AuthorizedClient, now: View) -> None:
    """Draw select boxes for the segments and cohorts saved in Umami, if there are any."""
    replies = {
        kind: client.submit(segments.segments(now.website, kind)) for kind in ("segment", "cohort")
    }
    for kind, page in replies.items():
        try:
            saved = {segment.id: segment.name for segment in page.result().rows}
        except UmamiError:
            # The filters above also work without segments.
            continue
        if saved:
            _choice(
                kind.capitalize(),
                ["", *saved],
                getattr(now, kind) or "",
                {"": f"Any {kind}", **saved},
                key=f"pick_{kind}",
                icon=":material/group:",
                width=260,
                write=lambda chosen, kind=kind: change({kind: [chosen] if chosen else []}),
            )


def _suggestions(client: AuthorizedClient, now: View, field: str) -> list[str]:
    """Suggested values for a filter; empty, with a caption, if the query fails."""
    try:
        return [row.value for row in client.ask(traffic.values(now, field)) if row.value]
    except UmamiError as problem:
        st.caption(plain(f"No suggestions: {problem}"))
        return []


def _add_filter(field: str, operator: Any, key: str, offered: list[str], beside: bool) -> None:
    entry = st.session_state.get(key)
    typed = entry if isinstance(entry, list) else [entry or ""]
    values = [in_form_of(value, offered) for value in typed]
    try:
        go(view().adding(Filter(field, operator, *values), beside=beside))
    except InvalidView as problem:
        note(str(problem))
        return
    st.session_state["add_filter"] = False


def _time_popover(now: View) -> None:
    with st.popover(
        "Granularity", icon=":material/tune:", key="time", help="Unit, time zone and weekdays"
    ):
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
            write=lambda unit: change({"unit": [] if unit == "auto" else [unit]}),
        )
        _choice(
            "Time zone",
            _zones(now.period.timezone),
            now.period.timezone,
            {},
            key="pick_zone",
            icon=":material/schedule:",
            width=260,
            write=lambda name: change({"tz": [name]}),
        )
        if now.weekdays_matter:
            _toggle_weekdays(now)


def _chips(client: AuthorizedClient, now: View) -> None:
    """Draw each filter of the View with a button that removes it."""
    if not now.is_filtered:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="chips"):
        for filter_ in now.filters:
            _chip(
                f"{FIELDS[filter_.field]} {OPERATORS[filter_.operator]} "
                f"**{plain(view_description.values(filter_), 60)}**",
                key=f"chip_{filter_.field}"
                + ("" if filter_.operator == "eq" else f"_{filter_.operator}"),
                without=replace(
                    now, filters=tuple(other for other in now.filters if other != filter_)
                ),
            )
        if now.segment:
            _chip("In a **segment**", key="chip_segment", without=replace(now, segment=None))
        if now.cohort:
            _chip("In a **cohort**", key="chip_cohort", without=replace(now, cohort=None))
        if len(now.filters) > 1:
            if client.capabilities.several:
                _choice(
                    "Filters joined by",
                    ["all", "any"],
                    now.match,
                    {"all": "Match all", "any": "Match any"},
                    key="pick_match",
                    icon=":material/join_inner:",
                    width=165,
                    write=lambda chosen: change({"match": [chosen] if chosen == "any" else []}),
                )
            st.button(
                "Clear all",
                key="chips_clear",
                type="tertiary",
                on_click=authorized.callback(lambda: go(now.unfiltered())),
            )


def _fixed(now: View) -> None:
    """Draw the filters of a View whose filters are fixed."""
    if said := view_description.narrowed(now):
        with st.container(key="fixed"):
            st.caption(f":material/lock: {plain(' · '.join(said))}")


def _chip(words: str, *, key: str, without: View) -> None:
    st.button(
        words,
        key=key,
        icon=":material/close:",
        icon_position="right",
        help="Remove this filter",
        on_click=authorized.callback(lambda: go(without)),
    )


def _labels(among: Sequence[Website]) -> dict[str, str]:
    """A unique label for each website."""
    labels = {site.id: site.name for site in among}
    for more in (
        {site.id: site.domain or "" for site in among},
        {site_id: site_id[:8] for site_id in labels},
    ):
        times = Counter(labels.values())
        labels = {
            site_id: f"{label} · {more[site_id]}" if times[label] > 1 else label
            for site_id, label in labels.items()
        }
    return labels


@lru_cache(maxsize=64)
def _zones(chosen: str) -> tuple[str, ...]:
    """Time zones to choose from: those named after a place, UTC, and the current one."""
    places = {name for name in available_timezones() if "/" in name and not name.startswith("Etc")}
    return tuple(sorted({chosen, "UTC", *places}))
