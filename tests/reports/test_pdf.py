"""Reports as PDF, printed by a real browser."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO
from unicodedata import normalize

import pytest
from pypdf import PdfReader

from reports import chromium, html
from reports.chromium import NoBrowser, Paper
from reports.document import Report
from tests.reports.conftest import apart

pytestmark = pytest.mark.browser


@pytest.mark.sample(2)
@pytest.mark.parametrize(("paper", "points"), [("A4", (595, 842)), ("Letter", (612, 792))])
def test_pdf_has_pages_of_the_paper_size(
    overview: Report, paper: Paper, points: tuple[int, int]
) -> None:
    page = html.page(overview)
    pdf = PdfReader(BytesIO(apart(lambda: chromium.pdf(page, paper))))
    size = pdf.pages[0].mediabox
    assert (float(size.width), float(size.height)) == pytest.approx(points, abs=1.5)
    assert 4 <= len(pdf.pages) <= 9
    text = "\n".join(page.extract_text() for page in pdf.pages)
    for word in ("Nordlicht Shop", "1 – 30 Sep 2026", "Countries", "Mon", "Sun"):
        assert word in text
    # No part is lost where a page ends. Ligatures are spelled out.
    words = " ".join(normalize("NFKC", text).split())
    for heading in re.findall(r"<h3[^>]*>(.*?)</h3>", page):
        assert unescape(re.sub(r"<[^>]*>", "", heading)) in words
    # The first page has the cover, the figures and the sentences about them.
    first = pdf.pages[0].extract_text()
    assert "Views" in first
    assert "What changed" in first


def test_pdf_without_chromium_names_the_remedy(
    overview: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    with pytest.raises(NoBrowser, match="no browser here") as error:
        apart(lambda: chromium.pdf(html.page(overview)))
    assert "Install Chromium" in error.value.remedy
