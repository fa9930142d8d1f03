"""The last half hour, minute by minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from components.theme import FONT, PALETTES, Mode, faded


@dataclass(frozen=True, slots=True)
class Minutes:
    """Views and visitors of each minute, by wall clock."""

    times: tuple[str, ...]
    views: tuple[int, ...]
    visitors: tuple[int, ...]


def minutes(frame: pd.DataFrame) -> Minutes:
    """What ``umami.analysis.realtime.minutes`` gives."""
    return Minutes(
        tuple(f"{pd.Timestamp(time):%H:%M}" for time in frame["time"]),
        tuple(int(one) for one in frame["views"]),
        tuple(int(one) for one in frame["visitors"]),
    )


def minutes_spec(data: Minutes, mode: Mode) -> dict[str, Any]:
    """Views as pale bars, visitors before them, in the words of ECharts: it moves bars where they
    stand, where Plotly's chart is mounted anew in Streamlit whenever it changes.

    The axis keeps its height while little happens.
    """
    palette = PALETTES[mode]
    colour = palette.categorical[0]
    quiet = {"color": palette.muted, "fontFamily": FONT, "fontSize": 12}
    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT},
        "grid": {"left": 8, "right": 8, "top": 34, "bottom": 4, "containLabel": True},
        "legend": {"left": 0, "top": 0, "textStyle": quiet, "itemWidth": 12, "itemHeight": 12},
        "tooltip": {
            "trigger": "axis",
            "backgroundColor": palette.surface,
            "borderColor": palette.border,
            "textStyle": {"color": palette.text},
            "confine": True,
        },
        "xAxis": {
            "type": "category",
            "data": list(data.times),
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": palette.border}},
            "axisLabel": {**quiet, "interval": 4},
        },
        "yAxis": {
            "type": "value",
            "minInterval": 1,
            "max": max((*data.views, 4)),
            "splitNumber": 4,
            "splitLine": {"lineStyle": {"color": palette.border}},
            "axisLabel": quiet,
        },
        "series": [
            {
                "type": "bar",
                "name": name,
                "data": list(values),
                "itemStyle": {"color": fill},
                "barGap": "-100%",
                "barCategoryGap": "20%",
            }
            for name, values, fill in (
                ("Views", data.views, faded(colour, 0.35)),
                ("Visitors", data.visitors, colour),
            )
        ],
    }
