"""The last half hour minute by minute, and the live log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from umami.analysis.changes import with_share
from umami.api.realtime import Happening, Realtime

MINUTES: Final = 30
LONGEST_LOG: Final = 200


def minutes(answer: Realtime, timezone: str) -> pd.DataFrame:
    """Each of the last 30 minutes: ``time`` (naive wall clock of the zone), ``views`` and
    ``visitors``, 0 where nothing happened.

    Servers write these minutes in UTC or in the requested zone, without an offset. The zone that
    puts them closer to now is used.
    """
    now = pd.Timestamp(answer.at)
    times = pd.DatetimeIndex(answer.minutes["time"])
    if times.tz is None:
        local = times.tz_localize(timezone, ambiguous=True, nonexistent="shift_forward")
        times = times.tz_localize("UTC")
        if _late(local, now) < _late(times, now):
            times = local
    axis = pd.date_range(end=now.floor("min"), periods=MINUTES, freq="min", tz="UTC")
    known = answer.minutes.set_axis(times.tz_convert("UTC").floor("min"))[["views", "visitors"]]
    frame = known.groupby(level=0).sum().reindex(axis, fill_value=0)
    frame.insert(0, "time", axis.tz_convert(timezone).tz_localize(None))
    return frame.reset_index(drop=True)


def _late(times: pd.DatetimeIndex, now: pd.Timestamp) -> float:
    """Seconds between the latest of the times and now."""
    return abs((now - times.max()).total_seconds()) if len(times) else 0.0


def longer(log: Sequence[Happening], new: Sequence[Happening]) -> tuple[Happening, ...]:
    """The log with the new lines, newest first, without duplicates and at most 200 lines."""
    both = dict.fromkeys([*new, *log])
    newest = sorted(both, key=lambda line: line.at, reverse=True)
    return tuple(newest[:LONGEST_LOG])


def ranked(counts: Mapping[str, int]) -> pd.DataFrame:
    """Counts by name: ``name``, ``count``, ``share``, most first."""
    frame = pd.DataFrame(counts.items(), columns=["name", "count"])
    return with_share(frame.astype({"name": "object", "count": "int64"}), "count")
