"""Reports and pages agree: figures, tables, sums of the workbook."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import openpyxl
import pytest

from components import umami_server, view_description
from components.blocks import Table, Tiles
from components.loading import every_website
from reports import build, html, messages, xlsx
from reports.document import Report
from tests.pages.conftest import RECORDED, Open, said, table, table_data, tiles
from tests.support.pages import CHOICES
from umami.view_parsing import parse

SEPTEMBER = {"from": "2026-09-01", "to": "2026-09-30"}
TABLES = {
    "compare": ("moved_grew", "referrers that grew"),
    "breakdown": ("groups", "groups"),
    "sessions": ("session_list", "latest visitors"),
    "events": ("event_list", "latest views and events"),
    "funnel": ("funnel_steps", "funnel steps"),
    "journey": ("paths", "paths"),
    "revenue": ("revenue_countries", "revenue by country"),
}
"""A table of each page that has one of records: its key on the page, its title in the report."""
NAMES = [name for name in [page.name for page in build.offered()] if name != "websites"]


def report(page: str, *filters: str) -> Report:
    """The report of a page, as it is opened here."""
    client = umami_server.umami()
    sites = every_website(client)
    spelled = {name: [value] for name, value in {**RECORDED, **SEPTEMBER}.items()}
    spelled["filter"] = list(filters)
    view = parse(
        spelled,
        now=datetime.now(UTC),
        websites=[site.id for site in sites],
        capabilities=client.capabilities,
    ).view
    choices = {
        name: [value] if isinstance(value, str) else value
        for name, value in CHOICES.get(page, {}).items()
    }
    return build.make(client, build.Order(view, [page], sites, {page: choices}))


@pytest.mark.sample(3)
@pytest.mark.parametrize("name", NAMES)
def test_report_and_page_show_the_same_figures(opened: Open, name: str) -> None:
    choices = {key: value for key, value in CHOICES.get(name, {}).items() if key != "campaign"}
    app = opened(name, **SEPTEMBER, **choices)
    made = report(name)
    blocks = [block for part in made.chapters[0].sections for block in part.blocks]
    tile_values = {
        tile.label: tile.value
        for block in blocks
        if isinstance(block, Tiles)
        for tile in block.tiles
    }
    assert tile_values == tiles(app)
    whole = umami_server.umami().capabilities.whole_visits
    known = {
        **TABLES,
        "utm": ("visits_utmCampaign" if whole else "brought_utmCampaign", "campaigns"),
        "attribution": (
            ("credit_channel", "credit to channels")
            if whole
            else ("credit_referrer", "credit to referrers")
        ),
    }
    if name in known:
        key, title = known[name]
        tables = [block for block in blocks if isinstance(block, Table) and block.title == title]
        shown = table(app, key) if tables else []
        printed = [
            [field.shown(row[field.column]) for field in block.fields]
            for block in tables[:1]
            for row, _ in html.rows(block)
        ]
        many = min(len(shown), len(printed))
        assert bool(tables) == bool(shown)
        assert printed[:many] == shown[:many]


@pytest.mark.thorough
def test_workbook_sums_equal_the_figures_of_the_page(opened: Open) -> None:
    app = opened("overview", **SEPTEMBER)
    book = openpyxl.load_workbook(BytesIO(xlsx.workbook(report("overview"))))
    _, *days = book["Traffic over time"].iter_rows(values_only=True)
    assert f"{sum(day[1] for day in days):,}" == tiles(app)["Views"]
    figures = {row[1]: row[2] for row in book["Overview figures"].iter_rows(values_only=True)}
    assert f"{figures['Visitors']:,}" == tiles(app)["Visitors"]
    assert f"{figures['Bounce rate']:.1%}" == tiles(app)["Bounce rate"]


@pytest.mark.slow
@pytest.mark.parametrize("filters", [[], ["referrer.eq.google.com"]], ids=["all", "source"])
def test_shares_and_unknown_rates_agree_in_all_formats(opened: Open, filters: list[str]) -> None:
    app = opened("overview", **SEPTEMBER, filter=filters)
    made = report("overview", *filters)
    page, text, book = (
        html.page(made),
        messages.plain(made),
        openpyxl.load_workbook(BytesIO(xlsx.workbook(made))),
    )
    figures = {row[1]: row for row in book["Overview figures"].iter_rows(values_only=True)}
    heading = [cell.value for cell in book["Overview figures"][1]]
    if filters and not umami_server.umami().capabilities.whole_visits:
        assert tiles(app)["Bounce rate"] == "–"
        assert view_description.PARTS_OF_VISITS in said(app)
        assert f">{view_description.PARTS_OF_VISITS}</p>" in page
        assert view_description.PARTS_OF_VISITS in text
        assert "Bounce rate: –\n" in text
        for name in ("Bounce rate", "Visit duration"):
            assert figures[name][heading.index("Value")] is None
            assert figures[name][heading.index("Meaning")] == view_description.PARTS_OF_VISITS
    else:
        assert view_description.PARTS_OF_VISITS not in f"{said(app)}{page}{text}"
    sheets = {"path": "Pages", "referrer": "Referrers"} | ({} if filters else {"event": "Events"})
    for field, sheet in sheets.items():
        heading = table_data(app, f"ranking_{field}")["columns"][2]["label"]
        first, *rows = book[sheet].iter_rows(values_only=True)
        share = first.index(heading)
        assert f">{heading}</th>" in page
        wanted = [tuple(row[:3]) for row in table(app, f"ranking_{field}")]
        assert [(row[0], f"{row[share - 1]:,}", f"{row[share]:.1%}") for row in rows[:10]] == wanted
        for name, count, part in wanted:
            assert f"{name}  {count}  {part}" in text
