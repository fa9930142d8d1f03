"""Everything that pages, downloads and reports contain, as text files, to compare two commits.

``python -m tests.dump FOLDER`` opens every page over the recorded tables and over the demo, with
and without a comparison and filters, opens the dialogs with all rows, makes every download, and
makes a report of all pages. The clock stands still, so that two runs of one commit write equal
folders. Compare the folders of two commits with ``diff -r``: a refactoring changes no line but the
texts that were meant to change.

The dump knows the application by its pages' files and by the command ``python -m reports`` only,
not by its modules.
"""

from __future__ import annotations

import base64
import gzip
import json
import multiprocessing
import os
import re
import runpy
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final
from unittest.mock import patch
from urllib.parse import urlencode

import duckdb
import openpyxl
import time_machine
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.testing.v1 import AppTest

from tests.support.pages import CHOICES, MORE, Parameters

ROOT: Final = Path(__file__).parents[1]
TABLES: Final = ROOT / "tests" / "contract" / "data" / "tables"
SHOP: Final = json.loads((TABLES.parent / "websites.json").read_text())["shop"]
NOW: Final = datetime(2026, 10, 20, 10, 30, 15, tzinfo=UTC)
"""The moment of the dump. The demo ends here."""
DAYS: Final = {"period": "custom", "from": "2026-08-01", "to": "2026-09-30", "tz": "Europe/Berlin"}
VIEWS: Final[dict[str, Parameters]] = {
    "plain": {"compare": "none"},
    "compared": {"compare": "previous"},
    "filtered": {"compare": "year", "filter": "country.eq.DE"},
    "running": {"period": "month", "compare": "previous"},
}
STATES: Final[dict[str, tuple[Parameters, ...]]] = {
    "attribution": ({}, {"conversion": "path./cart"}),
    "breakdown": ({}, {"field": ["path", "os"], "measure": "views"}),
    "compare": ({}, {"by": "country"}, {"by": "event"}),
    "events": ({},),
    "funnel": ({}, {"step": ["1.path./", "2.path./cart"], "window": "60"}),
    "goals": ({},),
    "journey": ({}, {"steps": "3", "start": "/"}),
    "retention": ({"grain": "day"}, {"grain": "month"}),
    "revenue": ({}, {"revenue_currency": "USD"}),
    "sessions": ({},),
    "utm": ({},),
    "websites": ({},),
    "overview": ({"period": "nonsense", "filter": "nonsense"},),
}
"""More states of pages, as parameters of the URL."""
WEBSITES: Final = {"recorded": SHOP, "demo": "fjordfern.example"}
_ADDRESS: Final = re.compile(r"127\W+0\W+0\W+1:\W*\d+")
_PACKED: Final = re.compile(r"H4sI[A-Za-z0-9+/=]+")
"""Gzip in Base64."""
_RANDOM_ID: Final = re.compile(r"\$\$\w+-[0-9a-f]+-|[0-9a-f]{56,64}|st-[0-9a-f-]{36}")
_DEFERRED_ID: Final = re.compile(r'("deferredFileId": ")[0-9a-f]{32}')
_TIMEOUT: Final = 600
"""Seconds that a page may take; generous, as other work may keep the processor busy."""

_MOST_RUNS: Final = 300
"""Runs of a page in which a whole list has to be there."""
Files = list[tuple[str | None, Callable[[], bytes]]]
"""Names of the downloads of a page, and what makes their contents."""


def main(folder: Path) -> None:
    """Write the dump into a folder, each source in a process of its own."""
    for source in WEBSITES:
        process = multiprocessing.get_context("spawn").Process(target=_dump, args=(source, folder))
        process.start()
        process.join()
        if process.exitcode:
            sys.exit(f"The dump of {source} failed.")


def _dump(source: str, folder: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("UMAMI_", "DASHBOARD_"))]:
        del os.environ[name]
    os.environ["DASHBOARD_OPEN"] = "yes"
    if source == "recorded":
        os.environ["UMAMI_DATA"] = str(TABLES)
    with (
        time_machine.travel(NOW, tick=False),
        patch.object(duckdb, "connect", _with_single_thread(duckdb.connect)),
    ):
        for name, text in chain(_pages(source), _reports(source)):
            path = folder / source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_stable(text))
            print(path, flush=True)


def _with_single_thread(
    connect: Callable[..., duckdb.DuckDBPyConnection],
) -> Callable[..., duckdb.DuckDBPyConnection]:
    """``duckdb.connect`` with one thread: several put rows that are equal in any order."""

    def connect_with(
        *arguments: str, config: Mapping[str, object] | None = None, **options: bool
    ) -> duckdb.DuckDBPyConnection:
        return connect(*arguments, config={**(config or {}), "threads": 1}, **options)

    return connect_with


def _pages(source: str) -> Iterator[tuple[str, str]]:
    website: Parameters = {"website": SHOP} if source == "recorded" else {}
    for file in sorted((ROOT / "pages").glob("*.py")):
        states = [CHOICES.get(file.stem, {}), *STATES.get(file.stem, ())]
        if source == "recorded" and file.stem in MORE:
            states.append(MORE[file.stem])
        for number, state in enumerate(states):
            for view, parameters in VIEWS.items():
                # The first state in every View, the others in one.
                if number == 0 or view == "compared":
                    text = _page(file, {**website, **DAYS, **parameters, **state})
                    yield f"pages/{file.stem}-{number}-{view}.txt", text


