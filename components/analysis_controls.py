"""Inputs of the pages of analyses: steps with suggestions, and analyses saved in Umami."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from components import authorized, conversions, elements, page_context, url_state, viewer
from components.elements import action_button
from components.escaping import plain
from components.loading import Collector, ask_saved_reports
from components.render import Page
from umami import parsing
from umami.analysis import saved
from umami.analysis.steps import KINDS, spell
from umami.api import reports, traffic
from umami.api.reports import FunnelStep, Report, StepKind
from umami.api.traffic import Value
from umami.errors import InvalidView, UmamiError
from umami.view import View

PLACEHOLDERS: Final[dict[StepKind, str]] = {
    "path": "Choose or type a page, such as /pricing or /blog/*",
    "event": "Choose or type the name of an event",
}
_SAVED: Final = "what was just saved"
_NONE: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Values that occur in the period, the most frequent first."""

    paths: tuple[str, ...]
    events: tuple[str, ...]

    def of(self, kind: StepKind) -> tuple[str, ...]:
        """The suggestions for one kind of step."""
        return self.paths if kind == "path" else self.events


Values = Future[tuple[Value, ...]]


def ask_suggestions(page: Collector, view: View) -> tuple[Values, Values]:
    """Query pages and events to suggest; empty where the server does not support it."""
    return (
        page.hint(traffic.values(view, "path"), _NONE),
        page.hint(traffic.values(view, "event"), _NONE),
    )


def suggestions(paths: Sequence[Value], events: Sequence[Value]) -> Suggestions:
    """The suggestions from both answers, without rows that have no value."""
    return Suggestions(
        *(tuple(row.value for row in values if row.value) for values in (paths, events))
    )


def editor(
    page: Page, view: View, draw: Callable[..., None], *answers: Future[Any], height: int
) -> None:
    """Draw the inputs of an analysis once the queries for them have been answered.

    ``draw`` receives the suggestions, the saved reports of the website and further ``answers``.
    """

    def drawn(paths: Any, events: Any, listed: parsing.Page[Report], *more: Any) -> None:
        draw(suggestions(paths, events), listed.rows, *more)

    saved_reports = ask_saved_reports(page, view)
    page.section(drawn, *ask_suggestions(page, view), saved_reports, *answers, height=height)


def inputs(
    step: FunnelStep,
    offered: Suggestions,
    *,
    label: str,
    key: str,
    write: Callable[[FunnelStep], object],
) -> None:
    """Draw two inputs for one step; ``write`` receives the new step when either changes."""
    kind_key, value_key = f"{key}_kind", f"{key}_value"
    st.session_state[kind_key] = step.kind

    def changed() -> None:
        kind: StepKind = st.session_state[kind_key]
        entry: Any = st.session_state[value_key]
        value = "" if entry is None or kind != step.kind else str(entry).strip()
        write(FunnelStep(kind, value))

    st.selectbox(
        f"{label}: kind",
        list(KINDS),
        key=kind_key,
        format_func=KINDS.__getitem__,
        label_visibility="collapsed",
        width=95,
        on_change=authorized.callback(changed),
    )
    value_input(
        f"{label}: {KINDS[step.kind].lower()}",
        value_key,
        step.value,
        offered.of(step.kind),
        changed,
        placeholder=PLACEHOLDERS[step.kind],
    )


def conversion_inputs(
    step: FunnelStep, currency: str, currencies: Mapping[str, str], offered: Suggestions
) -> None:
    """Draw inputs for what counts as a conversion and, where there are ``currencies`` with their
    labels, for the currency of revenue."""
    inputs(
        step,
        offered,
        label="Conversion",
        key="edit",
        write=lambda step: url_state.set_params(conversion=spell(step)),
    )
    if currencies:
        elements.select(
            "Count",
            currencies,
            currency,
            key="pick_currency",
            icon=":material/payments:",
            width=220,
            write=lambda code: url_state.set_params(conversion_currency=code),
        )


def conversion_card(page: Page, view: View, params: Mapping[str, Sequence[str]]) -> None:
    """Draw a card to choose the conversion, where the server counts visits with conversions."""
    if not view.whole_visits:
        return
    chosen = conversions.chosen(page, view, params)

    def draw(paths: Any, events: Any, listed: tuple[str, ...]) -> None:
        codes = conversions.choices(listed, chosen.currency)
        currencies = {code: f"Revenue in {code}" for code in codes}
        with elements.row():
            offered = suggestions(paths, events)
            conversion_inputs(chosen.step, chosen.currency, currencies, offered)

    for fault in conversions.faults(params):
        elements.show_note(fault)
    with elements.card("What counts as a conversion"):
        listed = conversions.ask_currencies(page, view)
        page.section(draw, *ask_suggestions(page, view), listed, height=60)


def value_input(
    label: str,
    key: str,
    value: str | None,
    offered: Sequence[str],
    changed: Callable[[], None],
    **options: Any,
) -> None:
    """Draw an input for a text or one of the ``offered`` values; ``changed`` reads the state."""
    st.session_state[key] = value or None
    st.selectbox(
        label,
        list(dict.fromkeys([*([value] if value else []), *offered])),
        index=None,
        key=key,
        accept_new_options=True,
        label_visibility="collapsed",
        on_change=authorized.callback(changed),
        **options,
    )


def saved_menu(
    view: View,
    kind: str,
    listed: Sequence[Report],
    to_save: dict[str, Any] | None,
    *,
    description: str = "",
    about: str = "",
) -> None:
    """Draw a popover that lists the saved reports of a kind and can save the current one.

    ``to_save`` are the parameters to save; ``None`` while there is nothing to save. ``about``
    describes them.
    """
    if name := authorized.data().pop(_SAVED, None):
        st.toast(plain(f"Saved in Umami as “{name}”."), icon=":material/bookmark_added:")
    with st.popover("Saved", icon=":material/bookmarks:", key="saved_reports"):
        of_kind = [report for report in listed if report.type == kind]
        if not of_kind:
            st.caption(f"No {kind} is saved for this website yet.")
        for report in of_kind:
            label, key = plain(report.name, 60), f"open_{report.id}"
            action_button(label, key, _open, report, icon="folder_open", type="tertiary")
        if to_save is None or not viewer.current().permissions.saves(view.website):
            return
        st.divider()
        if about:
            st.caption(plain(about))
        st.text_input("Name", key="save_name", placeholder="Name", max_chars=200)
        action_button(
            "Save in Umami",
            "save_report",
            _save,
            *(view, kind, to_save, description),
            icon="bookmark_add",
            width="stretch",
        )


def _open(report: Report) -> None:
    try:
        url_state.set_params(**saved.opening(report).parameters)
    except InvalidView as problem:
        url_state.note(str(problem))


def _save(view: View, kind: str, what: dict[str, Any], description: str) -> None:
    name = str(st.session_state.get("save_name") or "").strip()
    if not name:
        url_state.note("A report needs a name to be saved under.")
        return
    try:
        page_context.client().ask(
            reports.create_report(view.website, kind, name, what, description=description)
        )
    except UmamiError as problem:
        url_state.note(f"It was not saved. {problem} {problem.remedy}")
        return
    st.session_state["save_name"] = ""
    st.session_state["saved_reports"] = False
    authorized.data()[_SAVED] = name
