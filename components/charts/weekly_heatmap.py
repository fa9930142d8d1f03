"""Heatmaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from components.charts.common import HOVER_ONE
from components.theme import PALETTES, Mode, scale, template

WEEKDAYS: Final = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)


@dataclass(frozen=True, slots=True)
class Week:
    """Counts by weekday (Monday first) and hour of the day."""

    counts: tuple[tuple[int, ...], ...]
    what: str

    @property
    def busiest(self) -> tuple[str, int] | None:
        """Weekday and hour with most, ``None`` where there is nothing at all."""
        most = max((max(row, default=0) for row in self.counts), default=0)
        for weekday, row in zip(WEEKDAYS, self.counts, strict=False):
            if most and most in row:
                return weekday, row.index(most)
        return None


def week(frame: pd.DataFrame, what: str = "visitors") -> Week:
    """A rhythm's frame (rows 0 = Monday to 6, columns hours 0 to 23) as what the heatmap draws."""
    full = frame.reindex(index=range(7), columns=range(24), fill_value=0)
    return Week(tuple(tuple(int(count) for count in row) for row in full.to_numpy()), what)


def week_figure(data: Week, mode: Mode) -> go.Figure:
    """The week's rhythm: a row a weekday, a column an hour."""
    hours = [f"{hour:02}:00" for hour in range(24)]
    return go.Figure(
        data=[
            {
                "type": "heatmap",
                "z": data.counts,
                "x": hours,
                "y": [day[:3] for day in WEEKDAYS],
                "customdata": [
                    [f"{day} {hour:02}:00 to {hour + 1:02}:00" for hour in range(24)]
                    for day in WEEKDAYS
                ],
                "xgap": 2,
                "ygap": 2,
                "zmin": 0,
                "showscale": False,
                "colorscale": scale(PALETTES[mode].sequential),
                "hovertemplate": f"%{{customdata}}<br><b>%{{z:,}}</b> {data.what}<extra></extra>",
            }
        ],
        layout={
            "template": template(mode),
            **HOVER_ONE,
            "height": 270,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "xaxis": {
                "fixedrange": True,
                "showline": False,
                "ticks": "",
                "tickvals": hours[::3],
            },
            "yaxis": {
                "autorange": "reversed",
                "fixedrange": True,
                "showline": False,
                "showgrid": False,
            },
        },
    )