def _page(file: Path, query: Parameters) -> str:
    """A page and its downloads, and what is new on it in other tabs, popovers and dialogs."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=_TIMEOUT)
    if file.stem != "overview":
        app.switch_page(f"pages/{file.name}")
    for key, value in query.items():
        app.query_params[key] = value
    files: Files = []
    with patch.object(MediaFileManager, "add_deferred", _remembering(files)):
        lines = [*_drawn(app.run()), *_contents(files)]
        for title, operate in _operations(app):
            operate()
            for _ in range(_MOST_RUNS):
                files.clear()
                drawn = _drawn(app.run())
                # A job that writes a file goes on.
                if not any(button.label == "Cancel" for button in app.button):
                    break
            seen = set(lines)
            lines.append(f"== {title}")
            lines += [line for line in (*drawn, *_contents(files)) if line not in seen]
    return "\n".join(lines)


def _operations(app: AppTest) -> Iterator[tuple[str, Callable[[], None]]]:
    """What opens more of a page as it is drawn now: a title, and what to do before the next run."""
    blocks = [block for block in app if getattr(block, "type", "") in ("tab_container", "popover")]
    for number in range(max((len(block.children) for block in blocks), default=1)):
        chosen: dict[str, str | bool] = {}
        for block in blocks:
            if block.type == "popover" and block.proto.popover.id:
                chosen[block.key] = number == 0
            elif block.type == "tab_container" and number < len(block.children):
                chosen[block.key] = block.children[number].label
        yield f"{chosen}", partial(_set, app, chosen)
    for label in [button.label for button in app.button]:
        # The last form is that of earlier commits.
        if re.match(
            r"All [\d,]+ |Export .+ \((\d\d?,)?\d{1,3}\)$|Get \D+(\d\d?,)?\d{1,3} as CSV$", label
        ):
            yield label, partial(_press, app, label)


def _set(app: AppTest, state: dict[str, str | bool]) -> None:
    for key, value in state.items():
        app.session_state[key] = value


def _press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click()


def _drawn(app: AppTest) -> list[str]:
    """The elements of a page in their order, each with all that the browser is sent."""
    assert not app.exception, app.exception
    lines = []
    for element in app:
        proto = getattr(element, "proto", None)
        if proto is not None and hasattr(proto, "DESCRIPTOR"):
            fields = json.dumps(MessageToDict(proto), sort_keys=True, ensure_ascii=False)
            lines.append(f"{proto.DESCRIPTOR.name} {fields}")
    return lines


def _remembering(files: Files) -> Callable[..., str]:
    """``MediaFileManager.add_deferred``, which also notes what makes the file."""
    add = MediaFileManager.add_deferred

    def add_deferred(
        manager: MediaFileManager,
        make: Callable[[], bytes],
        mime: str | None,
        coordinates: str,
        file_name: str | None = None,
        **more: str,
    ) -> str:
        files.append((file_name, make))
        return add(manager, make, mime, coordinates, file_name, **more)

    return add_deferred


def _contents(files: Files) -> list[str]:
    # The sections of a page are drawn in the order in which their answers arrive.
    return sorted(f"-- {name}\n{make().decode('utf-8-sig')}" for name, make in files)


def _reports(source: str) -> Iterator[tuple[str, str]]:
    """All pages as HTML with the figures that it packs, and the cells of the workbook."""
    choices = {key: value for state in CHOICES.values() for key, value in state.items()}
    data = ["--data", str(TABLES)] if source == "recorded" else []
    with tempfile.TemporaryDirectory() as folder:
        html, workbook = Path(folder, "report.html"), Path(folder, "report.xlsx")
        for view, parameters in VIEWS.items():
            query = {"website": WEBSITES[source], **DAYS, **parameters, **choices}
            for path in (html, workbook):
                spelled = urlencode(query, doseq=True)
                arguments = ["--pages", "all", "--view", spelled, "--out", str(path), *data]
                with patch.object(sys, "argv", ["reports", *arguments]):
                    _run_reports()
            yield f"reports/{view}.html", _PACKED.sub(_unpacked, html.read_text())
            yield f"reports/{view}.xlsx.txt", _cells(workbook)


def _run_reports() -> None:
    """``python -m reports`` with the arguments in ``sys.argv``, in this process."""
    try:
        runpy.run_module("reports", run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise RuntimeError(f"the command ended with {end.code}") from end


def _unpacked(packed: re.Match[str]) -> str:
    content = gzip.decompress(base64.b64decode(packed[0]))
    # The library and the map of the world are not ours.
    return content.decode() if content.startswith(b"[") else ""


def _cells(workbook: Path) -> str:
    lines = []
    for sheet in openpyxl.load_workbook(workbook):
        lines.append(f"== {sheet.title}")
        for row in sheet.iter_rows():
            cells = [f"{cell.coordinate}={cell.value!r} {cell.number_format}" for cell in row]
            lines.append(" | ".join(cells))
    return "\n".join(lines)


def _stable(text: str) -> str:
    """Without ports, and without ids that Streamlit makes up in every run."""
    return _DEFERRED_ID.sub(r"\1ID", _RANDOM_ID.sub("ID", _ADDRESS.sub("ADDRESS", text)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
