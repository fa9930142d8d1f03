"""Bars side by side: a ranking, and what it was before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from components.charts.common import HOVER_ONE, plain, rows_axis
from components.theme import PALETTES, Mode, template


@dataclass(frozen=True, slots=True)
class Bars:
    """The first names of a ranking with their values as said, and the values before."""

    names: tuple[str, ...]
    values: tuple[float, ...]
    said: tuple[str, ...]
    before: tuple[float, ...]


def bars(
    names: Sequence[str],
    values: Sequence[float],
    said: Sequence[str],
    before: Sequence[float] = (),
    most: int = 8,
) -> Bars:
    """``most`` bars at most; ``before`` is empty without a comparison."""
    return Bars(
        tuple(names[:most]),
        tuple(float(one) for one in values[:most]),
        tuple(said[:most]),
        tuple(float(one) for one in before[:most]),
    )


def bars_figure(data: Bars, mode: Mode) -> go.Figure:
    """Horizontal bars, the largest on top, a mark where each was before."""
    palette = PALETTES[mode]
    places = list(range(len(data.names)))
    longest = max((*data.values, *data.before), default=0)
    now = {
        "type": "bar",
        "y": places,
        "x": data.values,
        "orientation": "h",
        "name": "This period",
        "marker": {"color": palette.categorical[0]},
        "text": data.said,
        "textposition": "outside",
        "textfont": {"color": palette.text},
        "cliponaxis": False,
        "customdata": [plain(name, 200) for name in data.names],
        "hovertemplate": "%{customdata}<br><b>%{text}</b><extra></extra>",
    }
    before = {
        "type": "scatter",
        "y": places,
        "x": data.before,
        "mode": "markers",
        "name": "Before",
        "marker": {
            "symbol": "line-ns",
            "size": 16,
            "line": {"width": 2.5, "color": palette.categorical[1]},
        },
        "hovertemplate": "before: <b>%{x:,}</b><extra></extra>",
    }
    return go.Figure(
        data=[now, before] if data.before else [now],
        layout={
            "template": template(mode),
            **HOVER_ONE,
            "height": (40 if data.before else 16) + 32 * max(len(places), 2),
            "bargap": 0.3,
            "showlegend": bool(data.before),
            "margin": {"l": 8, "r": 8, "t": 30 if data.before else 8, "b": 8},
            "xaxis": {
                "fixedrange": True,
                "showgrid": False,
                "showticklabels": False,
                "showline": False,
                # Room for what is said at the end of the longest bar.
                "range": [min((*data.values, 0)), 1.24 * longest or 1],
            },
            "yaxis": rows_axis(data.names, mode, 22),
        },
    )
