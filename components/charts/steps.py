"""A funnel."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts.common import HOVER_ONE, plain, rows_axis
from components.theme import PALETTES, Mode, faded, template


@dataclass(frozen=True, slots=True)
class Funnel:
    """Visitors at each step, the comparison's too where it had any."""

    names: tuple[str, ...]
    visitors: tuple[int, ...]
    before: tuple[int, ...]
    said: tuple[str, ...]
    """What stands on each bar."""
    worst: int | None
    """Position of the step before which most are lost."""


def funnel(table: pd.DataFrame, worst: int | None) -> Funnel:
    """A funnel of what ``umami.analysis.funnel.table`` gives."""
    before = table["visitors_before"]
    return Funnel(
        tuple(f"{at}  {value}" for at, value in enumerate(table["value"], 1)),
        tuple(int(one) for one in table["visitors"]),
        () if before.isna().any() or not before.any() else tuple(int(one) for one in before),
        tuple(
            f"{formats.whole(visitors)}  {formats.percent(None if pd.isna(share) else share)}"
            for visitors, share in zip(table["visitors"], table["of_first"], strict=True)
        ),
        worst,
    )


def funnel_figure(data: Funnel, mode: Mode) -> go.Figure:
    """A funnel, its worst step in another colour; the comparison pale beside it."""
    palette = PALETTES[mode]
    places = list(range(len(data.names)))
    now = {
        "type": "funnel",
        "y": places,
        "x": data.visitors,
        "name": "This period",
        "text": data.said,
        "textinfo": "text",
        "textposition": "auto",
        "insidetextfont": {"color": palette.background, "size": 13},
        "outsidetextfont": {"color": palette.text, "size": 13},
        "customdata": [plain(name, 200) for name in data.names],
        "marker": {"color": [palette.categorical[1 if at == data.worst else 0] for at in places]},
        "connector": {"fillcolor": faded(palette.categorical[0], 0.12), "line": {"width": 0}},
        "hovertemplate": "%{customdata}<br><b>%{x:,}</b> visitors<extra></extra>",
    }
    before = {
        "type": "scatter",
        "y": places,
        # A mark for nobody would stand in the middle of the bar, across what is written there.
        "x": [visitors / 2 if visitors else None for visitors in data.before],
        "name": "Before",
        "mode": "markers",
        "marker": {
            "symbol": "line-ns",
            "size": 26,
            "line": {"width": 2.5, "color": palette.text},
        },
        "customdata": data.before,
        "hovertemplate": "before: <b>%{customdata:,}</b> visitors<extra></extra>",
    }
    return go.Figure(
        data=[now, before] if data.before else [now],
        layout={
            "template": template(mode),
            **HOVER_ONE,
            "height": 70 + 62 * max(len(places), 2),
            "showlegend": bool(data.before),
            "margin": {"l": 8, "r": 8, "t": 30 if data.before else 8, "b": 8},
            "funnelgap": 0.25,
            "xaxis": {"visible": False, "fixedrange": True},
            "yaxis": rows_axis(data.names, mode, 30),
        },
    )
