"""The file formats of reports."""

from __future__ import annotations

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


def render(report: Report, kind: FileKind, paper: Paper = "A4") -> bytes:
    """Return the content of a file with a report; ``paper`` is the size of a PDF's pages.

    Raises ``NoBrowser`` and ``BrowserFailed`` for a PDF.
    """
    if kind == "xlsx":
        return xlsx.workbook(report)
    page = html.page(report)
    return page.encode() if kind == "html" else chromium.pdf(page, paper)
