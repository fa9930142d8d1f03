"""Rankings as rows, as full tables and as CSV."""

from __future__ import annotations

import pandas as pd

from components import tables


def ranking(*rows: tuple[str | None, int], country: list[str] | None = None) -> pd.DataFrame:
    total = sum(count for _, count in rows) or 1
    return pd.DataFrame(
        {
            "name": pd.Series([name for name, _ in rows], dtype=object),
            "count": [count for _, count in rows],
            "share": [count / total for _, count in rows],
            "country": pd.Series(country or [None] * len(rows), dtype=object),
        }
    )


def test_rows_carry_names_shares_and_bars() -> None:
    first, second, third = tables.rows(
        tables.Table("country", "Countries", "countries"),
        ranking(("DE", 6), ("US", 3), (None, 1)),
        active="DE",
    )
    assert (first.name, first.count, first.share, first.bar) == ("Germany", "6", "60.0%", 100.0)
    assert first.active
    assert second.value == "US"
    assert second.bar == 50.0
    assert not second.active
    assert (third.name, third.value) == ("Unknown", None)


def test_a_field_without_filter_cannot_be_clicked() -> None:
    (row,) = tables.rows(tables.Table("screen", "Screens", "screens"), ranking(("1920x1080", 1)))
    assert row.value is None


def test_an_entry_page_filters_by_path() -> None:
    entry = next(table for table in tables.PAGES if table.field == "entry")
    assert entry.filters == "path"


def test_at_most_ten_rows_are_drawn() -> None:
    many = ranking(*((f"/{n}", 1) for n in range(30)))
    assert len(tables.rows(tables.PAGES[0], many)) == tables.SHOWN


def test_nothing_gives_no_rows() -> None:
    assert tables.rows(tables.PAGES[0], ranking()) == []


def test_the_full_table_keeps_codes_beside_names() -> None:
    frame = tables.full(
        tables.Table("region", "Regions", "regions"),
        ranking(("DE-BE", 3), (None, 1), country=["DE", "DE"]),
    )
    assert frame.to_dict("records") == [
        {"Region": "Berlin", "Code": "DE-BE", "Country": "Germany", "Visitors": 3, "Share": 0.75},
        {"Region": "Unknown", "Code": "", "Country": "Germany", "Visitors": 1, "Share": 0.25},
    ]


def test_search_ignores_case_and_patterns() -> None:
    frame = pd.DataFrame({"Page": ["/Pricing", "/a(b"], "Views": [1, 2]})
    assert list(tables.search(frame, "pricing")["Views"]) == [1]
    assert list(tables.search(frame, "(")["Views"]) == [2]
    assert len(tables.search(frame, "")) == 2


def test_csv_is_text_for_spreadsheets() -> None:
    text = tables.csv(pd.DataFrame({"Page": ["=HYPERLINK(1)", "ü"], "Views": [-1, 2]})).decode(
        "utf-8-sig"
    )
    assert text.splitlines() == ["Page,Views", "'=HYPERLINK(1),-1", "ü,2"]
