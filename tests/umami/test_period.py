"""Periods: complete axes, right across DST."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umami.errors import InvalidView
from umami.period import UNITS, Period, finest_unit, instant, milliseconds, with_unit

ZONES = (
    "UTC",
    "Europe/Zurich",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/St_Johns",
)


def walls(period: Period) -> list[str]:
    return [str(time) for time in period.axis()]


def test_whole_days_include_both_ends() -> None:
    period = Period.of_days(date(2026, 8, 1), date(2026, 9, 30), "UTC")
    assert (period.start_at, period.end_at) == (1785542400000, 1790812799999)
    assert period.unit == "day"
    assert len(period.axis()) == 61


def test_the_spring_night_lacks_an_hour() -> None:
    period = Period.of_days(date(2026, 3, 29), date(2026, 3, 29), "Europe/Zurich", "hour")
    assert len(period.axis()) == 23
    assert "2026-03-29 02:00:00" not in walls(period)


def test_the_autumn_night_has_its_double_hour_once() -> None:
    period = Period.of_days(date(2026, 10, 25), date(2026, 10, 25), "Europe/Zurich", "hour")
    assert len(period.axis()) == 24
    assert walls(period).count("2026-10-25 02:00:00") == 1
    assert period.end - period.start == timedelta(hours=25) - timedelta(milliseconds=1)


def test_days_of_new_york_across_both_changes() -> None:
    for first in (date(2026, 3, 7), date(2026, 10, 31)):
        period = Period.of_days(first, first + timedelta(days=3), "America/New_York")
        assert walls(period) == [f"{first + timedelta(days=n)} 00:00:00" for n in range(4)]


def test_hours_of_a_half_hour_zone_begin_on_its_own_hours() -> None:
    period = Period.of_days(date(2026, 8, 1), date(2026, 8, 1), "Asia/Kolkata", "hour")
    assert walls(period)[0] == "2026-08-01 00:00:00"
    assert len(period.axis()) == 24


def test_months_are_those_of_the_zone() -> None:
    period = Period.of_days(date(2026, 8, 1), date(2026, 9, 30), "Asia/Tokyo", "month")
    assert walls(period) == ["2026-08-01 00:00:00", "2026-09-01 00:00:00"]


def test_a_range_within_an_hour_has_minutes() -> None:
    start = datetime(2026, 8, 1, 12, 10, 30, tzinfo=UTC)
    period = Period(start, start + timedelta(minutes=2), "minute", "UTC")
    assert walls(period) == [f"2026-08-01 12:{minute}:00" for minute in (10, 11, 12)]


@pytest.mark.parametrize(
    ("start", "end", "unit", "zone"),
    [
        (datetime(2026, 8, 2, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC), "day", "UTC"),
        (datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 8, 9, tzinfo=UTC), "minute", "UTC"),
        (datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 8, 9, tzinfo=UTC), "week", "UTC"),
        (datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 8, 9, tzinfo=UTC), "day", "Mars/Olympus"),
        (datetime(2026, 8, 1), datetime(2026, 8, 9), "day", "UTC"),
        (datetime(1990, 8, 1, tzinfo=UTC), datetime(2026, 8, 9, tzinfo=UTC), "year", "UTC"),
    ],
)
def test_impossible_periods(start: datetime, end: datetime, unit: str, zone: str) -> None:
    with pytest.raises(InvalidView):
        Period(start, end, unit, zone)  # type: ignore[arg-type]


moments = st.datetimes(datetime(2001, 1, 1), datetime(2096, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
lengths = st.one_of(
    st.timedeltas(timedelta(0), timedelta(hours=50)), st.timedeltas(timedelta(0), timedelta(900))
)


@given(moments, lengths, st.sampled_from(ZONES))
def test_every_axis_is_complete(start: datetime, length: timedelta, zone: str) -> None:
    finest = finest_unit(start, start + length)
    for unit in UNITS[UNITS.index(finest) :]:
        period = Period(start, start + length, unit, zone)
        axis = period.axis()
        assert axis.is_monotonic_increasing
        assert axis.is_unique
        for edge in (period.start, period.end):
            wall = pd.Timestamp(edge).tz_convert(zone).tz_localize(None)
            assert axis[0] <= wall
            assert (axis <= wall).any()
        assert len(axis) <= 400 or unit in ("day", "hour")


@given(moments)
def test_milliseconds_and_back(moment: datetime) -> None:
    assert instant(milliseconds(moment)) == moment.replace(
        microsecond=round(moment.microsecond, -3) % 1_000_000
    ) or abs(instant(milliseconds(moment)) - moment) <= timedelta(milliseconds=1)


@given(moments, lengths, st.sampled_from(ZONES))
def test_a_unit_that_is_too_fine_is_coarsened(
    start: datetime, length: timedelta, zone: str
) -> None:
    period = with_unit(start, start + length, zone, "minute")
    assert period.unit == finest_unit(start, start + length)
    assert period.unit in period.units
