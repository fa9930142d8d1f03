"""Reports: what was saved in Umami, opened, renamed, deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import pandas as pd
import streamlit as st

from components import (
    authorized,
    formats,
    navigation,
    page_context,
    page_registry,
    parameters,
    url_state,
    viewer,
)
from components.escaping import plain
from components.fields import Field
from components.notices import show_empty
from components.table import draw_table
from umami.analysis import saved
from umami.endpoint import Query
from umami.endpoints import reports
from umami.errors import InvalidView, UmamiError
from umami.models.paging import Page
from umami.models.reports import Report
from umami.view import View

KINDS: Final[dict[str, str]] = {
    kind: next(area.title for area in page_registry.PAGES if area.name == page)
    for kind, page in saved.PAGES.items()
}
_DONE: Final = "what was just done to a report"


def chosen() -> str:
    """The id of the report that is looked at, ``""`` where none is."""
    return (parameters.read("report")["report"] or [""])[-1]


def said() -> None:
    """Say what was just done to a report."""
    if done := authorized.data().pop(_DONE, None):
        st.toast(plain(done))


def saved_reports(view: View, looked_at: str, found: Page[Report]) -> None:
    """The list, and the report that was chosen from it."""
    if not found.rows:
        show_empty(
            "No report is saved for this website yet. Save a funnel or a goal on its page, or any "
            "report in Umami, and it is listed here."
        )
        return
    one = next((one for one in found.rows if one.id == looked_at), None)
    zone = view.period.timezone
    frame = pd.DataFrame(
        [
            (
                one.id,
                one.name or "(no name)",
                KINDS.get(one.type, one.type.capitalize()),
                one.description,
                _day(one.updated or one.created, zone),
            )
            for one in found.rows
        ],
        columns=["id", "name", "kind", "description", "changed"],
    )
    draw_table(
        frame,
        [
            Field("name", "Report", "text", note="description"),
            Field("kind", "Kind", "text"),
            Field("changed", "Changed", "text", wide=True),
        ],
        what="reports",
        key="reports",
        value="id",
        active=(looked_at,),
        on_choose=lambda id: parameters.write(report="" if id == looked_at else id),
        shown=50,
    )
    if found.count > len(found.rows):
        st.caption(f"The first {len(found.rows)} of {formats.whole(found.count)} are listed.")
    if one:
        _detail(view, one)
    elif looked_at:
        st.caption("The report of this link is not among those of this website.")
    else:
        st.caption("Choose a report to open, rename or delete it.")


def _day(moment: datetime | None, zone: str) -> str:
    if moment is None:
        return formats.ABSENT
    return formats.moment(pd.Timestamp(moment).tz_convert(zone), "day")


def _detail(view: View, report: Report) -> None:
    with st.container(border=True, key="report_detail"):
        st.subheader(plain(report.name or "(no name)", 100), anchor=False)
        try:
            opening = saved.opening(report)
        except InvalidView as problem:
            st.caption(plain(str(problem)))
        else:
            with st.container(horizontal=True, gap="small"):
                st.button(
                    "Open",
                    key="open",
                    type="primary",
                    icon=":material/open_in_new:",
                    help="With the period and filters above",
                    on_click=authorized.callback(_open),
                    args=(opening,),
                )
                if dates := saved.dates(report):
                    st.button(
                        "Open with its own dates",
                        key="open_dates",
                        on_click=authorized.callback(_open),
                        args=(opening, view, dates),
                    )
        if viewer.current().permissions.saves(view.website):
            _rename(view, report)
            _delete(report)


def _open(
    opening: saved.Opening,
    view: View | None = None,
    dates: tuple[datetime, datetime] | None = None,
) -> None:
    if view and dates:
        zone = view.period.timezone
        first, last = (pd.Timestamp(one).tz_convert(zone).date().isoformat() for one in dates)
        url_state.change({"period": ["custom"], "from": [first], "to": [last], "unit": []})
    navigation.go(opening.page, **opening.parameters)


def _rename(view: View, report: Report) -> None:
    st.session_state.setdefault(f"name_{report.id}", report.name)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input("Name", key=f"name_{report.id}", max_chars=200)
        st.button("Rename", key="rename", on_click=authorized.callback(_renamed), args=(report,))


def _renamed(report: Report) -> None:
    name = str(st.session_state[f"name_{report.id}"]).strip()
    if not name:
        url_state.note("A report needs a name.")
    elif name != report.name:
        _write(
            reports.update_report(
                report.id,
                report.website,
                report.type,
                name,
                report.parameters,
                report.description,
            ),
            f"Renamed to “{name}”.",
        )


def _delete(report: Report) -> None:
    with st.popover("Delete", icon=":material/delete:", key="delete_report"):
        st.markdown(f"Delete **{plain(report.name or '(no name)', 60)}** for everybody?")
        st.caption("The report is gone from Umami too. The data stays.")
        st.button(
            "Delete it",
            key="delete",
            type="primary",
            width="stretch",
            on_click=authorized.callback(_write),
            args=(reports.delete_report(report.id), f"“{report.name}” was deleted."),
        )


def _write(question: Query[Any], done: str) -> None:
    try:
        page_context.client().ask(question)
    except UmamiError as problem:
        url_state.note(f"{problem} {problem.remedy}")
    else:
        authorized.data()[_DONE] = done
