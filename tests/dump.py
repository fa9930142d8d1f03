"""Everything that pages and reports say, as text files, to compare two states of the code.

``python -m tests.dump FOLDER`` opens every page over the recorded tables and over the demo, with
and without a comparison and filters, and makes a report of every chapter. Compare two folders with
``diff -r``: a refactoring changes no line but the texts that were meant to change.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import openpyxl
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from streamlit.testing.v1 import AppTest

from components import umami_server, viewer
from components.page_registry import ADMIN_PAGES, PAGES
from reports import build
from reports.__main__ import main as report
from tests.support.pages import CHOICES, MORE, Parameters

ROOT: Final = Path(__file__).parents[1]
TABLES: Final = ROOT / "tests" / "contract" / "data" / "tables"
SHOP: Final = json.loads((TABLES.parent / "websites.json").read_text())["shop"]
DEMO: Final = "fjordfern.example"
DAYS: Final = {"period": "custom", "from": "2026-08-01", "to": "2026-09-30", "tz": "Europe/Berlin"}
VIEWS: Final[dict[str, Parameters]] = {
    "plain": {"compare": "none"},
    "compared": {"compare": "previous"},
    "filtered": {"compare": "year", "filter": "country.eq.DE"},
}
SOURCES: Final[dict[str, Path | None]] = {"recorded": TABLES, "demo": None}
_CLOCK: Final = re.compile(r"\d\d:\u2060?\d\d(:\u2060?\d\d)?|127\.0\.0\.1:\W*\d+|\d+ seconds? ago")
_PACKED: Final = re.compile(r"H4sI[A-Za-z0-9+/=]+")
"""Gzip in Base64."""
_MADE_UP: Final = re.compile(r"\$\$\w+-[0-9a-f]+-|[0-9a-f]{56,64}|st-[0-9a-f-]{36}")


def main(folder: Path) -> None:
    """Write the dump into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for source, data in SOURCES.items():
        _look_at(data)
        for name, text in chain(_pages(source), _reports(source, data, folder)):
            path = folder / source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_steady(text))
            print(path)


def _look_at(data: Path | None) -> None:
    """Look at these tables, or at the demo, without signing in."""
    for name in [name for name in os.environ if name.startswith(("UMAMI_", "DASHBOARD_"))]:
        del os.environ[name]
    os.environ["DASHBOARD_OPEN"] = "yes"
    if data:
        os.environ["UMAMI_DATA"] = str(data)
    umami_server.anew()
    viewer.forget()


def _pages(source: str) -> Iterator[tuple[str, str]]:
    website: Parameters = {"website": SHOP} if source == "recorded" else {}
    for area in (*PAGES, *ADMIN_PAGES):
        states = [CHOICES.get(area.name, {})]
        if source == "recorded" and area.name in MORE:
            states.append(MORE[area.name])
        for number, own in enumerate(states):
            for view, parameters in VIEWS.items():
                app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
                if area is not PAGES[0]:
                    app.switch_page(area.file)
                for key, value in {**website, **DAYS, **parameters, **own}.items():
                    app.query_params[key] = value
                yield f"pages/{area.name}-{number}-{view}.txt", _drawn(app.run())


def _drawn(app: AppTest) -> str:
    """The elements of a page in their order, each with all that the browser is sent."""
    assert not app.exception, app.exception
    lines = []
    for element in app:
        proto = getattr(element, "proto", None)
        if proto is not None and hasattr(proto, "DESCRIPTOR"):
            lines.append(f"{proto.DESCRIPTOR.name} {_spelled(MessageToDict(proto))}")
    return "\n".join(lines)


def _reports(source: str, data: Path | None, folder: Path) -> Iterator[tuple[str, str]]:
    """Every chapter as HTML with the figures that it packs, and the cells of the workbook."""
    website: Parameters = {"website": SHOP if source == "recorded" else DEMO}
    own = {key: value for one in CHOICES.values() for key, value in one.items()}
    pages = ",".join(area.name for area in build.offered())
    for view, parameters in VIEWS.items():
        query = urlencode({**website, **DAYS, **parameters, **own}, doseq=True)
        files = [folder / f"report.{kind}" for kind in ("html", "xlsx")]
        for path in files:
            given = ["--pages", pages, "--view", query, "--out", str(path)]
            assert report([*given, *(["--data", str(data)] if data else [])]) == 0
        html, workbook = files
        yield f"reports/{view}.html", _PACKED.sub(_unpacked, html.read_text())
        yield f"reports/{view}.xlsx.txt", _cells(workbook)
        for path in files:
            path.unlink()


def _unpacked(found: re.Match[str]) -> str:
    content = gzip.decompress(base64.b64decode(found[0]))
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


def _spelled(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False)


def _steady(text: str) -> str:
    """Without what differs from run to run: clocks, ports and ids that Streamlit makes up."""
    return _MADE_UP.sub("ID", _CLOCK.sub("CLOCK", text))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
