"""Rankings as rows, as full tables and as CSV."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from components import conversions, rankings, traffic_blocks
from components.areas import revenue
from components.blocks import Block, Table, Text
from components.formats import Field, labelled
from components.table import rows_of, search, to_csv
from umami.api.revenue import Revenue
from umami.api.traffic import Measure, Ranked, Ranking, Stats, Totals
from umami.compat.generations import Generation
from umami.definitions import Definitions
from umami.filters import Filter
from umami.period import Period
from umami.view import View


def ranking(
    *rows: tuple[str, int], country: list[str] | None = None, measure: Measure = "visitors"
) -> Ranking:
    places = country or [None] * len(rows)
    return Ranking([Ranked(*row, place) for row, place in zip(rows, places, strict=True)], measure)


def stats(visitors: int) -> Stats:
    return Stats(Totals(0, visitors, 0, 0, 0), None)


SEEN = View(
    "47a8e931-d51a-4351-a5e1-51db9a717a5d",
    Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC"),
)


def blocks(table: rankings.Table, *answers: Any) -> list[Block]:
    """The blocks that a page draws for a ranking; only that of channels sends a query."""
    client: Any = None
    return traffic_blocks.ranking(client, SEEN, table, *answers)


def ranking_table(table: rankings.Table, *answers: Any) -> Table:
    """The table among these blocks."""
    return next(block for block in blocks(table, *answers) if isinstance(block, Table))


def drawn(table: Table, active: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """The rows that a page shows of it."""
    return rows_of(table.frame, tuple(table.fields), table.value, active, table.shown)


def texts(record: dict[str, Any]) -> list[str]:
    return [cell["text"] for cell in record["cells"]]


def test_rows_carry_names_shares_and_bars() -> None:
    table = ranking_table(rankings.COUNTRIES, ranking(("DE", 6), ("US", 3)), stats(20))
    first, second = drawn(table, ("DE", "FR"))
    assert texts(first) == ["Germany", "6", "30.0%"]
    assert first["cells"][0]["bar"] == 100.0
    assert first["active"]
    assert second["value"] == "US"
    assert second["cells"][0]["bar"] == 50.0
    assert not second["active"]
    assert table.filter_field == "country"


def test_curve_is_drawn_before_a_value() -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "now": [1, 2], "series": [(0, 5, 10), (1, 2)]})
    fields = (Field("name", "Name", "text"), Field("now", "Now", curve="series"))
    first, second = rows_of(frame, fields, None, (), 2)
    assert [cell["curve"] for cell in first["cells"]] == ["", "0,29.5 50,15 100,0.5"]
    assert second["cells"][1]["curve"] == ""


def test_a_field_without_filter_cannot_be_clicked() -> None:
    screens = rankings.Table("screen", "Screens", "screens")
    (row,) = drawn(ranking_table(screens, ranking(("1920x1080", 1))))
    assert texts(row) == ["1920x1080", "1", "–"]
    assert row["value"] is None


def test_an_entry_page_filters_by_path() -> None:
    entry = next(table for table in rankings.PAGES if table.field == "entry")
    assert entry.filters == "path"


def test_at_most_ten_rows_are_drawn() -> None:
    table = ranking_table(rankings.PAGES[0], ranking(*((f"/{n}", 1) for n in range(30))))
    assert len(drawn(table)) == 10
    assert len(table.frame) == 30


def test_empty_ranking_is_explained() -> None:
    (block,) = blocks(rankings.PAGES[0], ranking(), stats(0))
    assert block == Text("No pages in this period.", "empty")


def test_the_full_table_keeps_codes_beside_names() -> None:
    regions = rankings.Table("region", "Regions", "regions")
    ranks = ranking(("DE-BE", 3), ("CH-ZH", 1), country=["DE", "CH"])
    frame = rankings.full(regions, rankings.shares(regions, ranks, stats(4)))
    assert frame.to_dict("records") == [
        {
            "Region": "Berlin",
            "Code": "DE-BE",
            "Country": "Germany",
            "Visitors": 3,
            "% of visitors": 0.75,
            "value": "DE-BE",
        },
        {
            "Region": "Zürich",
            "Code": "CH-ZH",
            "Country": "Switzerland",
            "Visitors": 1,
            "% of visitors": 0.25,
            "value": "CH-ZH",
        },
    ]


def test_column_is_named_after_its_measure() -> None:
    entries = rankings.shares(rankings.PAGES[1], ranking(("/", 3), measure="times"), stats(2))
    columns = ["Entry", "Count", "% of all", "value"]
    assert list(rankings.full(rankings.PAGES[1], entries)) == columns
    events = rankings.shares(rankings.EVENTS[0], ranking(("a", 3), ("b", 1), measure="times"))
    assert events.heading == "% of events"
    assert events.parts == [0.75, 0.25]


def test_direct_visitors_are_a_row_where_the_server_counts_them() -> None:
    referrers = rankings.SOURCES[0]
    ranks = ranking(("google.com", 5), ("www.bing.com", 1))
    channels = ranking(("organicSearch", 6), ("direct", 3))
    rows = drawn(ranking_table(referrers, ranks, stats(8), channels))
    assert [(*texts(row), row["value"]) for row in rows] == [
        ("google.com", "5", "62.5%", "google.com"),
        ("Direct / none", "3", "37.5%", None),
        ("bing.com", "1", "12.5%", "www.bing.com"),
    ]
    untold = rankings.shares(referrers, ranks, stats(8))
    assert [row.name for row in untold.rows] == ["google.com", "www.bing.com"]
    assert untold.no_direct
    assert "Direct visitors have no row" in untold.about


def test_search_ignores_case_and_patterns() -> None:
    frame = pd.DataFrame({"Page": ["/Pricing", "/a(b"], "Views": [1, 2]})
    assert list(search(frame, "pricing")["Views"]) == [1]
    assert list(search(frame, "(")["Views"]) == [2]
    assert len(search(frame, "")) == 2


def test_csv_has_no_formulas() -> None:
    """Also where cells are separated by semicolons, and in headings that come from data."""
    frame = pd.DataFrame({"Page": ["=HYPERLINK(1)", "ü", "a;=1+1"], "@x": [-1, 2, 3]})
    assert to_csv(frame).decode("utf-8-sig").splitlines() == [
        '"Page","\'@x"',
        '"\'=HYPERLINK(1)",-1',
        '"ü",2',
        '"a;=1+1",3',
    ]


def test_exported_amounts_have_currency_and_decimals() -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "amount": [0.1 + 0.2, -1234.5678]})
    lines = {
        currency: to_csv(
            labelled(
                frame,
                [
                    Field("name", "Name", "text"),
                    Field("amount", "Revenue", "money", currency=currency),
                ],
            )
        )
        .decode("utf-8-sig")
        .splitlines()
        for currency in ("eur", "JPY", "KWD", "€")
    }
    assert lines["eur"] == ['"Name","Revenue (EUR)"', '"a",0.3', '"b",-1234.57']
    assert lines["JPY"] == ['"Name","Revenue (JPY)"', '"a",0', '"b",-1235']
    assert lines["KWD"] == ['"Name","Revenue (KWD)"', '"a",0.3', '"b",-1234.568']
    assert lines["€"] == ['"Name","Revenue (€)"', '"a",0.3', '"b",-1234.57']


def test_slight_changes_have_no_colour() -> None:
    change = Field("change", "Change", "change")
    assert [change.tone(value) for value in (0.009, -0.009, 0.02, -0.02)] == ["", "", "good", "bad"]


def test_explanation_of_an_empty_ranking_considers_other_visits() -> None:
    referrers = next(table for table in rankings.SOURCES if table.field == "referrer")
    period = Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC")
    seen = View("47a8e931-d51a-4351-a5e1-51db9a717a5d", period)
    assert referrers.why_empty(seen) == "No visitor came from another website in this period."
    german = seen.filtered("country", "DE")
    assert referrers.why_empty(german) == (
        "No visitor came from another website in this period with these filters."
    )


def test_explanation_of_an_empty_revenue_table_considers_revenue() -> None:
    period = Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC")
    seen = View("47a8e931-d51a-4351-a5e1-51db9a717a5d", period)
    total = {"sum": "9.5", "count": 1, "unique_count": 1, "total_sessions": 4}
    direct = [{"name": None, "value": "9.5"}]
    answer = {"chart": [], "country": direct, "referrer": direct, "total": total}
    now = Revenue.read(answer, period)
    of = revenue.Scope(seen, "EUR", frozenset(), None)
    (countries,) = revenue.part("countries", of, now)
    assert isinstance(countries, Text)
    assert countries.text == "The country of the visitors who brought this revenue is unknown."
    (about, referrers) = revenue.part("referrers", of, now)
    assert isinstance(about, Text)
    assert isinstance(referrers, Table)
    assert list(referrers.frame["label"]) == ["Direct / none"]
    nothing = Revenue.read({**answer, "total": {**total, "sum": None, "count": 0}}, period)
    (countries,) = revenue.part("countries", of, nothing)
    assert isinstance(countries, Text)
    assert countries.text == revenue.NO_MONEY
    (regions,) = revenue.part("regions", of, now)
    assert isinstance(regions, Text)
    assert regions.text == "This server does not report revenue by region."


def test_currency_choices_are_those_that_were_sent() -> None:
    assert conversions.suggested_currency(["€"]) == "€"
    assert conversions.suggested_currency(["$", "usd", "XTS"]) == "usd"
    assert conversions.suggested_currency([]) is None
    assert conversions.choices(["usd ", "USD", "€", ""]) == {"USD": ("usd ",), "€": ()}
    assert conversions.choices(["usd "], "USD") == {"USD": ("usd ",)}


def test_filters_joined_by_any_are_ignored_together() -> None:
    period = Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC")
    filters = (Filter("path", "eq", "/x"), Filter("country", "eq", "DE"))
    seen = View("47a8e931-d51a-4351-a5e1-51db9a717a5d", period, filters=filters, match="any")
    old, new = (Definitions(generation) for generation in (Generation.V3_1, Generation.V3_2))
    assert revenue.resolve_scope(new, seen, "EUR").view == seen
    resolved = revenue.resolve_scope(old, seen, "EUR")
    assert not resolved.view.filters
    assert resolved.left_out == (
        "This server cannot filter revenue by Country or Page. The figures below are without "
        "these filters."
    )


def test_each_change_has_a_heading_of_its_own() -> None:
    fields = (
        Field("name", "Page", "text"),
        Field("visits", "Visits"),
        Field("change", "Change", "change"),
        Field("revenue", "Revenue", "money", currency="EUR"),
        Field("revenue_change", "Change", "change"),
    )
    frame = pd.DataFrame(
        {"name": ["/"], "visits": [1], "change": [0.5], "revenue": [2.0], "revenue_change": [0.25]}
    )
    labels = labelled(frame, fields)
    assert list(labels) == ["Page", "Visits", "Visits change", "Revenue (EUR)", "Revenue change"]
    assert labels.iloc[0].tolist() == ["/", 1, 0.5, 2.0, 0.25]
