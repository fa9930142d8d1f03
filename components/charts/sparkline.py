"""One measure over time, small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from components.charts.common import HOVER_ALL, amounts_axis, time_axis
from components.theme import PALETTES, Mode, faded, template
from umami.period import Unit


@dataclass(frozen=True, slots=True)
class Trend:
    """A measure over wall-clock times; ``target`` is what each bucket needs on average."""

    times: tuple[pd.Timestamp, ...]
    values: tuple[float, ...]
    unit: Unit
    what: str
    target: float | None = None


def trend(
    times: Sequence[pd.Timestamp],
    values: Sequence[float],
    unit: Unit,
    what: str,
    target: float | None = None,
) -> Trend:
    """``target`` is for all of the period."""
    each = target / len(times) if target and len(times) else None
    return Trend(
        tuple(pd.Timestamp(time) for time in times),
        tuple(float(value) for value in values),
        unit,
        what,
        each,
    )


def trend_figure(data: Trend, mode: Mode) -> go.Figure:
    """Bars, with a line at what the target asks of each."""
    palette = PALETTES[mode]
    asked = {
        "type": "line",
        "xref": "x domain",
        "x0": 0,
        "x1": 1,
        "yref": "y",
        "y0": data.target,
        "y1": data.target,
        "line": {"color": palette.categorical[1], "width": 1.5, "dash": "dot"},
    }
    return go.Figure(
        data=[
            {
                "type": "bar",
                "x": data.times,
                "y": data.values,
                "marker": {"color": faded(palette.categorical[0], 0.85)},
                "hovertemplate": f"<b>%{{y:,}}</b> {data.what}<extra></extra>",
            }
        ],
        layout={
            "template": template(mode),
            **HOVER_ALL,
            "height": 150,
            "bargap": 0.25,
            "showlegend": False,
            "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
            "shapes": [] if data.target is None else [asked],
            "xaxis": time_axis(data.times, data.unit),
            "yaxis": amounts_axis(3, min(data.values, default=0), max(data.values, default=0)),
        },
    )
