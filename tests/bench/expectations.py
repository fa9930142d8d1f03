"""Benchmark: whether unusual days, gaps, effects and bands are what they claim to be, in generated
traffic in which the truth is known."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import product
from typing import Final

import numpy as np
import pandas as pd

from tests.bench import forecasts
from tests.bench.table import Table
from tests.support import planted
from tests.support.generated_traffic import LAST, Site, site
from umami.analysis.doubts import gaps
from umami.analysis.effects import effect
from umami.analysis.expected import band, rhythm, unusual_days
from umami.analysis.pace import pace

RUNS: Final = 200
ALERTED: Final = 30
YEAR: Final = 365
HOURLY_DAYS: Final = 90
EFFECTS: Final = (0.0, 0.1, 0.3)
AFTER: Final = 28
"""Days after a note."""
COUNTED: Final = {"visits": 1.0, "conversions": 0.02}
"""What is counted, as a share of the visits."""
CALL_LIMIT: Final = 100.0
MEMORY_LIMIT: Final = 120.0
COSTS: Final = """
import json, time
import numpy, pandas
from tests.bench.expectations import LAST, site
from umami.analysis import doubts, effects, expected, pace

def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

traffic = site(1)
visits = traffic.visits()
hours = traffic.views_by_hour(visits[-90:])
others = [site(100_001).visits(), site(200_001).visits()]
before, begun = memory(), time.process_time()
expected.band(expected.rhythm(visits[-60:]))
pace.pace(visits[-60:], LAST)
result = {"import": time.process_time() - begun, "memory": memory() - before}
calls = {
    "band": lambda: expected.band(expected.rhythm(visits)),
    "unusual_days": lambda: expected.unusual_days(expected.rhythm(visits)),
    "gaps": lambda: doubts.gaps(hours),
    "effect, 2 controls": lambda: effects.effect(visits, visits.index[-28].date(), controls=others),
    "pace, 3 months checked": lambda: pace.pace(visits[:-10], LAST),
}
for name, call in calls.items():
    call()
    begun = time.process_time()
    for _ in range(5):
        call()
    result[name] = (time.process_time() - begun) / 5 * 1000
