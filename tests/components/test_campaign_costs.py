"""Costs in tables: matching of names, rates from sums, several currencies, and what is left out."""

from __future__ import annotations

import base64
import gzip
import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from access.costs import Spend
from components import cost_dialog, formats
from components.blocks import Table, Text
from components.campaign_costs import (
    Earlier,
    matched,
    notes,
    simplified,
    tiles,
    with_costs,
)
from components.cost_dialog import _Open, receive
from components.formats import Field
from components.merged_tags import Merge
from components.visit_tables import OTHER
from umami.conversion import Conversion
from umami.period import Period
from umami.view import View

SHOP = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
OCTOBER = View(SHOP, Period.of_days(date(2026, 10, 1), date(2026, 10, 31), "Europe/Berlin"))
EUROS = Conversion(None, "EUR")


def spend(*rows: tuple[str, str, float], days: int = 31, source: str = "google") -> Spend:
    """Costs of campaigns in currencies."""
    frame = pd.DataFrame(rows, columns=["campaign", "currency", "amount"])
    return Spend(frame.assign(source=source), days, {source: days})


def campaigns(*rows: tuple[str | None, int, int, float]) -> Table:
    """A table of campaigns with visits, conversions and revenue."""
    frame = pd.DataFrame(rows, columns=["value", "visits", "conversions", "revenue"])
    frame = frame.assign(label=[row[0] or OTHER for row in rows], note=None)
    fields = [Field("label", "Campaign", "text"), Field("visits", "Visits")]
    return Table("campaigns", frame, fields, "visits_utmCampaign")


def shown(
    table: Table,
    costs: Spend,
    view: View = OCTOBER,
    *,
    merges: tuple[Merge, ...] = (),
    is_complete: bool = True,
) -> tuple[dict[str, dict[str, Any]], str]:
    """The rows of a table with costs by their label, and what is said below it."""
    blocks = with_costs(
        [table],
        view=view,
        conversion=EUROS,
        spend=costs,
        column="campaign",
        merges=merges,
        is_complete=is_complete,
    )
    drawn = next(block for block in blocks if isinstance(block, Table))
    columns = [field.column for field in drawn.fields]
    rows = drawn.frame.set_index("label", drop=False)
    said = " ".join(block.text for block in blocks if isinstance(block, Text))
    return {label: dict(row[[*columns, "note"]]) for label, row in rows.iterrows()}, said


def test_rates_are_from_sums() -> None:
    table = campaigns(("brand", 100, 10, 300.0), ("cheap", 900, 0, 0.0), ("free", 50, 5, 10.0))
    costs = spend(("brand", "EUR", 100.0), ("cheap", "EUR", 300.0), ("gone", "EUR", 100.0))
    rows, said = shown(table, costs)
    brand, cheap, gone, free = (rows[name] for name in ("brand", "cheap", "gone", "free"))
    assert (brand["cost_EUR"], brand["cost_each_EUR"], brand["roas"]) == (100.0, 1.0, 3.0)
    assert brand["cost_action_EUR"] == 10.0
    assert (cheap["cost_EUR"], cheap["roas"]) == (300.0, 0.0)
    assert math.isnan(cheap["cost_action_EUR"])
    assert all(math.isnan(free[name]) for name in ("cost_EUR", "cost_each_EUR", "roas"))
    assert (gone["visits"], gone["cost_EUR"], gone["note"]) == (0, 100.0, "no visits")
    assert math.isnan(gone["cost_each_EUR"])
    assert "€500, €0.50 per visit, €50.00 per conversion, ROAS 0.6" in said
    assert "campaigns with costs of €100: “gone”" in said


@given(
    rows=some.lists(
        some.tuples(some.integers(0, 500), some.integers(0, 50), some.integers(0, 10_000)),
        min_size=1,
        max_size=8,
    ),
    amounts=some.lists(some.integers(0, 10_000), min_size=1, max_size=10),
)
def test_costs_add_up(rows: list[tuple[int, int, int]], amounts: list[int]) -> None:
    """Whatever matches, all costs are in the table, and the rate of all is that of the sums."""
    table = campaigns(*((f"c{at}", *row) for at, row in enumerate(rows)))
    costs = spend(*((f"c{at}", "EUR", float(amount)) for at, amount in enumerate(amounts)))
    drawn, said = shown(table, costs)
    assert sum(row["cost_EUR"] for row in drawn.values() if row["cost_EUR"] > 0) == sum(amounts)
    revenue = sum(row[2] for row, amount in zip(rows, amounts, strict=False) if amount)
    if sum(amounts):
        assert f"ROAS {formats.number(round(revenue / sum(amounts), 2))}." in said
    else:
        assert "ROAS" not in said


