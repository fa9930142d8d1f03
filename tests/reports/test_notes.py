"""Notes in reports: numbers on time charts, and their list in every kind of file."""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import Engine

from access import database
from access.notes import Note, Notebook
from access.permissions import ALL
from access.reader import Reader
from components import blocks, note_effects
from components import notes as notes_of_page
from components.loading import Collector, every_website
from reports import build, html, messages
from reports.__main__ import main
from reports.document import Report
from tests.reports.conftest import GIVEN, TABLES, WEBSITES, seen
from umami.client import Client

SHOP = WEBSITES["shop"]
DAY = date(2026, 9, 9)
HOSTILE = "=cmd|'/c calc'!A0 <script>alert(1)</script> **bold** {{ 7*7 }}"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = database.open_engine(f"sqlite:///{tmp_path_factory.mktemp('notes') / 'store'}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def report(client: Client, engine: Engine) -> Report:
    book = Notebook(lambda _create: engine, "ann", ALL)
    note = Note(SHOP, HOSTILE, DAY, DAY, audience="team")
    for saved in (
        note,
        replace(note, text="Secret", audience="me"),
        replace(note, text="A sale", first=date(2026, 9, 20), last=date(2026, 10, 5)),
        replace(note, text="Long ago", first=date(2026, 1, 1), last=date(2026, 1, 2)),
    ):
        book.add(client, saved)
    pages = ["overview", "retention", "revenue"]
    order = build.Order(seen(), pages, every_website(client), GIVEN)
    return build.make(client, order, reader=Reader(book.engine, book.account, book.permissions))


def test_chapters_with_time_charts_list_the_notes(report: Report) -> None:
    assert [flag.notes[0].text for flag in report.flags] == [HOSTILE, "A sale"]
    listed = {
        chapter.name: [section.title for section in chapter.sections].count("Notes")
        for chapter in report.chapters
    }
    assert listed == {"overview": 1, "retention": 0, "revenue": 1}
    overview = report.chapters[0]
    titles = [section.title for section in overview.sections]
    assert titles.index("Notes") == titles.index("Traffic") + 1


def test_chart_by_day_of_the_overview_has_the_usual_range(report: Report) -> None:
    assert {chapter.name: [*chapter.marks] for chapter in report.chapters} == {
        "overview": ["sessions", "views"],
        "retention": [],
        "revenue": [],
    }
    packed = html.page(report).partition('id="figures">')[2].partition("<")[0]
    figures = json.loads(gzip.decompress(base64.b64decode(packed)))
    for mode in ("light", "dark"):
        ranges = [
            trace["name"]
            for figure in figures[mode]
            for trace in figure["data"]
            if trace.get("fill") == "tonexty"
        ]
        assert ranges == ["Usual range"]


def test_html_numbers_the_charts_and_escapes_the_texts(report: Report) -> None:
    page = html.page(report)
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)") == 2
    assert "{{ 7*7 }}" in page
    for private in ("Secret", "Long ago"):
        assert private not in page


def test_workbook_has_the_notes_once_and_as_text(report: Report) -> None:
    book = openpyxl.load_workbook(BytesIO(build.render(report, "xlsx")))
    assert [name for name in book.sheetnames if "Notes" in name] == ["Notes"]
    rows = list(book["Notes"].iter_rows())
    assert [cell.value for cell in rows[0]] == ["No.", "Date", "Note", "Measured effect"]
    assert [cell.value for cell in rows[1][:3]] == [1, "Wed 9 Sep 2026", HOSTILE]
    assert rows[1][2].data_type == "s"
    assert rows[2][1].value == "20 Sep – 5 Oct 2026"
    assert rows[1][3].value.startswith("Daily visitors: ")
    assert " Conversions: " in rows[1][3].value


def test_effects_are_those_of_the_newest_notes_on_days(client: Client, engine: Engine) -> None:
    days = [Note(SHOP, str(day), date(2026, 9, day), date(2026, 9, day)) for day in range(1, 8)]
    notes = [replace(note, id=note.text) for note in reversed(days)]
    on_hour = replace(notes[0], id="hour", at=datetime(2026, 9, 30, 12, tzinfo=UTC))
    query = Collector(client)
    effects = note_effects.of_newest(query, seen(), [on_hour, *notes])
    assert list(effects) == ["7", "6", "5", "4", "3"]
    # They end in two months, and those that end in the same one share their queries.
    counts = Counter(sent.name for sent, _reply in query.sent)
    assert counts["pageviews"] <= 2 * 2 * (1 + note_effects.MOST_CONTROLS)
    with_all = replace(seen(), comparison="none")
    flags = notes_of_page.flags([on_hour, *notes], with_all.period)
    table, more = build._listed(query, with_all, [on_hour, *notes], flags)
    assert isinstance(table, blocks.Table)
    assert list(table.frame["Measured effect"].ne("")).count(True) == 5
    assert isinstance(more, blocks.Text)
    assert more.text == "Effects are measured for the 5 newest notes on days."


def test_mail_lists_the_notes(report: Report) -> None:
    assert HOSTILE in " ".join(messages.plain(report).split())


def test_report_without_a_notebook_has_the_notes_of_umami_only(client: Client) -> None:
    order = build.Order(seen(), ["overview"], every_website(client))
    assert build.make(client, order).flags == ()


def test_command_prints_notes_for_everyone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    monkeypatch.setenv("DASHBOARD_STORE", str(engine.url))
    with engine.begin() as store:
        values = {"text": "For everyone", "first": DAY, "last": DAY, "audience": "everyone"}
        more = {"id": "1", "website": SHOP, "author": "ann", "created": datetime.now(UTC)}
        store.execute(database.NOTES.insert().values(**values, **more))
    out = tmp_path / "report.xlsx"
    days = ["--from", "2026-09-01", "--to", "2026-09-30"]
    assert main(["--data", str(TABLES), "--website", SHOP, *days, "--out", str(out)]) == 0
    rows = list(openpyxl.load_workbook(out)["Notes"].iter_rows(values_only=True))
    assert [row[2] for row in rows[1:]] == ["For everyone"]
