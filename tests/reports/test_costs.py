"""Costs of campaigns in reports: in every format, for those who may see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import Engine

from access import database
from access.cost_files import parse
from access.costs import CostLedger
from access.permissions import ALL, EVERYTHING, Permissions
from access.reader import Reader
from components.loading import every_website
from reports import build, html, xlsx
from reports.document import Report
from tests.reports.conftest import WEBSITES, seen
from umami.client import Client

HOSTILE = "=cmd() <script>alert(1)</script>"
LINES = f"day,campaign,cost,currency\n2026-09-01,brand,150,EUR\n2026-09-02,{HOSTILE},7,EUR\n"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = database.open_engine(f"sqlite:///{tmp_path / 'store.sqlite'}")
    ledger = CostLedger(lambda _create: engine, "ann", ALL)
    ledger.add(WEBSITES["shop"], "costs.csv", parse(LINES).rows())
    yield engine
    engine.dispose()


def made(client: Client, engine: Engine, permissions: Permissions = ALL) -> Report:
    view = replace(seen(), whole_visits=True)
    order = build.Order(view, ["utm"], every_website(client), {})
    return build.make(client, order, reader=Reader(lambda _create: engine, "", permissions))


def test_reports_show_costs(client: Client, engine: Engine) -> None:
    report = made(client, engine)
    page = html.page(report)
    for text in ("Cost per visit", "ROAS", "€157", "Costs for 2 of 30 days"):
        assert text in page
    assert "<script>alert" not in page
    book = openpyxl.load_workbook(BytesIO(xlsx.workbook(report)))
    sheet = next(sheet for sheet in book if sheet["A1"].value == "Campaign")
    headings = [cell.value for cell in sheet[1]]
    costs = {row[0].value: row[headings.index("Cost")].value for row in sheet.iter_rows(2)}
    assert costs["brand"] == 150
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


def test_reports_of_others_have_no_costs(client: Client, engine: Engine) -> None:
    without = Permissions((replace(EVERYTHING, costs=False, admin=False),))
    page = html.page(made(client, engine, without))
    assert "Cost" not in page
    assert "brand" in page