def test_currencies_are_never_mixed() -> None:
    table = campaigns(("brand", 100, 10, 300.0), ("both", 100, 10, 300.0))
    costs = spend(("brand", "USD", 50.0), ("both", "USD", 50.0), ("both", "EUR", 70.0))
    rows, said = shown(table, costs)
    assert rows["brand"]["cost_USD"] == 50.0
    # Dollars that were spent say nothing of a return in euros.
    assert math.isnan(rows["brand"]["roas"])
    assert (rows["both"]["cost_USD"], rows["both"]["cost_EUR"]) == (50.0, 70.0)
    assert math.isnan(rows["both"]["cost_each_EUR"])
    assert rows["both"]["note"] == "costs in several currencies"
    assert "in USD: $50.00, $0.50 per visit" in said
    assert math.isnan(rows["both"]["roas"])
    assert "120" not in said
    assert costs.totals == {"USD": 100.0, "EUR": 70.0}


def test_table_shows_two_currencies_and_its_full_list_all() -> None:
    codes = ["USD", "GBP", "EUR"]
    costs = spend(*(("brand", code, 10.0) for code in codes))
    (table, *_sentences) = with_costs(
        [campaigns(("brand", 100, 10, 300.0))],
        view=OCTOBER,
        conversion=EUROS,
        spend=costs,
        column="campaign",
        is_complete=True,
    )
    assert isinstance(table, Table)
    shown = [field.column for field in table.fields if field.column.startswith("cost_")]
    assert shown == ["cost_EUR", "cost_each_EUR", "cost_action_EUR", "cost_USD"]
    listed = {field.label for field in (*table.fields, *table.more_fields)}
    assert {f"Cost in {code}" for code in codes} <= listed
    assert {f"Cost per visit in {code}" for code in ("USD", "GBP")} <= listed


@pytest.mark.parametrize(
    ("values", "names", "targets"),
    [
        (["spring-sale"], ["Spring Sale"], {"spring-sale": ["Spring Sale"]}),
        (["spring-sale"], ["Spring Sale", "spring-sale"], {"spring-sale": ["Spring Sale"]}),
        (["spring-sale", "Spring_Sale"], ["springsale"], {}),
        (["spring-sale", "Spring_Sale"], ["Spring_Sale"], {}),
        (["--"], ["__"], {}),
    ],
)
def test_names_match_where_it_is_unambiguous(
    values: list[str], names: list[str], targets: dict[str, list[str]]
) -> None:
    costs = spend(*((name, "EUR", 1.0) for name in names))
    matches = matched(costs, "campaign", tuple(values))
    assert matches.spellings == targets
    assert matches.amounts["EUR"].sum() + matches.rest["EUR"].sum() == len(names)
    assert set(matches.rest.index) == set(names) - set(values) - set(*targets.values())


def test_row_says_that_its_costs_have_another_spelling() -> None:
    rows, _said = shown(campaigns(("spring-sale", 5, 0, 0.0)), spend(("Spring Sale", "EUR", 9.0)))
    assert rows["spring-sale"]["cost_EUR"] == 9.0
    assert rows["spring-sale"]["note"] == "costs of “Spring Sale”"


def test_merged_spellings_have_one_row_with_the_costs_of_all() -> None:
    spring = Merge("utmCampaign", "spring", ("spring", "SPRING", "sprnig"))
    gone = Merge("utmCampaign", "gone", ("gone", "gonne"))
    names = ("spring", "SPRING", "sprnig", "Spr-nig", "gonne", "GONE", "sprig")
    costs = spend(*((name, "EUR", 10.0) for name in names))
    rows, said = shown(campaigns(("spring", 80, 8, 90.0)), costs, merges=(spring, gone))
    assert {name: (row["visits"], row["cost_EUR"]) for name, row in rows.items()} == {
        "spring": (80, 40.0),
        "gone": (0, 20.0),
        "sprig": (0, 10.0),
    }
    assert rows["spring"]["cost_each_EUR"] == 0.5
    assert rows["spring"]["note"] == "costs of “Spr-nig”"
    assert "costs of €30.00: “gone”, “sprig”" in said
    alike, missing = cost_dialog.matches(names, ["SPRING"], (spring, gone))
    assert alike == "Counted for a similar tag: “Spr-nig” as “spring”."
    assert "“gonne”, “GONE”, “sprig” (closest: “spring”)" in missing


