"""Reports and mails in the language of the reader."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from components import texts
from reports import build, html, messages
from reports.__main__ import main
from reports.document import Report
from tests.reports.conftest import ordered, seen
from umami.client import Client


@pytest.fixture(scope="module")
def german(client: Client) -> Report:
    with texts.reading("de-DE"):
        return ordered(client, seen(), ["overview"])


def test_the_page_is_german(german: Report) -> None:
    with texts.reading("de-DE"):
        page = html.page(german)
    assert '<html lang="de">' in page
    for text in ("1.–30. Sept. 2026", "Übersicht", "Besucher", "Absprungrate", "Deutschland"):
        assert text in page


def test_the_mail_is_german(german: Report) -> None:
    with texts.reading("de-DE"):
        text = messages.plain(german)
    assert "Zeitraum: 1.–30. Sept. 2026" in text
    assert "Besucher: " in text
    assert "Visitors" not in text


def test_numbers_of_the_workbook_stay_numbers(german: Report) -> None:
    with texts.reading("de-DE"):
        book = load_workbook(BytesIO(build.render(german, "xlsx")))
    sheet = book[book.sheetnames[1]]
    rows = {row[1]: row[2] for row in sheet.iter_rows(min_row=2, values_only=True)}
    assert isinstance(rows["Besucher"], int)
    assert isinstance(rows["Absprungrate"], float)


def test_english_and_german_reports_have_the_same_figures(client: Client, german: Report) -> None:
    english = ordered(client, seen(), ["overview"])

    def numbers(report: Report) -> list[float | None]:
        tiles = [
            tile
            for section in report.chapters[0].sections
            for block in section.blocks
            for tile in getattr(block, "tiles", ())
        ]
        return [tile.number for tile in tiles]

    assert numbers(english) == numbers(german) != []


def test_the_command_takes_a_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = Path(__file__).parents[1] / "contract" / "data" / "tables"
    out = tmp_path / "report.html"
    arguments = ["--data", str(tables), "--website", "Nordlicht Shop", "--out", str(out)]
    dates = ["--from", "2026-09-01", "--to", "2026-09-30"]
    assert main([*arguments, *dates, "--language", "es-MX"]) == 0
    assert '<html lang="es">' in out.read_text("utf-8")
    assert texts.locale() == texts.ENGLISH
    assert main([*arguments, *dates, "--language", "../../x"]) == 2
    assert "en, de, es, fr" in capsys.readouterr().err
