"""Times follow the wall clock of a zone, and filters compare as PostgreSQL does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umami.embedded.scope import Scope, bucket, format_bucket, like, wall_clock
from umami.embedded.store import Store

STORE = Store()
ZONES = (
    *("UTC", "Europe/Zurich", "America/New_York", "America/St_Johns", "Asia/Kolkata"),
    *("Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia"),
)


def local(time: datetime, zone: str) -> datetime:
    return time.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    start=st.datetimes(datetime(1970, 1, 1), datetime(2099, 1, 1)),
    length=st.timedeltas(timedelta(0), timedelta(days=800)),
    parts=st.lists(st.floats(0, 1), min_size=1, max_size=20),
)
def test_wall_clock_equals_zoneinfo(
    zone: str, start: datetime, length: timedelta, parts: list[float]
) -> None:
    end = start + length
    scope = Scope(uuid4(), start, end)
    times = [min(end, start + length * part) for part in parts]
    rows = STORE.rows(
        f"SELECT {wall_clock(scope, zone, 'time')} FROM unnest(?::TIMESTAMP[]) AS t(time)", [times]
    )
    assert [row[0] for row in rows] == [local(time, zone) for time in times]


@pytest.mark.parametrize(
    ("zone", "instant"),
    [
        ("Europe/Zurich", datetime(2026, 3, 29, 1)),
        ("Europe/Zurich", datetime(2026, 10, 25, 1)),
        ("America/New_York", datetime(2026, 3, 8, 7)),
        ("America/New_York", datetime(2026, 11, 1, 6)),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 15)),
        # Samoa left a whole day out.
        ("Pacific/Apia", datetime(2011, 12, 30, 10)),
    ],
)
@pytest.mark.parametrize("past", [timedelta(seconds=-1), timedelta(0), timedelta(seconds=1)])
def test_wall_clock_around_a_daylight_saving_change(
    zone: str, instant: datetime, past: timedelta
) -> None:
    time = instant + past
    ranges = [(time, time), (time - timedelta(days=400), time), (time, time + timedelta(days=400))]
    for start, end in ranges:
        scope = Scope(uuid4(), start, end)
        sql = f"SELECT {wall_clock(scope, zone, 'time')} FROM (SELECT ?::TIMESTAMP AS time)"
        assert STORE.row(sql, [time]) == (local(time, zone),)


def test_repeated_hour_is_one_bucket() -> None:
    scope = Scope(uuid4(), datetime(2026, 10, 25), datetime(2026, 10, 26))
    hours = [datetime(2026, 10, 25, 0, 30), datetime(2026, 10, 25, 1, 30)]
    rows = STORE.rows(
        f"SELECT DISTINCT {bucket(scope, 'hour', 'Europe/Zurich', 'time')} "
        "FROM unnest(?::TIMESTAMP[]) AS t(time)",
        [hours],
    )
    assert [format_bucket(row[0]) for row in rows] == ["2026-10-25 02:00:00"]


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("Blog", "blog", True),
        ("Über uns", "ÜBER", True),
        ("a-b", "a_b", True),
        ("a-b", r"a\_b", False),
        ("a_b", r"a\_b", True),
        ("100 %", r"\%", True),
        ("100", r"\%", False),
        (r"a\b", r"a\\b", True),
        ("ab", "a%b", True),
        ("ba", "a%b", False),
    ],
)
def test_like_escapes_wildcards(text: str, value: str, expected: bool) -> None:
    assert STORE.row(f"SELECT {like('?', value)}", [text, f"%{value}%"]) == (expected,)
