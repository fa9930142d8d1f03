"""Series of thousands of names: the same numbers as counted one by one, at a bounded cost."""

from __future__ import annotations

import cProfile
import pstats
import random
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pandas as pd
import pytest

from components.charts.over_time import stacked
from umami.api.events import EventSeries, PropertySeries
from umami.period import Period

NAMES = 3_000
OCTOBER = Period.of_days(date(2026, 10, 1), date(2026, 10, 31), "Europe/Berlin")
CLOCKS_CHANGE = Period.of_days(date(2026, 10, 24), date(2026, 10, 25), "UTC", "hour")


def calls(do: Callable[[], object]) -> int:
    """How many functions are called, whatever the time they take."""
    profile = cProfile.Profile()
    profile.runcall(do)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


@pytest.mark.thorough
@pytest.mark.sample(2)
@pytest.mark.parametrize("period", [OCTOBER, CLOCKS_CHANGE], ids=["days", "hours"])
def test_thousands_of_names(period: Period) -> None:
    chance = random.Random(1)
    times = [str(time) for time in period.axis()]
    rows = [
        {"x": f"event {number}", "t": time, "y": chance.randint(1, 9)}
        for number in range(NAMES)
        for time in chance.sample(times, 20)
    ]
    rows += rows[:50]  # a repeated hour
    chance.shuffle(rows)
    expected: Counter[tuple[str, pd.Timestamp]] = Counter()
    for row in rows:
        expected[row["x"], pd.Timestamp(row["t"])] += row["y"]
    frame = EventSeries.read(rows, period).frame
    assert len(frame) == NAMES * len(times)
    occurred = frame[frame["count"] > 0]
    assert expected == {
        (name, time): count
        for time, name, count in zip(
            occurred["time"], occurred["event"], occurred["count"], strict=True
        )
    }
    assert calls(lambda: EventSeries.read(rows, period)) < 10 * len(rows)
    draw = partial(stacked, frame, period.unit, "count", "", None, "light")
    assert calls(draw) < len(rows)
    bars = draw()["data"]
    assert bars[-1]["name"] == f"{NAMES - 5:,} others"
    assert sum(sum(bar["y"]) for bar in bars) == sum(expected.values())


@pytest.mark.parametrize("clip", [True, False])
def test_buckets_outside_the_period(clip: bool) -> None:
    rows: list[dict[str, Any]] = [
        {"x": None, "t": "2026-09-30 00:00:00", "y": 1},
        {"x": "a", "t": "2026-10-01 00:00:00", "y": "2"},
    ]
    if clip:
        frame = PropertySeries.read(rows, OCTOBER, clip=True).frame
        assert set(frame["value"]) == {"a"}
        assert frame["count"].sum() == 2
    else:
        with pytest.raises(ValueError, match="outside"):
            EventSeries.read(rows, OCTOBER)
