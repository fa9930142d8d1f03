"""Funnels: how many visitors each step keeps and loses, and where most are lost."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from umami.api.records import frame_of
from umami.api.reports import FunnelResult
from umami.memoize import memoize


@memoize
def table(now: Sequence[FunnelResult], before: Sequence[FunnelResult] | None) -> pd.DataFrame:
    """A row per step, in order.

    ``kind`` and ``value`` describe the step. ``visitors`` reached it; ``dropped`` reached the step
    before it only. ``kept`` is their fraction of the step before, ``of_first`` of the first step;
    both are ``NaN`` where there is nothing to divide by. ``visitors_before`` and
    ``of_first_before`` belong to the comparison, ``change`` is of visitors, ``points`` the
    difference of ``of_first``.
    """
    frame = frame_of([result.step for result in now], kind="object", value="object")
    frame[["visitors", "dropped"]] = frame_of(now, visitors="int64", dropped="int64")
    rates = frame_of(now, drop_off="float64", remaining="float64")
    frame["kept"], frame["of_first"] = 1 - rates["drop_off"], rates["remaining"]
    comparable = before if before and len(before) == len(now) else ()
    earlier = frame_of(comparable, visitors="float64", remaining="float64").reindex(frame.index)
    frame["visitors_before"], frame["of_first_before"] = earlier["visitors"], earlier["remaining"]
    was = frame["visitors_before"]
    frame["change"] = frame["visitors"] / was.where(was > 0) - 1
    frame["points"] = frame["of_first"] - frame["of_first_before"]
    return frame


def worst(results: Sequence[FunnelResult]) -> int | None:
    """The position of the step before which most visitors are lost; ``None`` where none is."""
    lost = [result.dropped for result in results[1:]]
    return lost.index(max(lost)) + 1 if any(lost) else None
