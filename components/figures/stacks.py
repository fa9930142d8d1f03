"""Stacked bars over time, one colour a name."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.figures.common import HOVER_ALL, amounts_axis, plain, time_axis
from components.theme import Mode, template
from umami.period import Unit


@dataclass(frozen=True, slots=True)
class Stacks:
    """Amounts of each name over one axis, the largest first, the rest together."""

    times: tuple[pd.Timestamp, ...]
    series: tuple[tuple[str, tuple[float, ...]], ...]
    unit: Unit
    money: str = ""
    """The currency of amounts that are money."""


def stacked(
    frame: pd.DataFrame, unit: Unit, value: str = "count", most: int = 5, *, money: str = ""
) -> Stacks:
    """A named series (``time``, ``event`` and a value) as stacks, ``most`` of them at most."""
    if frame.empty:
        return Stacks((), (), unit, money)
    table = frame.groupby(["time", "event"])[value].sum().unstack(fill_value=0)
    order = table.sum().sort_values(ascending=False, kind="stable").index
    series = [(str(name), tuple(float(one) for one in table[name])) for name in order[:most]]
    if len(order) > most:
        rest = table[order[most:]].sum(axis=1)
        series.append((f"{len(order) - most} others", tuple(float(one) for one in rest)))
    times = tuple(pd.Timestamp(time) for time in table.index)
    return Stacks(times, tuple(series), unit, money)


def stacked_figure(data: Stacks, mode: Mode) -> go.Figure:
    """Stacked bars."""
    shown = f"%{{y:,.2f}} {plain(data.money)}" if data.money else "%{y:,}"
    return go.Figure(
        data=[
            {
                "type": "bar",
                "x": data.times,
                "y": values,
                "name": plain(name, 40),
                "hovertemplate": f"<b>{shown}</b><extra>%{{fullData.name}}</extra>",
            }
            for name, values in data.series
        ],
        layout={
            "template": template(mode),
            **HOVER_ALL,
            "height": 280,
            "barmode": "stack",
            "bargap": 0.25,
            "showlegend": True,
            "margin": {"l": 8, "r": 24, "t": 36, "b": 8},
            "xaxis": time_axis(data.times, data.unit),
            "yaxis": {
                **amounts_axis(4),
                "tickprefix": plain(formats.symbol(data.money)) if data.money else "",
            },
        },
    )
