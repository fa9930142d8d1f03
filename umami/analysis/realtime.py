"""The last half hour: every minute of it, and a log that grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from umami.models.realtime import Happening, Realtime

MINUTES: Final = 30
LONGEST_LOG: Final = 200


def minutes(answer: Realtime, timezone: str) -> pd.DataFrame:
    """Each of the last 30 minutes: ``time`` (naive wall clock of the zone), ``views`` and
    ``visitors``, 0 where nothing happened.

    Servers write these minutes in UTC or in the asked zone, without saying in which; the one
    that puts them into the last half hour is right.
    """
    now = pd.Timestamp(answer.at)
    told = pd.DatetimeIndex(answer.minutes["time"])
    if told.tz is None:
        local = told.tz_localize(timezone, ambiguous=True, nonexistent="shift_forward")
        told = told.tz_localize("UTC")
        if _late(local, now) < _late(told, now):
            told = local
    axis = pd.date_range(end=now.floor("min"), periods=MINUTES, freq="min", tz="UTC")
    known = answer.minutes.set_axis(told.tz_convert("UTC").floor("min"))[["views", "visitors"]]
    frame = known.groupby(level=0).sum().reindex(axis, fill_value=0)
    frame.insert(0, "time", axis.tz_convert(timezone).tz_localize(None))
    return frame.reset_index(drop=True)


def _late(times: pd.DatetimeIndex, now: pd.Timestamp) -> float:
    """Seconds between the latest of the times and now."""
    return abs((now - times.max()).total_seconds()) if len(times) else 0.0


def longer(log: Sequence[Happening], new: Sequence[Happening]) -> tuple[Happening, ...]:
    """A log with what is new on top, each once; what is too old for it is let go."""
    both = dict.fromkeys([*new, *log])
    newest = sorted(both, key=lambda one: one.at, reverse=True)
    return tuple(newest[:LONGEST_LOG])


def ranked(counts: Mapping[str, int]) -> pd.DataFrame:
    """Counts by name: ``name``, ``count``, ``share``, most first."""
    frame = pd.DataFrame(
        {
            "name": pd.Series(list(counts), dtype="object"),
            "count": pd.Series(list(counts.values()), dtype="int64"),
        }
    ).sort_values("count", ascending=False, kind="stable", ignore_index=True)
    total = int(frame["count"].sum())
    return frame.assign(share=frame["count"] / total if total else 0.0)
