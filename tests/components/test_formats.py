"""Formats of numbers, durations and dates."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from components import formats
from umami.period import Period


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (10797, "10,797"), (1_234_567, "1.2M"), (2.5e9, "2.5B")]
)
def test_numbers_of_tiles_are_short(number: float, text: str) -> None:
    assert formats.short(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (12.4, "12s"), (59.7, "1m 00s"), (109, "1m 49s"), (7500, "2h 05m"), (None, "–")],
)
def test_durations_are_formatted(seconds: float | None, text: str) -> None:
    assert formats.duration(seconds) == text


def test_shares_have_one_decimal() -> None:
    assert formats.percent(0.4531) == "45.3%"
    assert formats.percent(None) == "–"


def test_change_from_zero_is_unknown() -> None:
    assert formats.change(12, 10) == pytest.approx(0.2)
    assert formats.change(12, 0) is None
    assert formats.change(None, 3) is None
    assert formats.change(0, 4) == -1


def test_previous_period_of_a_day_is_the_day_before() -> None:
    day = Period.of_days(date(2026, 9, 2), date(2026, 9, 2), "UTC")
    assert formats.period(day.previous()) == "Tue 1 Sep 2026"


def test_tick_names_its_day_only_where_it_changes() -> None:
    times = pd.date_range("2026-09-01 12:00", periods=4, freq="6h")
    assert formats.ticks(list(times), "hour") == [
        "12:00<br>1 Sep",
        "18:00",
        "00:00<br>2 Sep",
        "06:00",
    ]
    assert formats.ticks(list(times[:1]), "day") == ["1 Sep"]


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 8, 1), date(2026, 9, 30), "1 Aug – 30 Sep 2026"),
        (date(2025, 12, 30), date(2026, 1, 2), "30 Dec 2025 – 2 Jan 2026"),
        (date(2026, 8, 3), date(2026, 8, 9), "3 – 9 Aug 2026"),
        (date(2026, 8, 1), date(2026, 8, 1), "Sat 1 Aug 2026"),
    ],
)
def test_periods_are_formatted(first: date, last: date, text: str) -> None:
    assert formats.period(Period.of_days(first, last, "Europe/Berlin")) == text


@pytest.mark.parametrize(
    ("amount", "currency", "said", "short"),
    [
        (49.9, "€", "49.90 €", "49.90 €"),
        (49.9, "US Dollar", "49.90 US Dollar", "49.90 US Dollar"),
        (15, "usd ", "$15.00", "$15.00"),
        (-1234.5, "EUR", "-€1,234.50", "-€1,234"),
        (-0.001, "EUR", "€0.00", "€0.00"),
        (1234.56, "JPY", "¥1,235", "¥1,235"),
        (1.2345, "KWD", "KWD 1.234", "KWD 1.234"),
        (3_700_000_000, "POINTS", "3,700,000,000.00 POINTS", "3.7B POINTS"),
    ],
)
def test_amounts_follow_their_currency(amount: float, currency: str, said: str, short: str) -> None:
    assert formats.money(amount, currency).replace("\xa0", " ") == said
    assert formats.money_short(amount, currency).replace("\xa0", " ") == short


def test_change_from_a_loss_is_unknown() -> None:
    assert formats.change(100, -50) is None
    assert formats.change(-50, 100) == -1.5
