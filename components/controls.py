"""The control bar: website, period, comparison, filters and more, shared by the pages.

It draws the View of the URL and updates the URL; it holds no state itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from typing import Final
from zoneinfo import available_timezones

import streamlit as st

from access.permissions import AuthorizedClient
from components import (
    conditions,
    content_groups,
    elements,
    export_permissions,
    filter_inputs,
    formats,
    freshness,
    page_context,
    saved_views,
    segments_dialog,
    sharing,
    texts,
)
from components.analysis_controls import conversion_popover
from components.conditions import Condition
from components.escaping import plain
from components.loading import Collector
from components.texts import N_, _
from components.url_state import change, free, go, note, view
from umami.api import segments
from umami.api.websites import Website
from umami.errors import InvalidView, UmamiError
from umami.period import PRESETS, Period, Unit, zone
from umami.view import ALL_TIME, CUSTOM, Comparison, View, shifted

__all__ = ["bar", "view"]

PERIODS: Final[dict[str, str]] = {
    **{name: preset.label for name, preset in PRESETS.items()},
    ALL_TIME: N_("All time"),
    CUSTOM: N_("Custom dates"),
}
COMPARISONS: Final[dict[str, str]] = {
    "previous": N_("Previous period"),
    "year": N_("Previous year"),
    "umami": N_("Umami's previous period"),
    "custom": N_("Custom dates"),
    "none": N_("No comparison"),
}
SHORTCUTS_LISTED: Final = "times that the list of shortcuts was opened"
PERIOD_MENU: Final = "period_menu"
_DATES_OPENED: Final = "times that the inputs of dates were opened"
WEEKDAYS: Final = "-weekdays"
SHIFTED: Final[tuple[Comparison, ...]] = ("previous", "year")
"""The comparisons that can begin on the weekday that the period begins on."""
UNIT_NAMES: Final[dict[Unit, str]] = {
    "minute": N_("Minute"),
    "hour": N_("Hour"),
    "day": N_("Day"),
    "month": N_("Month"),
    "year": N_("Year"),
}


def bar(
    client: AuthorizedClient,
    among: Sequence[Website],
    export: Callable[[View], None],
    more: Callable[[], None] = lambda: None,
    *,
    dated: bool = True,
) -> None:
    """Draw the controls of the current View in a row, and below it the filters as chips.

    ``among`` are the websites to choose from; ``export`` draws the button that exports, and
    ``more`` buttons of the menu. A page that is not ``dated`` shows the present, so that only the
    website can be chosen.
    """
    now = view()
    with st.container(key="bar", gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="row"):
            website_select(among, saved_views.open_website)
            if dated:
                _dated_controls(client, now)
            export(now)
            _menu(client, now, more, dated=dated)
        if free():
            _chips(client, now)
        elif said := conditions.in_words(Collector(client, reader=page_context.reader()), now):
            with st.container(key="fixed"):
                st.caption(f":material/lock: {plain(' · '.join(said))}")


def website_select(among: Sequence[Website], write: Callable[[str], None] | None = None) -> None:
    """Draw the choice of one of these websites; ``write`` opens it, by default on this page."""
    now = view()
    elements.select(
        _("Website"),
        labels(among),
        now.website,
        key="pick_website",
        icon=":material/language:",
        width=185,
        write=write or (lambda chosen: go(now.of_website(chosen))),
    )


def _dated_controls(client: AuthorizedClient, now: View) -> None:
    """Draw the controls of the period, its comparison, its filters and its conversion."""
    with st.container(horizontal=True, gap=None, width="content", wrap=False, key="period_steps"):
        elements.text_button(_("Earlier period"), "earlier", step, -1, icon="chevron_left")
        _period_popover(now)
        elements.text_button(
            _("Later period"), "later", step, 1, icon="chevron_right", disabled=_reaches_now(now)
        )
    _comparison_popover(now)
    if free():
        _filter_popover(client, now)
    conversion_popover(client, now)


def _period_popover(now: View) -> None:
    name = "" if now.preset == CUSTOM else f":small[{plain(_(PERIODS[now.preset]))}] "
    with st.popover(
        f"{name}{plain(formats.days(now.period))}",
        icon=":material/calendar_today:",
        key=PERIOD_MENU,
        on_change="rerun",
    ) as popover:
        if not popover.open:
            return
        elements.select(
            _("Period"),
            _offered(PERIODS, now.preset),
            now.preset,
            key="pick_period",
            widget=st.radio,
            write=choose_period,
        )
        _dates(now.period, "pick_dates", ("from", "to"), {"period": [CUSTOM], "unit": []})
        if times := st.session_state.get(_DATES_OPENED):
            elements.focus("dates", f"dates {times}", ".st-key-pick_dates [role='spinbutton']")


def _comparison_popover(now: View) -> None:
    compared = now.compared()
    label = _(COMPARISONS[now.comparison])
    if compared and now.comparison == CUSTOM:
        label = formats.days(compared.period)
    with st.popover(
        label, icon=":material/compare_arrows:", key="comparison_menu", on_change="rerun"
    ) as popover:
        if not popover.open:
            return
        matches = now.weekdays and now.weekdays_matter
        elements.select(
            _("Comparison"),
            _offered(COMPARISONS, now.comparison)
            | {
                f"{name}{WEEKDAYS}": _("{comparison}, same weekdays").format(
                    comparison=_(COMPARISONS[name])
                )
                for name in SHIFTED
                if replace(now, comparison=name).weekdays_matter
            },
            f"{now.comparison}{WEEKDAYS if matches else ''}",
            key="pick_comparison",
            widget=st.radio,
            write=_choose_comparison,
        )
        shown = compared or replace(now, comparison="previous").compared()
        if shown:
            edges = ("compare_from", "compare_to")
            _dates(shown.period, "pick_compared", edges, {"compare": [CUSTOM], "weekdays": []})


def _offered(names: Mapping[str, str], chosen: str) -> dict[str, str]:
    """The names to choose from. The inputs of dates choose custom dates."""
    return {name: _(label) for name, label in names.items() if name != CUSTOM or chosen == CUSTOM}


def step(steps: int) -> None:
    """Open the period before or after the current one, unless that lies in the future. Call it in a
    callback."""
    try:
        if steps < 0 or not _reaches_now(view()):
            go(shifted(view(), steps), keep_unit=False)
    except InvalidView as problem:
        note(texts.sentence(problem))


def _reaches_now(now: View) -> bool:
    return now.period.end >= datetime.now(UTC)


def choose_period(chosen: str) -> None:
    """Open a period of ``PERIODS``, or the inputs of its dates. Call it in a callback."""
    st.session_state[PERIOD_MENU] = chosen == CUSTOM
    if chosen == CUSTOM:
        st.session_state[_DATES_OPENED] = st.session_state.get(_DATES_OPENED, 0) + 1
    else:
        change({"period": [chosen], "from": [], "to": [], "unit": []})


def _choose_comparison(option: str) -> None:
    chosen = option.removesuffix(WEEKDAYS)
    if chosen != CUSTOM:
        weekdays = ["1"] if option != chosen else []
        none: list[str] = []
        change(
            {"compare": [chosen], "weekdays": weekdays, "compare_from": none, "compare_to": none}
        )
    st.session_state["comparison_menu"] = False


def _dates(period: Period, key: str, edges: tuple[str, str], updates: dict[str, list[str]]) -> None:
    """Draw a date range input that shows a period and updates its first and last day, with other
    ``updates`` of parameters."""

    def write(chosen: tuple[date, ...]) -> None:
        if len(chosen) == 2:
            change(
                {edge: [day.isoformat()] for edge, day in zip(edges, chosen, strict=True)} | updates
            )

    elements.bound(
        st.date_input,
        _("Custom dates"),
        period.days,
        key=key,
        write=write,
        max_value=max(datetime.now(zone(period.timezone)).date(), period.days[1]),
        min_value=date(2000, 1, 1),
        format=formats.date_input(),
        label_visibility="visible",
    )


def _filter_popover(client: AuthorizedClient, now: View) -> None:
    with st.popover(
        _("Filter"), icon=":material/filter_alt:", key="add_filter", on_change="rerun"
    ) as popover:
        if not popover.open:
            return
        read = filter_inputs.draw(client, now, "f")

        def add() -> None:
            try:
                go(view().adding(read(), beside=client.capabilities.several))
            except InvalidView as problem:
                note(texts.sentence(problem))
                return
            st.session_state["add_filter"] = False

        elements.action_button(_("Add filter"), "f_add", add, width="stretch")
        _segments(client, now)
        segments_dialog.button(client, now)


def _segments(client: AuthorizedClient, now: View) -> None:
    """Draw select boxes for the segments and cohorts saved in Umami, if there are any."""
    replies = {
        kind: client.submit(segments.segments(now.website, kind))
        for kind in client.capabilities.saved_kinds
    }
    for kind, page in replies.items():
        try:
            saved = {segment.id: segment.name for segment in page.result().rows}
        except UmamiError:
            # The filters above also work without segments.
            continue
        if saved:
            elements.select(
                _("Segment") if kind == "segment" else _("Cohort"),
                {"": _("Any segment") if kind == "segment" else _("Any cohort"), **saved},
                getattr(now, kind) or "",
                key=f"pick_{kind}",
                icon=":material/group:",
                width=260,
                write=partial(_choose_saved, kind),
            )


def _choose_saved(kind: str, chosen: str) -> None:
    change({kind: [chosen] if chosen else []})


def _menu(client: AuthorizedClient, now: View, more: Callable[[], None], *, dated: bool) -> None:
    """Draw the menu of all that is needed less often: what the figures are, and what to do with the
    page."""
    with st.popover(_("More"), icon=":material/more_horiz:", key="menu", on_change="rerun") as menu:
        freshness.place(in_menu=bool(menu.open))
        if not menu.open:
            return
        if client.server.demo:
            page_context.invitation()
        if dated:
            _unit_select(now)
        elements.select(
            _("Time zone"),
            {name: name for name in _zones(now.period.timezone)},
            now.period.timezone,
            key="pick_zone",
            icon=":material/schedule:",
            label_visibility="visible",
            write=lambda name: change({"tz": [name]}),
        )
        elements.language_choice()
        more()
        export_permissions.copy_link()
        sharing.expander(now)
        elements.text_button(_("Keyboard shortcuts"), "list", list_shortcuts, icon="keyboard")


def list_shortcuts() -> None:
    """Open the list of shortcuts. Call it in a callback."""
    st.session_state[SHORTCUTS_LISTED] = st.session_state.get(SHORTCUTS_LISTED, 0) + 1
    st.session_state["menu"] = False


def _unit_select(now: View) -> None:
    units: dict[str, str] = {
        "auto": _("Automatic ({unit_name})").format(
            unit_name=texts.inside(_(UNIT_NAMES[now.period.unit]))
        ),
        **{unit: _(UNIT_NAMES[unit]) for unit in now.period.units},
    }
    chosen = st.session_state["unit"]
    elements.select(
        _("Granularity"),
        units,
        chosen if chosen in units else "auto",
        key="pick_unit",
        icon=":material/bar_chart:",
        label_visibility="visible",
        write=lambda unit: change({"unit": [] if unit == "auto" else [unit]}),
    )


def _chips(client: AuthorizedClient, now: View) -> None:
    """Draw each filter of the View with a button that removes it."""
    if not now.is_filtered:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="chips"):
        several = list(conditions.of(Collector(client, reader=page_context.reader()), now))
        for condition in several:
            _chip(condition)
        if len(several) > 1:
            # A group consists of filters that all apply.
            by_group = any(condition.key in content_groups.WORDS for condition in several)
            if len(now.filters) > 1 and not by_group and client.capabilities.several:
                elements.select(
                    _("Filters joined by"),
                    {"all": _("Match all"), "any": _("Match any")},
                    now.match,
                    key="pick_match",
                    icon=":material/join_inner:",
                    width=165,
                    write=lambda chosen: change({"match": [chosen] if chosen == "any" else []}),
                )
            elements.text_button(_("Clear all"), "chips_clear", go, now.unfiltered())


def _chip(condition: Condition) -> None:
    name = condition.name if condition.about else texts.capitalised(condition.name)
    elements.action_button(
        f"{condition.about} **{plain(name, 60)}**".strip(),
        f"chip_{condition.key}",
        go,
        condition.without,
        icon="close",
        icon_position="right",
        help=_("Remove this filter"),
    )


def labels(among: Sequence[Website]) -> dict[str, str]:
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
