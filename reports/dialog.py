"""The menu of a page that makes a report: its choices, its progress and the download.

This is the only module of reports that uses Streamlit.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import streamlit as st

from components import (
    authorized,
    elements,
    export_permissions,
    formats,
    navigation,
    page_context,
    url_state,
    viewer,
)
from components.blocks import Params
from components.elements import show_error
from components.loading import fault_location
from components.page_registry import OWN_PARAMS
from components.texts import _
from reports import build, forms
from reports.build import FileKind
from reports.chromium import PAPERS, Paper
from umami.api.websites import Website
from umami.background_task import BackgroundTask, ProgressCallback, TaskCancelled
from umami.errors import UmamiError
from umami.view import View

_JOB: Final = "the report that is made, or was made last"
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Job:
    task: BackgroundTask[bytes]
    file: str
    kind: FileKind
    website: str


def draw(sites: Sequence[Website], page: str, view: View) -> None:
    """Draw a button that opens the menu, unless the viewer may not export.

    ``page`` is the current page, whose own parameters apply to its chapter.
    """
    if not viewer.current().permissions.exports(view.website):
        return
    with st.popover(
        _("Export"), icon=":material/download:", key="report_menu", on_change="rerun"
    ) as menu:
        if menu.open:
            _menu(sites, page, view)


def _menu(sites: Sequence[Website], page: str, view: View) -> None:
    st.caption(_("Export this view as one file to send, print or analyse."))
    mine = navigation.opened(viewer.current().permissions)
    titles = {area.name: _(area.title) for area in build.offered() if area in mine}
    first = page if page in titles else next(iter(titles), None)
    pages = st.multiselect(
        _("Pages"),
        list(titles),
        default=[first] if first else [],
        format_func=titles.__getitem__,
        key="report_pages",
        persist_state="session",
    )
    choice = partial(st.segmented_control, required=True, persist_state="session")
    kind = choice(
        _("Format"), list(build.MIMES), default="html", format_func=str.upper, key="report_kind"
    )
    if kind == "pdf":
        choice(_("Paper"), list(PAPERS), default="A4", key="report_paper")
    job: _Job | None = authorized.data().get(_JOB)
    running = job is not None and job.task.state == "running"
    button = partial(elements.action_button, width="stretch", disabled=running or not pages)
    button(_("Create file"), "make_report", _start, sites, page, view)
    forms.send_button(sites, page)
    if job and running:
        elements.show_progress(job.task, what=_("Creating"), key="report")
    elif job:
        _download(job)


def _params() -> Params:
    """Return the own parameters of the current page, from the state of its widgets."""
    return {
        name: [value] if isinstance(value, str) else list(value)
        for name in OWN_PARAMS
        if (value := st.session_state.get(name))
    }


def _start(sites: Sequence[Website], page: str, view: View) -> None:
    # The session's state is newer than what the last run has seen.
    looking = viewer.still()
    pages = [name for name in st.session_state["report_pages"] if looking.permissions.opens(name)]
    kind: FileKind = st.session_state["report_kind"]
    paper: Paper = st.session_state.get("report_paper") or "A4"
    if not looking.permissions.exports(view.website):
        url_state.note(_("You cannot export this website."))
        return
    before: _Job | None = authorized.data().get(_JOB)
    if before:
        before.task.cancel()
    client, sites = build.within_exports(page_context.client(), sites)
    reader = page_context.reader()
    order = build.Order(view, pages, sites, {page: _params()}, looking.permissions.admin)

    def make(progress: ProgressCallback) -> bytes:
        # Rendering the file is one more step after the chapters.
        report = build.make(client, order, lambda done, total: progress(done, total + 1), reader)
        return build.render(report, kind, paper)

    viewer.record(looking, "export", f"report ({', '.join(pages)}) as {kind} of {view.website}")
    task = authorized.job(make, "report")
    authorized.data()[_JOB] = _Job(task, _file_name(view, sites, kind), kind, view.website)


def _download(job: _Job) -> None:
    """Draw the download button of a finished job, or why there is no file."""
    try:
        content = job.task.result(0)
    except TaskCancelled:
        st.caption(_("Cancelled."))
        return
    except UmamiError as problem:
        show_error(problem)
        return
    except Exception as problem:
        _LOG.error("a report could not be made: %s", fault_location(problem))
        show_error(UmamiError(_("The file could not be created.")))
        return
    size = len(content)
    shown = (
        _("{size} MB").format(size=formats.decimal(size / 1e6, 1))
        if size >= 100_000
        else _("{size} kB").format(size=formats.whole(size / 1e3))
    )
    export_permissions.export_button(
        lambda: content,
        file_name=job.file,
        key="report_download",
        mime=build.MIMES[job.kind],
        label=_("Download {kind} ({shown})").format(kind=job.kind.upper(), shown=shown),
        website=job.website,
        prominent=True,
    )


def _file_name(view: View, sites: Sequence[Website], kind: FileKind) -> str:
    """Return a file name of letters and digits: ``shop-2026-09-01-2026-09-30.pdf``."""
    name = next((site.name for site in sites if site.id == view.website), "report")
    params = view.params()
    days = [params[edge][0][:10] for edge in ("from", "to") if edge in params] or [view.preset]
    return f"{'-'.join((build.file_stem(name), *days))}.{kind}"
