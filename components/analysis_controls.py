"""Analyses saved in Umami: opened from and saved to the server, on the page they belong to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from components import authorized, elements, page_context, url_state, viewer
from components.escaping import plain
from components.loading import Collector
from umami.analysis import saved
from umami.analysis.steps import KINDS
from umami.api import reports, traffic
from umami.api.records import Page
from umami.api.reports import FunnelStep, Report, StepKind
from umami.api.traffic import Value
from umami.errors import InvalidView, UmamiError
from umami.view import View

_SAVED: Final = "what was just saved"


def saved_menu(
    view: View,
    kind: str,
    making: Callable[[], dict[str, Any]] | None,
    listed: Page[Report],
    *,
    description: str = "",
    about: str = "",
) -> None:
    """Draw a popover that lists the saved reports of a kind and can save the current one.

    ``making`` returns the parameters to save; it is ``None`` while there is nothing to save.
    ``about`` describes the saved parameters.
    """
    if name := authorized.data().pop(_SAVED, None):
        st.toast(plain(f"Saved in Umami as “{name}”."), icon=":material/bookmark_added:")
    with st.popover("Saved", icon=":material/bookmarks:", key="saved_reports"):
        of_kind = [report for report in listed.rows if report.type == kind]
        if not of_kind:
            st.caption(f"No {kind} is saved for this website yet.")
        for report in of_kind:
            elements.text_button(
                plain(report.name, 60), _open, report, key=f"open_{report.id}", icon="folder_open"
            )
        if making is None or not viewer.current().permissions.saves(view.website):
            return
        st.divider()
        if about:
            st.caption(plain(about))
        st.text_input("Name", key="save_name", placeholder="Name", max_chars=200)
        arguments = (view.website, kind, making(), description)
        elements.action(
            "Save in Umami",
            _save,
            *arguments,
            key="save_report",
            icon="bookmark_add",
            width="stretch",
        )


def _open(report: Report) -> None:
    try:
        url_state.set_params(**saved.opening(report).parameters)
    except InvalidView as problem:
        url_state.note(str(problem))


def _save(website: str, kind: str, parameters: dict[str, Any], description: str) -> None:
    name = str(st.session_state.get("save_name") or "").strip()
    if not name:
        url_state.note("A report needs a name to be saved under.")
        return
    query = reports.create_report(website, kind, name, parameters, description=description)
    try:
        page_context.client().ask(query)
    except UmamiError as problem:
        url_state.note(f"It was not saved. {problem} {problem.remedy}")
        return
    st.session_state["save_name"] = ""
    st.session_state["saved_reports"] = False
    authorized.data()[_SAVED] = name


PLACEHOLDERS: dict[StepKind, str] = {
    "path": "Choose or type a page, such as /pricing or /blog/*",
    "event": "Choose or type the name of an event",
}
_NONE: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Values that occur in the period, the most frequent first."""

    paths: tuple[str, ...]
    events: tuple[str, ...]


def ask_suggestions(page: Collector, view: View) -> list[Future[tuple[Value, ...]]]:
    """Query pages and events to suggest; empty where the server does not support it."""
    return [page.hint(traffic.values(view, field), _NONE) for field in ("path", "event")]


def suggestions(paths: Sequence[Value], events: Sequence[Value]) -> Suggestions:
    """The suggestions from both answers, without rows that have no value."""
    return Suggestions(
        *(tuple(row.value for row in values if row.value) for values in (paths, events))
    )


def inputs(
    step: FunnelStep,
    offered: Suggestions,
    *,
    label: str,
    key: str,
    write: Callable[[FunnelStep], None],
) -> None:
    """Draw two inputs for one step; ``write`` receives the new step when either changes."""
    elements.select(
        f"{label}: kind",
        KINDS,
        step.kind,
        key=f"{key}_kind",
        write=lambda kind: write(FunnelStep(kind, "")),
        width=95,
    )
    values = offered.paths if step.kind == "path" else offered.events
    elements.bound(
        st.selectbox,
        f"{label}: {KINDS[step.kind].lower()}",
        step.value or None,
        key=f"{key}_value",
        write=lambda value: write(FunnelStep(step.kind, str(value or "").strip())),
        options=list(dict.fromkeys(filter(None, (step.value, *values)))),
        index=None,
        placeholder=PLACEHOLDERS[step.kind],
        accept_new_options=True,
    )
