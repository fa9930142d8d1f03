"""How numbers are distributed."""

from __future__ import annotations

import plotly.graph_objects as go

from components import formats
from components.charts.common import HOVER_ONE, amounts_axis
from components.theme import PALETTES, Mode, template
from umami.analysis.properties import Distribution


def distribution_figure(data: Distribution, mode: Mode) -> go.Figure:
    """Bars from edge to edge."""
    bins = list(zip(data.edges[:-1], data.edges[1:], strict=True))
    return go.Figure(
        data=[
            {
                "type": "bar",
                "x": [(start + end) / 2 for start, end in bins],
                "y": data.counts,
                "width": [0.94 * (end - start) for start, end in bins],
                "marker": {"color": PALETTES[mode].categorical[0]},
                "customdata": [
                    f"{formats.number(start)} to {formats.number(end)}" for start, end in bins
                ],
                "hovertemplate": "%{customdata}<br><b>%{y:,}</b> times<extra></extra>",
            }
        ],
        layout={
            "template": template(mode),
            **HOVER_ONE,
            "height": 200,
            "showlegend": False,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "xaxis": {
                "fixedrange": True,
                "exponentformat": "B",
                "separatethousands": True,
                "nticks": 8,
            },
            "yaxis": amounts_axis(4, 0, max(data.counts, default=0)),
        },
    )
