"""Funnels: what each step keeps and loses, and where most is lost."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from umami.memoize import memoize
from umami.models.reports import FunnelResult


@memoize
def table(now: Sequence[FunnelResult], before: Sequence[FunnelResult] | None) -> pd.DataFrame:
    """A row a step, in order.

    ``kind`` and ``value`` of the step; ``visitors`` who reached it and ``dropped`` who reached the
    step before and not this one; ``kept`` is the fraction of the step before, ``of_first`` of the
    first one, ``NaN`` where there is nothing to divide by. ``visitors_before`` and
    ``of_first_before`` are the comparison's, ``change`` is of visitors, ``points`` the difference
    of ``of_first``.
    """
    frame = pd.DataFrame(
        {
            "kind": pd.Series([one.step.kind for one in now], dtype="object"),
            "value": pd.Series([one.step.value for one in now], dtype="object"),
            "visitors": pd.Series([one.visitors for one in now], dtype="int64"),
            "dropped": pd.Series([one.dropped for one in now], dtype="int64"),
            "kept": _fractions([None if one.drop_off is None else 1 - one.drop_off for one in now]),
            "of_first": _fractions([one.remaining for one in now]),
        }
    )
    earlier = list(before) if before and len(before) == len(now) else None
    frame["visitors_before"] = _fractions(
        [one.visitors for one in earlier] if earlier else [None] * len(now)
    )
    frame["of_first_before"] = _fractions(
        [one.remaining for one in earlier] if earlier else [None] * len(now)
    )
    was = frame["visitors_before"]
    frame["change"] = frame["visitors"] / was.where(was > 0) - 1
    frame["points"] = frame["of_first"] - frame["of_first_before"]
    return frame


def worst(results: Sequence[FunnelResult]) -> int | None:
    """The position of the step before which most visitors are lost; ``None`` where none is."""
    lost = [one.dropped for one in results[1:]]
    return lost.index(max(lost)) + 1 if any(lost) else None


def _fractions(values: Sequence[float | None]) -> pd.Series[float]:
    known = [float("nan") if value is None else float(value) for value in values]
    return pd.Series(known, dtype="float64")