def test_filters_and_parts_of_days_leave_rates_out() -> None:
    table = campaigns(("brand", 100, 10, 300.0))
    costs = spend(("brand", "EUR", 50.0), ("gone", "EUR", 50.0))
    filtered = OCTOBER.filtered("country", "DE")
    evening = OCTOBER.of_period(
        replace(OCTOBER.period, start=OCTOBER.period.start.replace(hour=20, minute=0))
    )
    for view, said in ((filtered, "Filters do not apply"), (evening, "within one")):
        rows, text = shown(table, costs, view)
        assert rows["brand"]["cost_EUR"] == 50.0
        assert not {"roas", "cost_each_EUR", "cost_action_EUR"} & rows["brand"].keys()
        assert said in text
        assert "ROAS" not in text
    assert "gone" not in shown(table, costs, filtered)[0]


def test_incomplete_tables_get_no_rows() -> None:
    costs = spend(("gone", "EUR", 50.0))
    table = campaigns(("brand", 100, 10, 300.0))
    rows, said = shown(table, costs, is_complete=False)
    assert list(rows) == ["brand"]
    assert "“gone”" in said
    with_other = campaigns(("brand", 100, 10, 300.0), (None, 7, 0, 0.0))
    assert list(shown(with_other, costs)[0]) == ["brand", OTHER]


SEPTEMBER = View(SHOP, Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "Europe/Berlin"))


def compared(
    now: tuple[Table, Spend], before: tuple[Table, Spend], view: View = SEPTEMBER
) -> tuple[pd.DataFrame, list[Field], str]:
    """The rows of a table with costs and those of the comparison, its fields, and what is said."""
    blocks = with_costs(
        [now[0]],
        view=OCTOBER,
        conversion=EUROS,
        spend=now[1],
        column="campaign",
        is_complete=True,
        earlier=Earlier(view, before[1], (before[0],)),
    )
    table = next(block for block in blocks if isinstance(block, Table))
    said = " ".join(block.text for block in blocks if isinstance(block, Text))
    return table.frame.set_index("label"), [*table.fields, *table.more_fields], said


def test_changes_of_costs_are_from_sums() -> None:
    now = campaigns(("brand", 100, 10, 300.0), ("cheap", 900, 0, 0.0), ("new", 50, 5, 10.0))
    was = campaigns(("brand", 80, 5, 100.0), ("cheap", 500, 5, 50.0), ("old", 10, 5, 45.0))
    costs = spend(("brand", "EUR", 100.0), ("cheap", "EUR", 300.0), ("new", "EUR", 100.0))
    earlier = spend(("brand", "EUR", 80.0), ("cheap", "EUR", 150.0), ("old", "EUR", 20.0), days=30)
    rows, fields, said = compared((now, costs), (was, earlier))
    assert rows.loc["brand", "cost_EUR_change"] == pytest.approx(0.25)
    # €10 instead of €16.
    assert rows.loc["brand", "cost_action_EUR_change"] == pytest.approx(-0.375)
    # 3 instead of 1.25.
    assert rows.loc["brand", "roas_change"] == pytest.approx(1.4)
    assert rows.loc["cheap", "cost_EUR_change"] == pytest.approx(1)
    assert math.isnan(rows.loc["cheap", "cost_action_EUR_change"])
    assert rows.loc["cheap", "roas_change"] == -1
    assert rows.loc[["new"], ["cost_EUR_change", "roas_change"]].isna().all(axis=None)
    # €500 for 15 conversions and €310, instead of €250 for 15 and €195: also of rows that are gone.
    assert "Compared with before: cost +100.0%, cost per conversion +100.0%, ROAS -20.5%." in said
    changes = {field.column: field for field in fields}
    assert changes["cost_EUR_change"].tone(0.5) == ""
    assert changes["cost_action_EUR_change"].tone(0.5) == "bad"
    assert changes["roas_change"].tone(0.5) == "good"
    assert {"Cost change", "Cost per conversion change", "ROAS change"} <= {
        *formats.headings(fields)
    }
    assert "comparison has costs" not in said
    (tile,) = tiles(costs, earlier)
    assert (tile.number, tile.earlier, tile.delta) == (500.0, 250.0, "+100.0%")