print(json.dumps(result))
"""
"""A process of its own, so that nothing is imported before it is measured."""


@dataclass(slots=True)
class Detected:
    """What was planted in some websites, what of it was found, and what was found besides."""

    planted: dict[str, int] = field(default_factory=dict)
    marked: dict[str, int] = field(default_factory=dict)
    false_days: int = 0
    false_gaps: int = 0
    day_months: float = 0.0
    gap_months: float = 0.0
    within: list[bool] = field(default_factory=list)
    """Whether each day without anything planted is within its 80 % band."""
    latest_within: list[bool] = field(default_factory=list)
    """The same for the latest day only."""

    def recall(self, kind: str) -> float:
        """The part of the planted ones of a kind that was found."""
        return self.marked[kind] / self.planted[kind]


def detected(runs: int, first_seed: int = 30_000) -> Detected:
    """Plant spikes, drops and gaps in a year of so many websites, and look for them."""
    result = Detected(
        dict.fromkeys(("spike", "drop", "gap"), 0), dict.fromkeys(("spike", "drop", "gap"), 0)
    )
    for seed in range(first_seed, first_seed + runs):
        traffic = site(seed)
        days = traffic.mean.index[-YEAR:]
        # The end of the history is where it matters most, and hardest to judge: one always there.
        chosen = traffic.random.choice(len(days) - 1, 11, replace=False)
        chosen = np.append(chosen, len(days) - 1 - traffic.random.integers(0, 3))
        factor = pd.Series(1.0, index=traffic.mean.index)
        truth: dict[date, str] = {}
        for number, at in enumerate(chosen):
            kind = "spike" if (number + seed) % 2 else "drop"
            truth[days[at].date()] = kind
            factor[days[at]] = 2.0 if kind == "spike" else 0.5
        visits = traffic.visits(factor=factor)
        pattern = rhythm(visits)
        assert pattern is not None
        marked = {day.day: day.kind for day in unusual_days(pattern)}
        for day, kind in truth.items():
            result.planted[kind] += 1
            result.marked[kind] += marked.get(day) == kind
        result.false_days += sum(day not in truth for day in marked)
        result.day_months += len(visits) / 30.4
        ranges = band(pattern)
        usual = ~np.isin(ranges.index.date, list(truth))
        within = ranges["actual"].between(ranges["low"], ranges["high"])
        result.within += list(within[usual])
        result.latest_within += list(within[usual][-1:])
        _plant_gaps(result, traffic, visits[-HOURLY_DAYS:])
    return result


def _plant_gaps(result: Detected, traffic: Site, visits: pd.Series) -> None:
    hours = traffic.views_by_hour(visits)
    starts = traffic.random.choice(len(hours) // 12 - 1, 4, replace=False) * 12
    starts += traffic.random.integers(0, 9, 4)
    planted = [hours.index[start] for start in starts]
    for start in starts:
        hours.iloc[start : start + 3] = 0.0
    marked = gaps(hours)
    for start in planted:
        end = start + pd.Timedelta(hours=3)
        result.planted["gap"] += 1
        result.marked["gap"] += any(gap.start <= start and gap.end >= end for gap in marked)
    result.false_gaps += sum(
        not any(
            gap.start <= start + pd.Timedelta(hours=3) and start <= gap.end for start in planted
        )
        for gap in marked
    )
    result.gap_months += HOURLY_DAYS / 30.4


@dataclass(slots=True)
class Measured:
    """Effects of one size: whether the interval covers it, and the verdicts."""

    covered: list[bool] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)

    def part(self, *verdicts: str) -> float:
        """The part of the runs with one of these verdicts."""
        return sum(verdict in verdicts for verdict in self.verdicts) / len(self.verdicts)


def measured(
    runs: int,
    size: float,
    share: float,
    controls: int,
    *,
    disturbed: bool = False,
    first_seed: int = 50_000,
    days: int = 400,
) -> Measured:
    """Plant an effect in the last four weeks of so many websites, and measure it; ``share`` of the
    visits are what is counted. ``disturbed`` are those with an outage and a sale before."""
    result = Measured()
    for seed in range(first_seed, first_seed + runs):
        traffic = site(seed, days)
        others = [site(seed + 100_000 * (at + 1), days).visits() for at in range(controls)]
        first = LAST - timedelta(days=AFTER - 1)
        factor = pd.Series(1.0, index=traffic.mean.index)
        factor[pd.Timestamp(first) :] = 1 + size
        if disturbed:
            factor.iloc[-75:-68], factor.iloc[-49:-40] = 0.4, 1.8
        outcome = effect(traffic.visits(share, factor), first, controls=others)
        result.verdicts.append(outcome.verdict)
        if outcome.relative is not None:
            low, _, high = outcome.relative
            result.covered.append(low <= size <= high)
            result.widths.append((high - low) / 2)
    return result


def paced(runs: int, share: float, first_seed: int = 70_000, days: int = 400) -> list[bool]:
    """Whether months end within the band that was drawn on some day of them."""
    held = []
    for seed in range(first_seed, first_seed + runs):
        traffic = site(seed, days)
        visits = traffic.visits(share)
        month, end = date(2026, 10, 1), date(2026, 10, 31)
        known = date(2026, 10, int(traffic.random.integers(1, 26)))
        outcome = pace(visits[: pd.Timestamp(known)], month)
        assert outcome is not None
        actual = visits[pd.Timestamp(month) : pd.Timestamp(end)].sum()
        held.append(bool(outcome.low <= actual <= outcome.high))
    return held


def expectations() -> list[str]:
    """Print what was found, how often the intervals hold, and what it costs; what was missed."""
    table = Table(f"a year of {RUNS} websites, 500 to 5,000 visits a day")
    result = detected(RUNS)
    for kind in result.planted:
        table.least(f"recall, {NAMES[kind]}", result.recall(kind), 0.95, digits=3)
    days = result.false_days / result.day_months
    hours = result.false_gaps / result.gap_months
    table.most("false marks a month, days", days, 2, digits=2)
    table.most("false marks a month, gaps", hours, 2, digits=2)
    for name, within in (("usual days", result.within), ("yesterday", result.latest_within)):
        table.between(f"80 % band holds, {name}", float(np.mean(within)), 0.7, 0.9)
    missed = table.missed + _alerts()
    for (counted, share), controls, disturbed in product(COUNTED.items(), (0, 2), (False, True)):
        after = ", after an outage" if disturbed else ""
        table = Table(f"{counted}, {controls} controls{after}")
        for size in EFFECTS:
            outcome = measured(RUNS, size, share, controls, disturbed=disturbed)
            table.least(
                f"{size:.0%}: 90 % interval covers", float(np.mean(outcome.covered)), 0.85, digits=3
            )
            table.info(
                f"{size:.0%}: half width of the interval",
                float(np.median(outcome.widths)),
                digits=3,
            )
            if size:
                table.info(f"{size:.0%}: verdict “up”", outcome.part("up"), digits=3)
            else:
                table.most("0%: verdict “up”", outcome.part("up"), 0.1, digits=3)
        missed += table.missed
    table = Table(f"pace of a month, {RUNS} runs each")
    for counted, share in COUNTED.items():
        table.between(f"80 % band holds, {counted}", float(np.mean(paced(RUNS, share))), 0.7, 0.9)
    missed += table.missed
    forecasts.models()
    return missed + _costs()


def _alerts() -> list[str]:
    """What alerts find when an hour or a day is over, without what follows."""
    table = Table(f"alerts on a year of {ALERTED} websites, 500 to 5,000 visits a day")
    silent, unusual = planted.hours(range(84_000, 84_000 + ALERTED), HOURLY_DAYS)
    every = {
        "days of 2x and 50 %": planted.days(range(83_000, 83_000 + ALERTED), YEAR),
        "3 hours without a row": silent,
    }
    for name, tally in every.items():
        table.least(f"recall, {name}", tally.recall, 0.95, digits=3)
        table.most(f"false alarms a month, {name}", tally.wrong_a_month, 2, digits=2)
    table.info("recall, hours of 2x and 50 %", unusual.recall, digits=3)
    table.most("false alarms a month, hours of 2x and 50 %", unusual.wrong_a_month, 2, digits=2)
    return table.missed


NAMES: Final = {"spike": "days of 2x", "drop": "days of 50 %", "gap": "3 hours without a row"}


def _costs() -> list[str]:
    """What the first call costs in a process, and every further one."""
    finished = subprocess.run(
        [sys.executable, "-c", COSTS], check=True, capture_output=True, text=True
    )
    costs = json.loads(finished.stdout)
    table = Table("what expectations cost")
    table.info("first call, processor time", costs.pop("import"), "s", 1)
    table.most("first call, memory", costs.pop("memory"), MEMORY_LIMIT, "MB")
    for name, milliseconds in costs.items():
        table.most(f"{name}, processor time", milliseconds, CALL_LIMIT, "ms")
    return table.missed
