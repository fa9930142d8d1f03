"""Ratings and rankings of web vitals, and shares side by side."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles.umami import serve as serve_version
from tests.pages.conftest import SHOP, TABLES
from umami.analysis import side_by_side, vitals
from umami.analysis.vitals import FEW, Rating
from umami.api import performance
from umami.api.performance import Percentiles, PerformanceMetrics, PerformanceStats, Vital
from umami.api.traffic import Ranked, Ranking
from umami.client import connect
from umami.period import Period
from umami.settings import Settings
from umami.view import View

MORNING = int(datetime(2026, 9, 15, 8, tzinfo=UTC).timestamp())
DAY = datetime.fromtimestamp(MORNING, UTC).date()


@pytest.mark.parametrize(
    ("vital", "value", "rating"),
    [
        ("lcp", 2500, "good"),
        ("lcp", 2500.1, "middling"),
        ("lcp", 4000, "middling"),
        ("lcp", 4000.1, "poor"),
        ("inp", 200, "good"),
        ("inp", 501, "poor"),
        ("cls", 0.1, "good"),
        ("cls", 0.25, "middling"),
        ("cls", 0.2501, "poor"),
        ("fcp", 1801, "middling"),
        ("fcp", 3001, "poor"),
        ("ttfb", 800, "good"),
        ("ttfb", 1801, "poor"),
    ],
)
def test_ratings_are_googles(vital: Vital, value: float, rating: Rating) -> None:
    assert vitals.rating(vital, value) == rating


def test_times_of_zero_were_not_measured() -> None:
    zero = Percentiles(0.0, 0.0, 0.0)
    stats = PerformanceStats(
        vitals={"lcp": Percentiles(1.0, 2.0, 3.0), "inp": zero, "cls": zero}, count=3
    )
    assert vitals.p75(stats) == {"lcp": 2.0, "cls": 0.0}
    assert vitals.p75(PerformanceStats(vitals=stats.vitals, count=0)) == {}


def metrics(**rows: tuple[float, int]) -> PerformanceMetrics:
    return PerformanceMetrics(
        pd.DataFrame(
            [(name, p75 / 2, p75, p75 * 2, count) for name, (p75, count) in rows.items()],
            columns=["name", "p50", "p75", "p95", "count"],
        )
    )


def test_few_measurements_come_last_and_have_no_change() -> None:
    now = metrics(rare=(9000, FEW - 1), slow=(4000, FEW), fast=(1000, FEW), none=(0, 0))
    before = metrics(slow=(2000, FEW), fast=(500, FEW - 1), rare=(1, 500))
    frame = vitals.ranked(now, before)
    assert frame["name"].tolist() == ["slow", "fast", "rare"]
    assert frame["change"].fillna(-9).tolist() == [1.0, -9, -9]
    assert vitals.ranked(metrics(), None).empty


@given(
    *(
        st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 50), max_size=6)
        for _side in range(2)
    )
)
def test_shares_are_of_each_side(left: dict[str, int], right: dict[str, int]) -> None:
    sides = [
        Ranking([Ranked(name, count) for name, count in side.items()], "visitors")
        for side in (left, right)
    ]
    frame = side_by_side.shares(*sides, 100, 200, 500).frame
    rows = {row["name"]: row for row in frame.to_dict("records")}
    assert set(rows) == {*left, *right}
    for name, row in rows.items():
        a, b = left.get(name, 0) / 100, right.get(name, 0) / 200
        assert (row["left_share"], row["right_share"]) == pytest.approx((a, b))
        assert row["points"] == pytest.approx(a - b)
        assert pd.isna(row["times"]) if not b else row["times"] == pytest.approx(a / b)
    many = frame[frame[["left", "right"]].max(axis="columns") >= side_by_side.FEW]
    assert many.index.tolist() == list(range(len(many)))
    assert many["points"].abs().is_monotonic_decreasing


def test_values_below_the_end_of_a_side_are_left_out() -> None:
    left = Ranking([Ranked(f"/{at}", 90 - at) for at in range(5)], "visitors")
    right = Ranking([Ranked(f"/{at}", 20) for at in (1, 3, 7)], "visitors")
    shares = side_by_side.shares(left, right, 100, 100, 6)
    assert sorted(shares.frame["name"]) == ["/0", "/1", "/2", "/3", "/4"]
    assert shares.uncertain == 1  # The left side may have "/7", too.
    assert side_by_side.shares(left, right, 100, 100, 500).uncertain == 0


def test_side_without_visitors_has_no_shares() -> None:
    left = Ranking([Ranked("DE", 30), Ranked("FR", 60)], "visitors")
    frame = side_by_side.shares(left, Ranking([], "visitors"), 90, 0, 500).frame
    assert frame["name"].tolist() == ["FR", "DE"]
    assert frame[["right_share", "points", "times"]].isna().all(axis=None)


@pytest.mark.parametrize("version", ["3.1", "3.5"])
def test_web_vitals_are_asked_for_as_each_version_answers(version: str) -> None:
    with serve_version(version, TABLES) as running:
        for at, (path, lcp) in enumerate((("/", 100), ("/", 300), ("/cart", 200))):
            sent = {"website": SHOP, "hostname": "x.example", "url": path, "lcp": lcp, "cls": 0.1}
            answer = httpx.post(
                f"{running.url}/api/send",
                json={"type": "performance", "payload": {**sent, "timestamp": MORNING + 3600 * at}},
                headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"},
            )
            assert answer.is_success, answer.text
        settings = Settings(
            api=f"{running.url}/api", username=running.username, password=running.password
        )
        with connect(settings) as client:
            view = View(SHOP, Period.of_days(DAY, DAY, "UTC", "hour"))
            stats = client.ask(performance.performance_stats(view))
            assert stats.count == 3
            assert stats.vitals["lcp"] == Percentiles(200, 250, 290)
            pages = client.ask(performance.performance_metrics(view, "path")).frame
            assert dict(zip(pages["name"], pages["p75"], strict=True)) == {"/": 250, "/cart": 200}
            chart = client.ask(performance.performance_chart(view)).frame
            assert chart["p75"].dropna().tolist() == [100, 300, 200]
            cart = client.ask(performance.performance_stats(view.filtered("path", "/cart")))
            assert cart.count == 1