def test_currencies_of_a_comparison_are_never_mixed() -> None:
    table = campaigns(("brand", 100, 10, 300.0))
    now, before = spend(("brand", "EUR", 100.0)), spend(("brand", "USD", 50.0), days=12)
    rows, fields, said = compared((table, now), (table, before))
    assert not [field for field in fields if field.column.startswith("cost_EUR_change")]
    assert "Compared with before" not in said
    assert "The comparison has costs for 12 of 30 days." in said
    assert tiles(now, before)[0].earlier is None
    assert "cost_EUR" in rows


def test_part_of_a_day_leaves_out_changes_of_rates() -> None:
    table = campaigns(("brand", 100, 10, 300.0))
    period = SEPTEMBER.period
    evening = SEPTEMBER.of_period(replace(period, start=period.start.replace(hour=20)))
    costs = spend(("brand", "EUR", 50.0))
    rows, fields, said = compared((table, costs), (table, costs), evening)
    assert rows.loc["brand", "cost_EUR_change"] == 0
    assert not {"roas_change", "cost_action_EUR_change"} & {field.column for field in fields}
    assert "Compared with before" not in said


def test_days_without_costs_are_told() -> None:
    (said,) = notes(OCTOBER, spend(days=12))
    assert "12 of 31 days" in said
    assert notes(OCTOBER, spend(days=31)) == []
    by_source = replace(spend(days=31), by_source={"google": 31, "": 4})
    (said,) = notes(OCTOBER, by_source)
    assert "Days with costs, of 31: (no source) 4." in said
    halves = replace(spend(days=31), by_source={"google": 15, "facebook": 16})
    (said,) = notes(OCTOBER, halves)
    assert "google 15, facebook 16." in said
    many = {f"s{days}": days for days in range(31, 20, -1)}
    (said,) = notes(OCTOBER, replace(spend(days=31), by_source=many))
    assert "s21 21, s22 22, s23 23, s24 24, s25 25 and 5 more." in said


def test_dialog_suggests_the_closest_campaign() -> None:
    visited = ["spring-sale", "brand", "Brand"]
    alike, missing = cost_dialog.matches(["brand", "Spring Sale", "sprng-sale", "x"], visited)
    assert "“Spring Sale” as “spring-sale”" in alike
    assert "“sprng-sale” (closest: “spring-sale”), “x”." in missing
    assert cost_dialog.matches(["brand"], visited) == []


def pieces(content: bytes, size: int) -> Iterable[dict[str, Any]]:
    """The pieces of a compressed file, as ``file_input.js`` sends them."""
    text = base64.b64encode(gzip.compress(content)).decode()
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    for at, part in enumerate(parts):
        yield {"id": "f", "name": "costs.csv", "at": at, "count": len(parts), "content": part}


def test_file_arrives_in_pieces() -> None:
    opened = _Open(OCTOBER, 1)
    sent = list(pieces(b"day,campaign,cost\n2026-10-01,a,1\n", 40))
    assert len(sent) > 1
    for piece in sent:
        assert opened.file is None
        receive(opened, piece)
        receive(opened, piece)
    assert opened.file is not None
    assert opened.name == "costs.csv"
    receive(opened, {**sent[0], "count": 1})
    assert opened.file is None
    assert "Choose it again" in opened.problem
    for wrong in (None, {}, {**sent[0], "at": -1}, {**sent[0], "count": 10**9}, [1]):
        receive(opened, wrong)
    assert opened.pieces == [sent[0]["content"]]


def test_file_that_unpacks_to_more_than_the_limit_is_refused() -> None:
    opened = _Open(OCTOBER, 1)
    for piece in pieces(b"0" * 30_000_000, 120_000):
        receive(opened, piece)
    assert "larger than 10 MB" in opened.problem
    assert opened.file is None


def test_file_that_is_broken_has_not_arrived() -> None:
    (piece,) = pieces(b"day,campaign,cost\n2026-10-01,a,1\n", 10_000)
    members = base64.b64encode(base64.b64decode(piece["content"]) * 2).decode()
    for content in ("é", "=", piece["content"][:-8], members):
        opened = _Open(OCTOBER, 1)
        receive(opened, {**piece, "content": content})
        assert opened.file is None
        assert "did not arrive" in opened.problem


def test_names_are_simplified() -> None:
    assert simplified("Spring-Sale_2026") == simplified("SPRING sale+2026") == "springsale2026"
