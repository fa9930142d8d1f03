"""The way to a report from the page: what it is to show, as what, how far it is, the download.

The one module of reports that runs Streamlit.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from components import authorized, export_permissions, page_context, progress, url_state, viewer
from components.loading import fault_location
from components.notices import show_error
from components.page_registry import PAGES
from reports import build, files
from reports.asking import Given
from reports.chromium import PAPERS, Paper
from reports.files import FileKind
from umami.background_task import BackgroundTask, ProgressCallback, TaskCancelled
from umami.errors import UmamiError
from umami.models.websites import Website
from umami.view import View

KINDS: Final[dict[FileKind, str]] = {"html": "HTML", "pdf": "PDF", "xlsx": "XLSX"}
OWN: Final = (
    *("by", "measure", "field", "event", "event_property", "session_property", "step", "window"),
    *("grain", "steps", "start", "end", "through", "goal", "conversion", "conversion_currency"),
    "revenue_currency",
    *(name for page in PAGES for name in (*page.params, *page.list_params)),
)
"""Parameters of pages that say what is asked, whichever page they are of."""
_MAKING: Final = "the report that is made, or was made last"
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Making:
    work: BackgroundTask[bytes]
    file: str
    kind: FileKind
    website: str


def draw(sites: Sequence[Website], page: str, now: View) -> None:
    """A button that opens the choices; nothing for those who may not export.

    ``page`` is the page that is looked at: its own parameters count for its chapter.
    """
    if not viewer.current().permissions.exports(now.website):
        return
    with st.popover(
        "Report", icon=":material/article:", key="report_menu", on_change="rerun"
    ) as opened:
        if opened.open:
            _choices(sites, page, now)


def _choices(sites: Sequence[Website], page: str, now: View) -> None:
    st.caption("What you look at as one file: to send, to print, to calculate with.")
    titles = {
        area.name: area.title
        for area in build.offered()
        if viewer.current().permissions.opens(area.name)
    }
    first = page if page in titles else next(iter(titles), None)
    pages = st.multiselect(
        "Pages",
        list(titles),
        default=[first] if first else [],
        format_func=titles.__getitem__,
        key="report_pages",
        persist_state="session",
    )
    kind = st.segmented_control(
        "As",
        list(KINDS),
        default="html",
        format_func=KINDS.__getitem__,
        required=True,
        key="report_kind",
        persist_state="session",
    )
    if kind == "pdf":
        st.segmented_control(
            "Paper",
            list(PAPERS),
            default="A4",
            required=True,
            key="report_paper",
            persist_state="session",
        )
    making_now: _Making | None = authorized.data().get(_MAKING)
    running = making_now is not None and making_now.work.state == "running"
    st.button(
        "Make report",
        key="make_report",
        width="stretch",
        disabled=running or not pages,
        on_click=authorized.callback(_begin),
        args=(sites, page, now),
    )
    if making_now and running:
        progress.watch(making_now.work, what="Making", key="report")
    elif making_now:
        _over(making_now)


def _own() -> Given:
    """The parameters of the page that is looked at, as its inputs hold them."""
    held: dict[str, Any] = {name: st.session_state.get(name) for name in OWN}
    return {
        name: [value] if isinstance(value, str) else list(value)
        for name, value in held.items()
        if value
    }


def _begin(sites: Sequence[Website], page: str, now: View) -> None:
    # What was chosen a moment ago counts, though no run has seen it yet.
    looking = viewer.still()
    pages = [page for page in st.session_state["report_pages"] if looking.permissions.opens(page)]
    kind: FileKind = st.session_state["report_kind"]
    paper: Paper = st.session_state.get("report_paper") or "A4"
    given = {page: _own()}
    if not looking.permissions.exports(now.website):
        url_state.note("You may look at this, not take it along.")
        return
    before: _Making | None = authorized.data().get(_MAKING)
    if before:
        before.work.call_off()
    client = page_context.client()
    order = build.Order(now, pages, sites, given, tells_address=looking.permissions.admin)

    def make(told: ProgressCallback) -> bytes:
        def part(done: int, total: int) -> None:
            # The last part is the file.
            told(done, total + 1)

        return files.render(build.make(client, order, part), kind, paper)

    file = _file(now, sites, kind)
    viewer.record(looking, "export", f"report ({', '.join(pages)}) as {kind} of {now.website}")
    authorized.data()[_MAKING] = _Making(authorized.job(make, "report"), file, kind, now.website)


def _over(made: _Making) -> None:
    """The download, or why there is none."""
    try:
        contents = made.work.result(0)
    except TaskCancelled:
        st.caption("Called off.")
        return
    except UmamiError as problem:
        show_error(problem)
        return
    except Exception as problem:
        _LOG.error("a report could not be made: %s", fault_location(problem))
        show_error(UmamiError("The report could not be made."))
        return
    export_permissions.button(
        lambda: contents,
        file_name=made.file,
        key="report_download",
        mime=files.MIMES[made.kind],
        label=f"Download {KINDS[made.kind]} ({_size(len(contents))})",
        website=made.website,
        prominent=True,
    )


def _size(many: int) -> str:
    return f"{many / 1e6:.1f} MB" if many >= 100_000 else f"{many / 1e3:.0f} kB"


def _file(now: View, sites: Sequence[Website], kind: FileKind) -> str:
    """A name for the file, of letters and digits: ``shop-2026-09-01-2026-09-30.pdf``."""
    name = next((site.name for site in sites if site.id == now.website), "report")
    plain = re.sub(r"\W+", "-", name.casefold(), flags=re.ASCII).strip("-")[:40] or "report"
    days = now.params()
    period = [days[edge][0][:10] for edge in ("from", "to") if edge in days] or [now.preset]
    return f"{'-'.join((plain, *period))}.{kind}"
