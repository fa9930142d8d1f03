"""Formats of numbers, durations and dates."""

from __future__ import annotations

import re
from datetime import date, datetime

import pandas as pd
import pytest

from components import formats, texts
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


EVENING = datetime(2026, 10, 31, 14, 5)
LOCALES = {
    # number, compact, per cent, money, moment, day, hour tick, month, period
    "en": (
        *("1,392.5", "1.2M", "45.3%", "€1,234.50"),
        *("Sat 31 Oct 2026, 14:05", "31 Oct", "14:05", "October 2026", "1 – 31 Oct 2026"),
    ),
    "en-US": (
        *("1,392.5", "1.2M", "45.3%", "€1,234.50"),
        *("Sat, Oct 31, 2026, 2:05 PM", "Oct 31", "2:05 PM", "October 2026"),
        "Oct 1 – 31, 2026",
    ),
    "en-GB": (
        *("1,392.5", "1.2M", "45.3%", "€1,234.50"),
        *("Sat, 31 Oct 2026, 14:05", "31 Oct", "14:05", "October 2026", "1–31 Oct 2026"),
    ),
    "de-DE": (
        *("1.392,5", "1,2 Mio.", "45,3 %", "1.234,50 €"),
        *("Sa., 31. Okt. 2026, 14:05", "31. Okt.", "14:05", "Oktober 2026", "1.–31. Okt. 2026"),
    ),
    "de-CH": (
        *("1’392.5", "1.2 Mio.", "45.3%", "EUR 1’234.50"),
        *("Sa., 31. Okt. 2026, 14:05", "31. Okt.", "14:05", "Oktober 2026", "1.–31. Okt. 2026"),
    ),
    "fr-FR": (
        *("1 392,5", "1,2 M", "45,3 %", "1 234,50 €"),
        *("sam. 31 oct. 2026, 14:05", "31 oct.", "14:05", "octobre 2026", "1–31 oct. 2026"),
    ),
    "es-ES": (
        *("1.392,5", "1,2 M", "45,3 %", "1.234,50 €"),
        *("sáb, 31 oct 2026, 14:05", "31 oct", "14:05", "octubre de 2026", "1–31 oct 2026"),
    ),
}


@pytest.mark.parametrize("locale", LOCALES)
def test_formats_follow_the_locale(locale: str) -> None:
    october = Period.of_days(date(2026, 10, 1), date(2026, 10, 31), "Europe/Berlin")
    with texts.reading(locale):
        shown = (
            formats.number(1392.5),
            formats.short(1_230_000),
            formats.percent(0.4531),
            formats.money(1234.5, "EUR"),
            formats.moment(EVENING, "hour"),
            *(formats.ticks([EVENING], unit)[0].partition("<")[0] for unit in ("day", "hour")),  # type: ignore[arg-type]
            formats.moment(EVENING, "month"),
            formats.period(october),
        )
    plain = [
        re.sub("[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}]", " ", text)
        for text in shown
    ]
    assert plain == list(LOCALES[locale])


@pytest.mark.parametrize(
    ("locale", "first", "input_format", "d3"),
    [
        ("en", "monday", "YYYY-MM-DD", "%a %-d %b %Y, %H:%M"),
        ("en-US", "sunday", "MM/DD/YYYY", "%a, %b %-d, %Y, %-I:%M\u202f%p"),
        ("en-GB", "monday", "DD/MM/YYYY", "%a, %-d %b %Y, %H:%M"),
        ("de-DE", "monday", "DD.MM.YYYY", "%a, %-d. %b %Y, %H:%M"),
        ("fr-FR", "monday", "DD/MM/YYYY", "%a %-d %b %Y, %H:%M"),
        ("es-MX", "sunday", "DD/MM/YYYY", "%a, %-d de %b de %Y, %-I:%M\u202f%p"),
        ("fr-DZ", "saturday", "DD/MM/YYYY", "%a %-d %b %Y, %-I:%M\u202f%p"),
    ],
)
def test_weeks_inputs_and_charts_follow_the_locale(
    locale: str, first: str, input_format: str, d3: str
) -> None:
    with texts.reading(locale):
        assert formats.week_start() == first
        assert formats.date_input() == input_format
        assert formats.hover_format("hour") == d3


def test_charts_name_days_and_months_in_the_language_of_the_reader() -> None:
    with texts.reading("de-DE"):
        config = formats.plotly_locale()
        assert formats.hours(23) == "23:00 bis 24:00"
        assert formats.weekday(0) == "Montag"
    of_germany = config["locales"][config["locale"]]["format"]
    assert of_germany["shortDays"][0] == "So."
    assert of_germany["months"][9] == "Oktober"
    assert (of_germany["decimal"], of_germany["thousands"]) == (",", ".")


def test_equal_instants_of_two_zones_have_their_own_times() -> None:
    noon = pd.Timestamp("2026-10-31 12:00", tz="UTC")
    shown = [formats.dated(noon.tz_convert(zone), "short") for zone in ("UTC", "Asia/Tokyo")]
    assert shown == ["12:00", "21:00"]
