"""Analyses saved in Umami: opened from and saved to the server, on the page they belong to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from components import authorized, page_context, url_state, viewer
from components.escaping import plain
from umami.analysis import saved
from umami.endpoints import reports
from umami.errors import InvalidView, UmamiError
from umami.models.records import Page
from umami.models.reports import Report
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
    """A popover with the saved reports of a kind, and a way to save this one.

    ``making`` gives the parameters to save, ``None`` while there is nothing to save; ``about``
    says what of the page they are.
    """
    if name := authorized.data().pop(_SAVED, None):
        st.toast(plain(f"Saved in Umami as “{name}”."), icon=":material/bookmark_added:")
    with st.popover("Saved", icon=":material/bookmarks:", key="saved_reports"):
        of_kind = [report for report in listed.rows if report.type == kind]
        if not of_kind:
            st.caption(f"No {kind} is saved for this website yet.")
        for report in of_kind:
            st.button(
                plain(report.name, 60),
                key=f"open_{report.id}",
                type="tertiary",
                icon=":material/folder_open:",
                on_click=authorized.callback(_open),
                args=(report,),
            )
        if making is None or not viewer.current().permissions.saves(view.website):
            return
        st.divider()
        if about:
            st.caption(plain(about))
        st.text_input("Name", key="save_name", placeholder="Name", max_chars=200)
        st.button(
            "Save in Umami",
            key="save_report",
            width="stretch",
            icon=":material/bookmark_add:",
            on_click=authorized.callback(_save),
            args=(view, kind, making(), description),
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
