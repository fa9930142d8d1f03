"""Revenue: unsupported filters, unknown currency codes, negative amounts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from components import formats, umami_server
from tests.pages.conftest import TABLES, open_page, said, table, tiles
from tests.pages.test_numbers import SEPTEMBER, answer, view
from tests.support.money import with_money
from umami.api import revenue
from umami.api.conversions import visit_groups
from umami.embedded.server import Running

GOOGLE = ["referrer.eq.google.com"]
UNFILTERED = "This server cannot filter revenue by Referrer. The figures below are without this"


def embedded(bare: pytest.MonkeyPatch, data: Path = TABLES, definitions: str = "3.5") -> None:
    """Use an embedded server over these tables."""
    bare.setenv("UMAMI_DATA", str(data))
    bare.setenv("UMAMI_DEFINITIONS", definitions)
    umami_server.umami.clear()


def links(app: Any, key: str) -> list[Any]:
    """The filter of each row of a table."""
    for element in app.get("bidi_component"):
        if element.proto.id.endswith(f"-{key}"):
            return [record["value"] for record in json.loads(element.proto.json)["records"]]
    raise AssertionError(f"there is no table {key}")


def test_filter_on_a_source_shows_revenue_of_its_visits(bare: pytest.MonkeyPatch) -> None:
    embedded(bare)
    app = open_page("revenue", **SEPTEMBER, filter=GOOGLE)
    by_visit = replace(view(GOOGLE), whole_visits=True)
    now = answer(revenue.revenue(by_visit, "EUR"))
    groups = answer(visit_groups(by_visit, "device", None, "EUR")).frame
    assert now.orders == groups["orders"].sum() > 0
    assert float(now.total) == pytest.approx(groups["revenue"].sum())
    assert now.total < answer(revenue.revenue(view(GOOGLE), "EUR")).total
    assert tiles(app)["Revenue"] == formats.money_short(float(now.total), "EUR")
    assert "cannot filter" not in said(app)
    assert any(links(app, "revenue_referrers"))


@pytest.mark.thorough
def test_filter_that_would_select_purchases_is_ignored_and_named(
    bare: pytest.MonkeyPatch,
) -> None:
    embedded(bare, definitions="3.1")
    app = open_page("revenue", **SEPTEMBER, filter=[*GOOGLE, "country.eq.DE"])
    now = answer(revenue.revenue(view(["country.eq.DE"]), "EUR"))
    assert now.orders > 0
    assert tiles(app)["Revenue"] == formats.money_short(float(now.total), "EUR")
    assert UNFILTERED in said(app)
    assert not any(links(app, "revenue_referrers"))
    assert any(links(app, "revenue_countries"))


def test_server_without_revenue_filters_shows_all_revenue(
    bare: pytest.MonkeyPatch, old: Running
) -> None:
    bare.setenv("UMAMI_URL", old.url)
    bare.setenv("UMAMI_USERNAME", old.username)
    bare.setenv("UMAMI_PASSWORD", old.password)
    app = open_page("revenue", **SEPTEMBER, filter=GOOGLE)
    now = answer(revenue.revenue(view([]), "EUR"))
    assert tiles(app)["Revenue"] == formats.money_short(float(now.total), "EUR")
    assert UNFILTERED in said(app)
    assert not any(links(app, "revenue_countries"))


@pytest.mark.thorough
@pytest.mark.parametrize("sent", ["€", "US Dollar"])
def test_unknown_currency_code_is_shown_unchanged(
    bare: pytest.MonkeyPatch, tmp_path: Path, sent: str
) -> None:
    embedded(bare, with_money(TABLES, tmp_path / "tables", lambda rows: rows.assign(currency=sent)))
    app = open_page("revenue", **SEPTEMBER)
    now = answer(revenue.revenue(view([]), sent))
    assert now.orders > 0
    shown = formats.money_short(float(now.total), sent.upper())
    assert tiles(app)["Revenue"] == shown
    assert shown.endswith(sent.upper())


@pytest.mark.thorough
def test_other_spelling_of_a_currency_is_named(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def respell(rows: pd.DataFrame) -> pd.DataFrame:
        euros = rows.index[rows["currency"] == "EUR"]
        rows.loc[euros[::2], "currency"] = "eur "
        return rows

    embedded(bare, with_money(TABLES, tmp_path / "tables", respell))
    app = open_page("revenue", **SEPTEMBER)
    plain, spaced = (
        float(answer(revenue.revenue(view([]), currency)).total) for currency in ("EUR", "EUR ")
    )
    assert min(plain, spaced) > 0
    assert tiles(app)["Revenue"] == formats.money_short(plain, "EUR")
    assert f"The figures are without {formats.money(spaced, 'EUR')}" in said(app)


@pytest.mark.thorough
def test_negative_revenue_has_no_shares_and_is_explained(
    bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refund(rows: pd.DataFrame) -> pd.DataFrame:
        refunds = rows.index[::3]
        rows.loc[refunds, "revenue"] = "-500.00"
        return rows

    embedded(bare, with_money(TABLES, tmp_path / "tables", refund))
    app = open_page("revenue", **SEPTEMBER, revenue_currency="EUR")
    now = answer(revenue.revenue(view([]), "EUR"))
    assert now.total < 0
    assert tiles(app)["Revenue"] == formats.money_short(float(now.total), "EUR")
    assert tiles(app)["Revenue"].startswith("-€")
    assert "Some amounts are negative" in said(app)
    # Name, amount and change, but no share.
    assert {len(row) for row in table(app, "revenue_countries")} == {3}


def test_change_is_explained_in_the_currency_that_is_shown(bare: pytest.MonkeyPatch) -> None:
    embedded(bare)
    compared = {**SEPTEMBER, "compare": "previous"}
    key = "explain_revenue"

    def explains(**params: Any) -> bool:
        app = open_page("revenue", **compared, **params)
        assert not app.exception
        return any(str(button.key).startswith(key) for button in app.button)

    assert explains()
    assert explains(revenue_currency="USD")
    assert explains(filter=GOOGLE)
