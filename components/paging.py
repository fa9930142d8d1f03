"""Lists with server-side paging: search box, page buttons and a CSV export of all rows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from typing import IO, Any, Final

import streamlit as st

from access.authorized_client import AuthorizedClient
from components import authorized, elements, export_permissions, formats, page_context, url_state
from components.blocks import (
    LAST_PAGE,
    LONGEST_SEARCH,
    PAGE_SIZE,
    FullList,
    ListPosition,
    Paging,
    Table,
    list_param_names,
)
from components.formats import Field, labelled
from components.table import csv_button, draw_rows, to_csv
from umami.background_task import BackgroundTask, ProgressCallback
from umami.fair_queue import Caller


def search_box(now: ListPosition, placeholder: str) -> None:
    """Draw the search input of a list; a new search begins at the first page."""
    page, search = list_param_names(now.name)
    elements.bound(
        st.text_input,
        "Search",
        now.search or "",
        key="pick_search",
        write=lambda text: url_state.set_params(**{page: "", search: str(text or "").strip()}),
        type="search",
        placeholder=placeholder,
        max_chars=LONGEST_SEARCH,
        icon=":material/search:",
    )


def draw_page(block: Table, paging: Paging, on_choose: Callable[[str], None] | None) -> None:
    """Draw one page of a list, the page buttons, its CSV and the export of the full list."""
    now, title, rows = paging.position, paging.title, len(block.frame)
    first = (now.page - 1) * PAGE_SIZE + 1
    st.caption(
        f"{formats.whole(first)}–{formats.whole(first + rows - 1)} of "
        f"{'at least ' if paging.capped else ''}{formats.whole(paging.count)} {title}"
    )
    draw_rows(block, label=title.capitalize(), shown=rows, on_choose=on_choose)
    with elements.row():
        page_buttons(now, min(-(-paging.count // PAGE_SIZE), LAST_PAGE), key=block.key)
        make = partial(labelled, block.frame, block.fields)
        csv_button(make, what=f"{title} page {now.page}", key=block.key)
    if paging.full and paging.count > rows and export_permissions.allowed():
        _export(paging.full, paging, block)


def page_buttons(now: ListPosition, pages: int, *, key: str) -> None:
    """Draw the page buttons of a list, if it has several pages."""
    if pages < 2:
        return
    at = min(now.page, pages)
    # The URL holds the current page, so each page gets a new widget.
    number = f"{key}_page_{at}"

    def turn() -> None:
        page = st.session_state[number]
        url_state.set_params(**{list_param_names(now.name)[0]: "" if page == 1 else str(page)})

    st.pagination(pages, default=at, key=number, on_change=authorized.callback(turn))


EXPORT_SIZE: Final = 500
"""Rows per query of an export."""


def write(
    client: AuthorizedClient,
    full: FullList[Any],
    fields: Sequence[Field],
    report: ProgressCallback,
) -> IO[bytes]:
    """Write the full list to a temporary file that is deleted when it is closed.

    ``report`` receives the number of rows written and the total. One page is in memory at a time,
    and none enters the cache. Raises ``UmamiError`` and any exception of ``report``.
    """
    caller = Caller()
    file = tempfile.TemporaryFile()  # noqa: SIM115
    number = rows = 0
    try:
        while True:
            number += 1
            query = full.query(number, EXPORT_SIZE)
            page = client.submit(query, caller, keep=False).result()
            table = to_csv(labelled(full.frame(page.rows), fields))
            # Only the header of the first page is written.
            file.write(table if number == 1 else table.partition(b"\n")[2])
            rows += len(page.rows)
            report(rows, max(page.count, rows))
            if len(page.rows) < EXPORT_SIZE or rows >= page.count:
                return file
    except BaseException:
        file.close()
        raise


def _export(full: FullList[Any], paging: Paging, block: Table) -> None:
    """Draw a button that exports the full list, then the progress, then a download button."""
    name, query = f"{block.key}_full", full.query(1, EXPORT_SIZE).key
    some = "the first" if paging.capped else "all"
    task: BackgroundTask[IO[bytes]] | None
    exported, task = authorized.data().get(name, (query, None))
    if task and exported != query:
        # The View has changed since the export started.
        task.cancel()
        task = None

    def begin() -> None:
        client = page_context.client()
        task = authorized.job(lambda report: write(client, full, block.fields, report), "export")
        authorized.data()[name] = (query, task)

    if task and task.state == "running":
        elements.show_progress(task, what=f"Getting {paging.title}", key=block.key)
        return
    if task and task.state == "done":
        file = task.result()
        export_permissions.export_button(
            lambda: _read(file),
            file_name=f"{paging.title.replace(' ', '-')}.csv",
            key=f"{block.key}_file",
            label=f"Download {some} {formats.whole(task.done)}",
        )
        return
    if task and task.state == "failed":
        try:
            task.result()
        except Exception as problem:
            elements.show_fault(problem, "The list could not be exported.")
    elements.text_button(
        f"Export {some} ({formats.whole(paging.count)})",
        f"{block.key}_begin",
        begin,
        icon="download",
    )


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
