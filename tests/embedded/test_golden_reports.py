"""Reports that real servers gave for a handful of rows that can be counted by hand."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.doubles.umami.v2.queries import revenue
from tests.doubles.umami.v2.queries.goals import times
from tests.doubles.umami.v2.queries.retention import retention
from tests.doubles.umami.v2.queries.utm import utm
from tests.embedded.golden import END, START, WEBSITE, golden
from umami.embedded.queries.reports import Step, attribution, conversion_counts, funnel, journey
from umami.embedded.scope import Scope
from umami.embedded.store import Store

ALL = Scope(WEBSITE, START, END)
PURCHASE = Step("event", "purchase")


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    store = golden()
    yield store
    store.close()


def test_funnel_equals_the_golden_data(store: Store) -> None:
    steps = [Step("path", "/"), Step("path", "/pricing"), PURCHASE]
    assert funnel(store, ALL, steps, 60) == [3, 1, 1]


def test_goals_count_rows(store: Store) -> None:
    assert times(store, ALL, Step("event", "signup")) == 2
    assert times(store, ALL, Step("path", "/pricing")) == 5


def test_journey_equals_the_golden_data(store: Store) -> None:
    paths = journey(store, ALL, 5, None, None)
    assert [count for _, count in paths] == [1] * 7
    assert ["/", "/pricing", "signup", "/checkout", "purchase"] in [path for path, _ in paths]


def test_retention_uses_days_of_the_zone(store: Store) -> None:
    retained = retention(store, ALL, "Europe/Zurich")
    assert [tuple(cell.values()) for cell in retained] == [
        ("2026-11-10 00:00:00", 0, 2, 2, 100.0),
        ("2026-11-10 00:00:00", 2, 2, 1, 50.0),
        ("2026-11-10 00:00:00", 3, 2, 1, 50.0),
        ("2026-11-11 00:00:00", 0, 1, 1, 100.0),
        ("2026-11-12 00:00:00", 0, 2, 2, 100.0),
    ]
    cells = retention(store, ALL, "UTC")
    assert [cell["day"] for cell in cells if cell["date"].startswith("2026-11-10")] == [0, 1, 3]


def test_utm_equals_the_golden_data(store: Store) -> None:
    assert utm(store, ALL) == {
        "utm_source": {"google": 1, "newsletter": 1},
        "utm_medium": {"cpc": 1, "email": 1},
        "utm_campaign": {"x": 1},
    }


def test_revenue_equals_the_golden_data(store: Store) -> None:
    sums = {
        total.currency: (total.amount, total.events, total.sessions)
        for total in revenue.totals(store, ALL)
    }
    assert sums["USD"] == (Decimal("19.99"), 1, 1)
    assert revenue.countries(store, ALL, "USD") == [("DE", Decimal("19.99"))]
    assert revenue.currencies(store, ALL) == ["USD", "eur"]


def test_attribution_equals_the_golden_data(store: Store) -> None:
    parts = attribution(store, ALL, "first-click", PURCHASE)
    assert {row["name"]: row["value"] for row in parts["referrer"]} == {"google.com": 1, "t.co": 1}
    assert parts["paidAds"] == [{"name": "Google Ads", "value": 1}]
    counts = conversion_counts(store, ALL, PURCHASE)
    assert counts == {"pageviews": 2, "visitors": 2, "visits": 2}
