"""Lists with server-side paging: search box, page buttons and a CSV export of all rows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
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
from components.elements import show_error
from components.formats import Field, labelled
from components.table import columns_of, csv_button, draw_rows, rows_of, to_csv
from umami.background_task import BackgroundTask, ProgressCallback
from umami.errors import UmamiError
from umami.scheduling import Caller


def search_box(now: ListPosition, placeholder: str) -> None:
    """Draw the search input of a list; a new search begins at the first page."""
    st.session_state["pick_search"] = now.search or ""

    def changed() -> None:
        text: Any = st.session_state["pick_search"]
        turn(now.name)
        url_state.set_params(**{list_param_names(now.name)[1]: str(text or "").strip()})

    st.text_input(
        "Search",
        type="search",
        key="pick_search",
        placeholder=placeholder,
        max_chars=LONGEST_SEARCH,
        label_visibility="collapsed",
        icon=":material/search:",
        on_change=authorized.callback(changed),
    )


def table(block: Table, paging: Paging, on_choose: Callable[[str], None] | None) -> None:
    """Draw one page of a list, the page buttons, its CSV and the export of the full list."""
    now, title, rows = paging.position, paging.title, len(block.frame)
    count = formats.whole(paging.count)
    first = (now.page - 1) * PAGE_SIZE + 1
    st.caption(
        f"{formats.whole(first)}–{formats.whole(first + rows - 1)} of "
        f"{'at least ' if paging.capped else ''}{count} {title}"
    )
    draw_rows(
        columns_of(block.fields),
        rows_of(block.frame, block.fields, value=block.value),
        label=title.capitalize(),
        key=block.key,
        on_choose=on_choose,
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        page_buttons(now, min(-(-paging.count // PAGE_SIZE), LAST_PAGE), key=block.key)
        csv_button(block.frame, block.fields, what=f"{title} page {now.page}", key=block.key)
    if paging.full and paging.count > rows:
        export(
            paging.full,
            block.fields,
            paging.count,
            capped=paging.capped,
            what=title,
            key=block.key,
        )


def page_buttons(now: ListPosition, pages: int, *, key: str) -> None:
    """Draw the page buttons of a list, if it has several pages."""
    if pages < 2:
        return
    at = min(now.page, pages)
    # The URL holds the current page, so each page gets a new widget.
    number = f"{key}_page_{at}"
    st.pagination(
        pages,
        default=at,
        key=number,
        on_change=authorized.callback(lambda: turn(now.name, st.session_state[number])),
    )


def turn(name: str, page: int = 1) -> None:
    """Open another page of the list with this name. Call it in a callback."""
    url_state.set_params(**{list_param_names(name)[0]: "" if page == 1 else str(page)})


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


def export(
    full: FullList[Any], fields: Sequence[Field], count: int, *, capped: bool, what: str, key: str
) -> None:
    """Draw a button that exports the full list, then the progress, then a download button.

    ``capped`` means that the server returns only the first ``count`` rows of a longer list.
    """
    if not export_permissions.allowed():
        return
    name, query = f"{key}_full", full.query(1, EXPORT_SIZE).key
    held: tuple[str, BackgroundTask[IO[bytes]]] | None = authorized.data().get(name)
    task = held[1] if held else None
    if held and task and held[0] != query:
        # The View has changed since the export started.
        task.cancel()
        task = None

    def begin() -> None:
        client = page_context.client()
        task = authorized.job(lambda report: write(client, full, fields, report), "export")
        authorized.data()[name] = (query, task)

    if task is not None and task.state == "running":
        elements.show_progress(task, what=f"Getting {what}", key=key)
    elif task is not None and task.state == "done":
        file = task.result()
        all_rows = "the first" if capped else "all"
        export_permissions.export_button(
            lambda: _read(file),
            file_name=f"{what.replace(' ', '-')}.csv",
            key=f"{key}_file",
            label=f"Download {all_rows} {formats.whole(task.done)}",
        )
    else:
        if task is not None and task.state == "failed":
            _show_failure(task)
        st.button(
            f"Export {'the first' if capped else 'all'} ({formats.whole(count)})",
            key=f"{key}_begin",
            type="tertiary",
            icon=":material/download:",
            on_click=authorized.callback(begin),
        )


def _show_failure(task: BackgroundTask[Any]) -> None:
    try:
        task.result()
    except UmamiError as problem:
        show_error(problem)
    except Exception:
        show_error(UmamiError("The list could not be exported."))


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
