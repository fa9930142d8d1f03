"""Funnels: how many visitors each step keeps and loses, and where most are lost."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

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
    earlier: Sequence[FunnelResult | None] = [None] * len(now)
    if before and len(before) == len(now):
        earlier = before
    rows = [
        {
            "kind": result.step.kind,
            "value": result.step.value,
            "visitors": result.visitors,
            "dropped": result.dropped,
            "kept": None if result.drop_off is None else 1 - result.drop_off,
            "of_first": result.remaining,
            "visitors_before": None if was is None else was.visitors,
            "of_first_before": None if was is None else was.remaining,
        }
        for result, was in zip(now, earlier, strict=True)
    ]
    figures = dict.fromkeys(("kept", "of_first", "visitors_before", "of_first_before"), "float64")
    dtypes = {"kind": "object", "value": "object", "visitors": "int64", "dropped": "int64"}
    frame = pd.DataFrame(rows, columns=[*dtypes, *figures]).astype({**dtypes, **figures})
    was = frame["visitors_before"]
    frame["change"] = frame["visitors"] / was.where(was > 0) - 1
    frame["points"] = frame["of_first"] - frame["of_first_before"]
    return frame


def worst(results: Sequence[FunnelResult]) -> int | None:
    """The position of the step before which most visitors are lost; ``None`` where none is."""
    lost = [result.dropped for result in results[1:]]
    return lost.index(max(lost)) + 1 if any(lost) else None
