"""Bars over time: stacked with a colour for each name, and single."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts.common import HOVER_ALL, amounts_axis, base_layout, plain, time_axis
from components.theme import PALETTES, Mode, faded
from umami.period import Unit

NET: Final = "Net amount"
MOST_NAMES: Final = 5


def stacked(
    frame: pd.DataFrame,
    unit: Unit,
    value: str,
    currency: str,
    before: pd.DataFrame | None,
    mode: Mode,
) -> go.Figure:
    """Bars for the largest names of a frame (``time``, ``event`` and ``value``), the others summed.

    Negative amounts are below zero. ``currency`` is empty if values are no money. A dashed line
    shows the totals of ``before``, the frame of the comparison, aligned by position.
    """
    total = frame.groupby("time")[value].sum()
    series = _series(frame, value, total)
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "x": list(total.index),
            "y": values,
            "name": plain(name, 40),
            "customdata": [plain(formats.amount(amount, currency)) for amount in values],
            "hovertemplate": "<b>%{customdata}</b><extra>%{fullData.name}</extra>",
        }
        for name, values in series.items()
    ]
    if NET in series:
        gain, loss = PALETTES[mode].categorical[:2]
        traces[0]["marker"] = {"color": [loss if amount < 0 else gain for amount in series[NET]]}
    earlier: list[float] = []
    if before is not None and len(before) and len(total):
        sums = before.groupby("time")[value].sum().head(len(total))
        earlier = list(map(float, sums))
        traces.append(
            {
                "type": "scatter",
                "x": list(total.index[: len(sums)]),
                "y": earlier,
                "name": "Total, before",
                "mode": "lines+markers" if len(sums) < 3 else "lines",
                "line": {"color": faded(PALETTES[mode].text, 0.55), "width": 1.5, "dash": "dash"},
                "customdata": [
                    f"{plain(formats.amount(amount, currency))}  ({formats.moment(at, unit)})"
                    for at, amount in zip(sums.index, earlier, strict=True)
                ],
                "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>",
            }
        )
    drawn = (*map(float, total), *earlier, 0.0)
    return go.Figure(
        data=traces,
        layout={
            **base_layout(mode, HOVER_ALL, 280, top=36, right=24),
            "barmode": "stack",
            "bargap": 0.25,
            "showlegend": True,
            "xaxis": time_axis(list(total.index), unit),
            "yaxis": amounts_axis(4, min(drawn), max(drawn), currency),
        },
    )


def _series(frame: pd.DataFrame, value: str, total: pd.Series[Any]) -> dict[str, list[float]]:
    """The amounts by name, the largest first and the sum of the others last.

    Amounts of both signs become net amounts: stacks of gains and losses would show no sum.
    """
    if (frame[value] < 0).any() and (frame[value] > 0).any():
        return {NET: list(map(float, total))}
    # There may be thousands of names, so only the largest become columns.
    sums = frame.groupby("event")[value].sum().sort_values(ascending=False, kind="stable")
    largest = frame["event"].isin(sums.index[:MOST_NAMES])
    shown = frame[largest].groupby(["time", "event"])[value].sum().unstack(fill_value=0)
    series = {str(name): list(map(float, shown[name])) for name in sums.index[:MOST_NAMES]}
    if len(sums) > MOST_NAMES:
        rest = frame[~largest].groupby("time")[value].sum()
        series[f"{len(sums) - MOST_NAMES} others"] = list(map(float, rest))
    return series


def trend(
    frame: pd.DataFrame, value: str, unit: Unit, what: str, target: float, mode: Mode
) -> go.Figure:
    """Bars for a column of a frame with ``time``, with a dotted line at the target of a bucket.

    ``what`` says what the bars count, ``target`` is that of the whole period, 0 for none.
    """
    palette = PALETTES[mode]
    line = {
        "type": "line",
        "xref": "x domain",
        "x0": 0,
        "x1": 1,
        "yref": "y",
        **dict.fromkeys(("y0", "y1"), target / (len(frame) or 1)),
        "line": {"color": palette.categorical[1], "width": 1.5, "dash": "dot"},
    }
    return single(
        list(frame["time"]),
        list(map(float, frame[value])),
        unit,
        what,
        mode,
        colour=faded(palette.categorical[0], 0.85),
        most_ticks=3,
        height=150,
        shapes=[line] if target and len(frame) else [],
    )


def single(
    times: Sequence[pd.Timestamp],
    values: Sequence[float],
    unit: Unit,
    what: str,
    mode: Mode,
    *,
    colour: str | list[str],
    most_ticks: int,
    height: int,
    top: int = 8,
    shapes: Sequence[dict[str, Any]] = (),
) -> go.Figure:
    """Bars over time that are not stacked; ``what`` says what they count."""
    bars = {
        "type": "bar",
        "x": times,
        "y": values,
        "marker": {"color": colour},
        "hovertemplate": f"<b>%{{y:,}}</b> {what}<extra></extra>",
    }
    return go.Figure(
        data=[bars],
        layout={
            **base_layout(mode, HOVER_ALL, height, top=top, right=16),
            "bargap": 0.25,
            "showlegend": False,
            "shapes": shapes,
            "xaxis": time_axis(times, unit),
            "yaxis": amounts_axis(most_ticks, min((*values, 0)), max((*values, 0))),
        },
    )
