"""Saved: open, rename and delete the analyses that are saved in Umami."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import streamlit as st

from components import authorized, navigation, page_context, url_state, viewer
from components.areas import reports as area
from components.elements import action_button
from components.escaping import plain
from components.texts import _
from umami.analysis.saved import Opening
from umami.api import reports
from umami.api.reports import Report
from umami.endpoint import Query
from umami.parsing import Page
from umami.view import View

_DONE: Final = "message about a changed report"


def show_done() -> None:
    """Confirm what was done with a report. Call once per run of the page."""
    if done := authorized.data().pop(_DONE, None):
        st.toast(plain(done))


def detail(view: View, selected: str, saved_reports: Page[Report]) -> None:
    """Buttons for the selected report."""
    report = next((report for report in saved_reports.rows if report.id == selected), None)
    if report is None:
        return
    with st.container(border=True, key="report_detail"):
        st.header(plain(area.name(report), 100), anchor=False)
        opening = area.opening(report)
        if isinstance(opening, Opening):
            _open_buttons(opening, area.custom_dates(view, report))
        else:
            st.caption(plain(opening))
        if viewer.current().permissions.saves(view.website):
            _rename_input(report)
            _delete_button(report)


def _open_buttons(opening: Opening, dates: Mapping[str, list[str]]) -> None:
    """Buttons that open the report on its page."""
    with st.container(horizontal=True, gap="small"):
        about = _("With the current period and filters")
        button = partial(action_button, type="primary", icon="open_in_new", help=about)
        button(_("Open"), "open", _open_report, opening)
        if dates:
            action_button(_("Open with its own dates"), "open_dates", _open_report, opening, dates)


def _open_report(opening: Opening, dates: Mapping[str, list[str]] | None = None) -> None:
    """Go to the page of a report, with its own dates if ``dates`` is set."""
    if dates:
        url_state.change(dates)
    navigation.go(opening.page, **opening.parameters)


def _rename_input(report: Report) -> None:
    """An input for a new name."""
    key = f"name_{report.id}"
    st.session_state.setdefault(key, report.name)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(_("Name"), key=key, max_chars=200)
        action_button(_("Rename"), "rename", _rename, report, key)


def _rename(report: Report, key: str) -> None:
    """Rename a report to the text of the input."""
    name = str(st.session_state[key]).strip()
    if not name:
        url_state.note(_("Enter a name for the report."))
    elif name != report.name:
        query = reports.update_report(
            report.id, report.website, report.type, name, report.parameters, report.description
        )
        _send(query, _("Renamed to “{name}”.").format(name=name))


def _delete_button(report: Report) -> None:
    """A button that deletes the report after a confirmation."""
    with st.popover(_("Delete"), icon=":material/delete:", key="delete_report"):
        st.markdown(_("Delete **{name}** for everyone?").format(name=plain(area.name(report), 60)))
        st.caption(_("This deletes the report in Umami, too. The data remain."))
        action_button(_("Delete it"), "delete", _delete, report, type="primary", width="stretch")


def _delete(report: Report) -> None:
    """Delete the report and forget that it is selected."""
    _send(reports.delete_report(report.id), _("“{name}” was deleted.").format(name=report.name))
    url_state.set_params(report="")


def _send(query: Query[Any], done: str) -> None:
    """Send a change to the server; the next run shows ``done``."""
    page_context.client().ask(query)
    authorized.data()[_DONE] = done
