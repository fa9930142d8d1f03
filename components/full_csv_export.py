"""A full list of the server as one CSV: queried page by page, written to disk as it arrives."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import IO, Any, Final

import streamlit as st

from access.authorized_client import AuthorizedClient
from components import authorized, export_permissions, formats, notices, page_context
from components.blocks import FullList
from components.fields import Field, labelled
from components.notices import show_error
from components.table import to_csv
from umami.background_task import BackgroundTask, ProgressCallback
from umami.errors import UmamiError
from umami.fair_queue import Caller

SIZE: Final = 500
"""Rows of a query."""


def write(
    client: AuthorizedClient,
    full: FullList[Any],
    fields: Sequence[Field],
    report: ProgressCallback,
) -> IO[bytes]:
    """The full list in a file that is deleted once nobody holds it.

    ``report`` hears how many rows there are of how many. One page is in memory at a time, and
    none enters the cache. Raises an ``UmamiError``, or what ``report`` raises.
    """
    caller = Caller()
    file = tempfile.TemporaryFile()  # noqa: SIM115
    number = rows = 0
    try:
        while True:
            number += 1
            query = full.query(number, SIZE)
            page = client.submit(query, caller, keep=False).result()
            table = to_csv(labelled(full.frame(page.rows), fields))
            # Every page has a heading, and the file needs only that of the first.
            file.write(table if number == 1 else table.partition(b"\n")[2])
            rows += len(page.rows)
            report(rows, max(page.count, rows))
            if len(page.rows) < SIZE or rows >= page.count:
                return file
    except BaseException:
        file.close()
        raise


def export(
    full: FullList[Any], fields: Sequence[Field], count: int, *, capped: bool, what: str, key: str
) -> None:
    """A button that gets the full list, then the progress, then the file to download.

    ``capped`` says that the server lists no more than the first ``count`` rows of a longer list.
    """
    if not export_permissions.allowed():
        return
    name, query = f"{key}_full", full.query(1, SIZE).key
    held: tuple[str, BackgroundTask[IO[bytes]]] | None = authorized.data().get(name)
    task = held[1] if held else None
    if held and task and held[0] != query:
        # The viewer looks at another View by now.
        task.call_off()
        task = None

    def begin() -> None:
        client = page_context.client()
        task = authorized.job(lambda report: write(client, full, fields, report), "export")
        authorized.data()[name] = (query, task)

    if task is not None and task.state == "running":
        notices.show_progress(task, what=f"Getting {what}", key=key)
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
            f"Get {'the first' if capped else 'all'} {formats.whole(count)} as CSV",
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
        show_error(UmamiError("The list could not be written."))


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
