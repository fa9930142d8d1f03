"""The table of all pages: the first rows on the page, all rows in a dialog and as CSV; and lists
with server-side paging: search box, page buttons and a CSV export of all rows.

A Streamlit component (version 2) renders the rows without an iframe. It uses Streamlit's theme
variables, so it follows light and dark mode. New data replaces rows in place, so that nothing
flickers and the scroll position stays. All content is set as text, never as HTML.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Sequence
from csv import QUOTE_NONNUMERIC
from functools import partial
from typing import IO, Any, Final

import pandas as pd
import streamlit as st

from access.permissions import AuthorizedClient
from components import (
    authorized,
    elements,
    export_permissions,
    formats,
    freshness,
    page_context,
    texts,
    url_state,
)
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
from components.charts.common import curve_points
from components.escaping import harmless
from components.formats import Field, bar_lengths, labelled
from components.runtime import component
from components.texts import _
from umami import memoize
from umami.background_task import BackgroundTask, ProgressCallback
from umami.scheduling import Caller

_COMPONENT: Final = component("table")
HEAD, ROW, NOTED, MORE = 26, 33, 44, 53
"""The heights in pixels of a table's head, of a row, of a row with notes (``table.css``), and of
the button for more rows."""
_HEIGHTS: Final = "heights of tables without filters"


def draw_rows(
    block: Table,
    *,
    label: str,
    shown: int,
    active: Collection[str] = (),
    on_choose: Callable[[str], None] | None = None,
    sorts: bool = False,
) -> None:
    """Draw the first ``shown`` rows of a table; a click calls ``on_choose`` with the row's value.

    Rows whose value is ``active`` are marked. ``label`` names the table for screen readers. With
    ``sorts``, a click on a heading sorts all rows: the largest first, then the smallest first, then
    as before.
    """
    order = f"{block.key} is sorted by"
    at, descending = st.session_state.get(order, (0, True)) if sorts else (0, True)
    frame = block.frame
    if 0 < at < len(block.fields):
        frame = sorted_by(frame, block.fields[at].column, descending)
    else:
        at = 0

    def chosen() -> None:
        value: Any = st.session_state[block.key].chosen
        if on_choose and isinstance(value, str):
            on_choose(value)

    def sort() -> None:
        clicked: Any = st.session_state[block.key].sorted
        if isinstance(clicked, int):
            again = clicked == at
            st.session_state[order] = (
                (0, True) if again and not descending else (clicked, not again)
            )

    value = block.value if on_choose else None
    records = rows_of(frame, tuple(block.fields), value, tuple(active), shown)
    _COMPONENT(
        key=block.key,
        height=_height(block, records, has_more=len(frame) > shown),
        data={
            "label": label,
            "columns": [
                {name: getattr(field, name) for name in ("label", "number", "wide", "help")}
                for field in block.fields
            ],
            "records": records,
            "sorts": sorts,
            "sorted": {"at": at, "descending": descending} if at else None,
            "chooses": on_choose is not None,
            "height": block.height,
        },
        on_chosen_change=authorized.callback(chosen),
        on_sorted_change=authorized.callback(sort),
    )


def _height(block: Table, records: Sequence[dict[str, Any]], *, has_more: bool) -> int:
    """The height of a table in pixels.

    Under a filter, the table and the button for more rows keep the height that they had before, so
    that the page does not jump.
    """
    rows = (NOTED if any(cell["note"] for cell in record["cells"]) else ROW for record in records)
    height = HEAD + sum(rows)
    if block.height:
        return min(height, block.height)
    heights: dict[str, int] = st.session_state.setdefault(_HEIGHTS, {})
    more = MORE if has_more else 0
    if url_state.view().is_filtered:
        return max(height, heights.get(block.key, 0) - more)
    heights[block.key] = height + more
    return height


@memoize.memoize
def sorted_by(frame: pd.DataFrame, column: str, descending: bool) -> pd.DataFrame:
    """A frame sorted by a column, with missing values last."""
    return frame.sort_values(column, ascending=not descending, kind="stable", ignore_index=True)


@texts.memoize
def rows_of(
    frame: pd.DataFrame,
    fields: tuple[Field, ...],
    value: str | None,
    active: tuple[str, ...],
    shown: int,
) -> list[dict[str, Any]]:
    """The first ``shown`` rows of a frame as the component reads them.

    A cell has a text, a smaller ``note`` below it, a tone, a ``curve`` (the points of an SVG
    polyline in a box of 100 by 30) before it, and a bar (0 to 100) behind it.
    ``value`` is the column whose text a click passes; rows whose value is ``active`` are marked.
    """
    top = frame.head(shown)
    used = {name for field in fields for name in (field.column, field.note, field.curve)} | {value}
    columns = {name: top[name].tolist() for name in used if name is not None}
    rows = []
    for at, bar in enumerate(bar_lengths(top, fields)):
        cells: list[dict[str, Any]] = []
        for field in fields:
            content = columns[field.column][at]
            note = columns[field.note][at] if field.note else None
            cells.append(
                {
                    "text": field.shown(content),
                    "note": "" if note is None or pd.isna(note) else str(note),
                    "bar": None,
                    "curve": curve_points(columns[field.curve][at] or ()) if field.curve else "",
                    "tone": field.tone(content),
                }
            )
        cells[0]["bar"] = bar
        clicked = columns[value][at] if value else None
        text = clicked if isinstance(clicked, str) else None
        rows.append({"cells": cells, "value": text, "active": clicked in active})
    return rows


def draw_table(
    block: Table, active: Collection[str], on_choose: Callable[[str], None] | None
) -> None:
    """Draw the first rows of a table, a button for all rows, and a CSV download."""
    title, count = block.title, len(block.frame)
    label = texts.capitalised(title)
    draw_rows(block, label=label, shown=block.shown, active=active, on_choose=on_choose, sorts=True)
    fields = [*block.fields, *block.more_fields]
    with elements.row():
        if count > block.shown and st.button(
            _("All {count} {title}").format(count=formats.whole(count), title=title),
            key=f"{block.key}_all",
            type="tertiary",
            icon=":material/open_in_full:",
        ):
            authorized.dialog(texts.capitalised(title), lambda: _full_list(block, fields))
        if block.csv:
            csv_button(lambda: labelled(block.frame, fields), what=title, key=block.key)


def _full_list(block: Table, fields: Sequence[Field]) -> None:
    """Draw all rows in a dialog with search and sorting."""
    freshness.hold()
    needle = st.text_input(
        _("Search"),
        type="search",
        placeholder=_("Search {count} {title}").format(
            count=formats.whole(len(block.frame)), title=block.title
        ),
        label_visibility="collapsed",
        live=True,
        key=f"{block.key}_search",
    )
    matching = search(labelled(block.frame, fields), needle or "")
    named = dict(zip(formats.headings(fields), fields, strict=True))
    st.dataframe(
        # Sorted as numbers and dates, shown as on the page.
        matching.style.format({name: field.shown for name, field in named.items()}),
        hide_index=True,
        height=430,
        lazy=False,
        placeholder=formats.ABSENT,
        column_config={
            name: st.column_config.TextColumn(width="large" if at == 0 else None)
            for at, (name, field) in enumerate(named.items())
            if field.kind == "text"
        },
    )
    csv_button(lambda: matching, what=block.title, key=f"{block.key}_found")


def csv_button(make: Callable[[], pd.DataFrame], *, what: str, key: str) -> None:
    """Draw a CSV download of a frame that ``labelled`` made."""
    name = f"{what.replace(' ', '-')}.csv"
    export_permissions.export_button(lambda: to_csv(make()), file_name=name, key=f"{key}_csv")


def search(frame: pd.DataFrame, needle: str) -> pd.DataFrame:
    """The rows that contain this text in any text column, ignoring case."""
    hits = pd.DataFrame(
        {
            name: frame[name].astype("str").str.contains(needle, case=False, regex=False)
            for name in frame.select_dtypes(exclude="number")
        }
    )
    return frame[hits.any(axis=1)]


def to_csv(frame: pd.DataFrame) -> bytes:
    """A table as CSV in UTF-8 with BOM, in which no spreadsheet finds formulas.

    All text is quoted, so that spreadsheets with another separator do not split cells.
    """
    safe = frame.map(harmless).rename(columns=harmless)
    text: str = safe.to_csv(index=False, quoting=QUOTE_NONNUMERIC)
    return text.encode("utf-8-sig")


def search_box(now: ListPosition, placeholder: str) -> None:
    """Draw the search input of a list; a new search begins at the first page."""
    page, search = list_param_names(now.name)
    elements.bound(
        st.text_input,
        _("Search"),
        now.search or "",
        key=f"pick_{search}",
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
        _("{first}–{last} of {at_least}{count} {title}").format(
            first=formats.whole(first),
            last=formats.whole(first + rows - 1),
            at_least=_("at least ") if paging.capped else "",
            count=formats.whole(paging.count),
            title=title,
        )
    )
    draw_rows(block, label=texts.capitalised(title), shown=rows, on_choose=on_choose)
    with elements.row():
        page_buttons(now, min(-(-paging.count // PAGE_SIZE), LAST_PAGE), key=block.key)
        make = partial(labelled, block.frame, block.fields)
        csv_button(
            make, what=_("{title} page {page}").format(title=title, page=now.page), key=block.key
        )
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
    some = _("the first") if paging.capped else _("all")
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
        elements.show_progress(
            task, what=_("Getting {title}").format(title=paging.title), key=block.key
        )
        return
    if task and task.state == "done":
        file = task.result()
        export_permissions.export_button(
            lambda: _read(file),
            file_name=f"{paging.title.replace(' ', '-')}.csv",
            key=f"{block.key}_file",
            label=_("Download {some} {done}").format(some=some, done=formats.whole(task.done)),
        )
        return
    if task and task.state == "failed":
        try:
            task.result()
        except Exception as problem:
            elements.show_fault(problem, _("The list could not be exported."))
    elements.text_button(
        _("Export {some} ({count})").format(some=some, count=formats.whole(paging.count)),
        f"{block.key}_begin",
        begin,
        icon="download",
    )


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
