"""Stacked bars over time, a colour for each name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts.common import HOVER_ALL, amounts_axis, base_layout, plain, time_axis
from components.theme import PALETTES, Mode, faded
from umami.period import Unit

NET = "Net amount"


@dataclass(frozen=True, slots=True)
class Stacks:
    """Amounts by name over time: the largest first, the other names summed up last."""

    times: tuple[pd.Timestamp, ...]
    series: tuple[tuple[str, tuple[float, ...]], ...]
    unit: Unit
    money: str = ""
    """The currency if amounts are money."""
    before: tuple[float, ...] = ()
    """Total amounts of the comparison, aligned by position."""
    when: tuple[str, ...] = ()
    """Names of the comparison's buckets."""

    @property
    def net(self) -> bool:
        """Whether there is only a series of net amounts: stacks of gains and losses show no sum."""
        return [name for name, _ in self.series] == [NET]


def stacked(
    frame: pd.DataFrame,
    unit: Unit,
    value: str = "count",
    most: int = 5,
    *,
    money: str = "",
    before: pd.DataFrame | None = None,
) -> Stacks:
    """Stacks of the ``most`` largest events of a frame (``time``, ``event`` and ``value``).

    Values of both signs become a single series of net amounts. ``before`` is the frame of the
    comparison; both are aligned by position.
    """
    if frame.empty:
        return Stacks((), (), unit, money)
    total = frame.groupby("time")[value].sum()
    times = tuple(pd.Timestamp(time) for time in total.index)
    if (frame[value] < 0).any() and (frame[value] > 0).any():
        series = [(NET, _values(total))]
    else:
        # There may be thousands of names, so only the largest become columns.
        sums = frame.groupby("event")[value].sum().sort_values(ascending=False, kind="stable")
        largest = frame["event"].isin(sums.index[:most])
        shown = frame[largest].groupby(["time", "event"])[value].sum().unstack(fill_value=0)
        series = [(str(name), _values(shown[name])) for name in sums.index[:most]]
        if len(sums) > most:
            rest = frame[~largest].groupby("time")[value].sum()
            series.append((f"{len(sums) - most} others", _values(rest)))
    if before is None or before.empty:
        return Stacks(times, tuple(series), unit, money)
    earlier = before.groupby("time")[value].sum().head(len(times))
    when = tuple(formats.moment(pd.Timestamp(time), unit) for time in earlier.index)
    return Stacks(times, tuple(series), unit, money, _values(earlier), when)


def _values(amounts: pd.Series[Any]) -> tuple[float, ...]:
    return tuple(map(float, amounts))


def stacked_figure(data: Stacks, mode: Mode) -> go.Figure:
    """Stacked bars, negative amounts below zero, with a dashed line for the comparison's total."""
    sums = [sum(bucket) for bucket in zip(*(values for _, values in data.series), strict=True)]
    drawn = (*sums, *data.before, 0.0)
    traces = [_bars(name, values, data, mode) for name, values in data.series]
    if data.before:
        traces.append(_before(data, mode))
    return go.Figure(
        data=traces,
        layout={
            **base_layout(mode, HOVER_ALL, 280, top=36, right=24),
            "barmode": "stack",
            "bargap": 0.25,
            "showlegend": True,
            "xaxis": time_axis(data.times, data.unit),
            "yaxis": amounts_axis(4, min(drawn), max(drawn), data.money),
        },
    )


def _bars(name: str, values: Sequence[float], data: Stacks, mode: Mode) -> dict[str, Any]:
    bars: dict[str, Any] = {
        "type": "bar",
        "x": data.times,
        "y": values,
        "name": plain(name, 40),
        "customdata": _labels(values, data),
        "hovertemplate": "<b>%{customdata}</b><extra>%{fullData.name}</extra>",
    }
    if data.net:
        gain, loss = PALETTES[mode].categorical[:2]
        bars["marker"] = {"color": [loss if value < 0 else gain for value in values]}
    return bars


def _before(data: Stacks, mode: Mode) -> dict[str, Any]:
    amounts = _labels(data.before, data)
    return {
        "type": "scatter",
        "x": data.times[: len(data.before)],
        "y": data.before,
        "name": "Total, before",
        "mode": "lines+markers" if len(data.before) < 3 else "lines",
        "line": {"color": faded(PALETTES[mode].text, 0.55), "width": 1.5, "dash": "dash"},
        "customdata": [f"{amount}  ({at})" for amount, at in zip(amounts, data.when, strict=True)],
        "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>",
    }


def _labels(values: Sequence[float], data: Stacks) -> list[str]:
    return [
        plain(formats.money(value, data.money)) if data.money else formats.whole(value)
        for value in values
    ]
