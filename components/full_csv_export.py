"""A whole list of the server as one CSV: asked for page by page, written to disk as it comes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final, Generic, TypeVar

import pandas as pd
import streamlit as st

from access.authorized_client import AuthorizedClient
from components import authorized, elements, export_permissions, formats, page_context
from components.elements import show_error
from components.formats import Field, labelled
from components.table import to_csv
from umami.background_task import BackgroundTask, ProgressCallback
from umami.endpoint import Query
from umami.errors import UmamiError
from umami.fair_queue import Caller
from umami.models.paging import Page

T = TypeVar("T")

SIZE: Final = 500
"""Rows asked for at once."""


@dataclass(frozen=True, slots=True)
class Whole(Generic[T]):
    """A list: the question for one page of it (number and size), and the frame of some rows."""

    question: Callable[[int, int], Query[Page[T]]]
    frame: Callable[[Sequence[T]], pd.DataFrame]


def write(
    client: AuthorizedClient, whole: Whole[Any], fields: Sequence[Field], told: ProgressCallback
) -> IO[bytes]:
    """The whole list in a file that is gone once nobody holds it.

    Tells how many rows there are of how many. One page is in memory at a time; nothing of it
    takes the place of what viewers look at. Raises an ``UmamiError``, or what ``told`` raises.
    """
    caller = Caller()
    file = tempfile.TemporaryFile()  # noqa: SIM115
    number = rows = 0
    try:
        while True:
            number += 1
            question = whole.question(number, SIZE)
            found = client.submit(question, caller, keep=False).result()
            table = to_csv(labelled(whole.frame(found.rows), fields))
            # Every page has a heading of its own, and only the first one's is wanted.
            file.write(table if number == 1 else table.partition(b"\n")[2])
            rows += len(found.rows)
            told(rows, max(found.count, rows))
            if len(found.rows) < SIZE or rows >= found.count:
                return file
    except BaseException:
        file.close()
        raise


def export(
    whole: Whole[Any], fields: Sequence[Field], count: int, *, capped: bool, what: str, key: str
) -> None:
    """A button that gets the whole list, then how far that is, then the file to download.

    ``capped`` says that the server lists no more than the first ``count`` rows of a longer list.
    """
    if not export_permissions.allowed():
        return
    held, asked = f"{key}_whole", whole.question(1, SIZE).key
    of, work = _held(held)
    if work is not None and of != asked:
        # Another View is looked at by now.
        work.cancel()
        work = None

    def begin() -> None:
        client = page_context.client()
        begun = authorized.job(lambda told: write(client, whole, fields, told), "export")
        authorized.data()[held] = (asked, begun)

    if work is not None and work.state == "running":
        elements.show_progress(work, what=f"Getting {what}", key=key)
    elif work is not None and work.state == "done":
        file = work.result()
        of_all = "the first" if capped else "all"
        export_permissions.export_button(
            lambda: _read(file),
            file_name=f"{what.replace(' ', '-')}.csv",
            key=f"{key}_file",
            label=f"Download {of_all} {formats.whole(work.done)}",
        )
    else:
        if work is not None and work.state == "failed":
            _failed(work)
        st.button(
            f"Get {'the first' if capped else 'all'} {formats.whole(count)} as CSV",
            key=f"{key}_begin",
            type="tertiary",
            icon=":material/download:",
            on_click=authorized.callback(begin),
        )


def _held(name: str) -> tuple[str, BackgroundTask[IO[bytes]] | None]:
    found: tuple[str, BackgroundTask[IO[bytes]]] | None = authorized.data().get(name)
    return found or ("", None)


def _failed(work: BackgroundTask[Any]) -> None:
    try:
        work.result()
    except UmamiError as problem:
        show_error(problem)
    except Exception:
        show_error(UmamiError("The list could not be written."))


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
