"""The kinds of files that a report can be."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from reports import chromium, html, xlsx
from reports.chromium import Paper
from reports.document import Report

FileKind = Literal["html", "pdf", "xlsx"]
MIMES: Final[dict[FileKind, str]] = {
    "html": "text/html",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def kind_of(path: Path) -> FileKind | None:
    """What kind of file a name asks for; ``None`` where it asks for none that there is."""
    ending = path.suffix.removeprefix(".").casefold()
    return next((kind for kind in MIMES if kind == ending), None)


def render(report: Report, kind: FileKind, paper: Paper = "A4") -> bytes:
    """The report as a file; ``paper`` is what a PDF is made for.

    Raises ``NoBrowser`` and ``BrowserFailed``, for a PDF only.
    """
    if kind == "xlsx":
        return xlsx.workbook(report)
    page = html.page(report)
    return page.encode() if kind == "html" else chromium.pdf(page, paper)
