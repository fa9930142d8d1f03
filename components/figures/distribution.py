"""How numbers are distributed."""

from __future__ import annotations

import plotly.graph_objects as go

from components import formats
from components.theme import PALETTES, Mode, template
from umami.analysis.properties import Distribution


def distribution_figure(data: Distribution, mode: Mode) -> go.Figure:
    """Bars from edge to edge."""
    figure = go.Figure(layout={"template": template(mode)})
    starts, ends = data.edges[:-1], data.edges[1:]
    figure.add_bar(
        x=[(start + end) / 2 for start, end in zip(starts, ends, strict=True)],
        y=data.counts,
        width=[0.94 * (end - start) for start, end in zip(starts, ends, strict=True)],
        marker_color=PALETTES[mode].categorical[0],
        customdata=[
            f"{formats.number(start)} to {formats.number(end)}"
            for start, end in zip(starts, ends, strict=True)
        ],
        hovertemplate="%{customdata}<br><b>%{y:,}</b> times<extra></extra>",
    )
    figure.update_xaxes(fixedrange=True, nticks=8)
    figure.update_yaxes(fixedrange=True, nticks=4, tickformat="~s")
    figure.update_layout(
        height=200,
        dragmode=False,
        hovermode="closest",
        showlegend=False,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
    )
    return figure
