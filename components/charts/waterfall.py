"""What moved a total up and down."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts.common import HOVER_ONE, plain, rows_axis
from components.theme import PALETTES, Mode, template

MOST = 12


@dataclass(frozen=True, slots=True)
class Deltas:
    """The largest movements, in words too."""

    names: tuple[str, ...]
    deltas: tuple[int, ...]
    hover: tuple[str, ...]


def deltas(movers: pd.DataFrame) -> Deltas:
    """The first of a table of movers (``label``, ``now``, ``before``, ``delta``)."""
    top = movers[movers["delta"] != 0].head(MOST)
    return Deltas(
        tuple(str(one) for one in top["label"]),
        tuple(int(one) for one in top["delta"]),
        tuple(
            f"{formats.whole(before)} → <b>{formats.whole(now)}</b>"
            for before, now in zip(top["before"], top["now"], strict=True)
        ),
    )


def deltas_figure(data: Deltas, mode: Mode) -> go.Figure:
    """Bars to the right for what grew, to the left for what fell."""
    palette = PALETTES[mode]
    places = list(range(len(data.names)))
    lowest, highest = min((*data.deltas, 0)), max((*data.deltas, 0))
    room = 0.28 * (highest - lowest or 1)
    return go.Figure(
        data=[
            {
                "type": "bar",
                "y": places,
                "x": data.deltas,
                "orientation": "h",
                "marker": {
                    "color": [palette.categorical[0 if one > 0 else 1] for one in data.deltas]
                },
                "text": [f"{one:+,}" for one in data.deltas],
                "textposition": "outside",
                "textfont": {"color": palette.text},
                "customdata": [
                    [plain(name, 200), hover]
                    for name, hover in zip(data.names, data.hover, strict=True)
                ],
                "hovertemplate": "%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
            }
        ],
        layout={
            "template": template(mode),
            **HOVER_ONE,
            "height": 24 + 32 * max(len(places), 2),
            "bargap": 0.3,
            "showlegend": False,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "xaxis": {
                "fixedrange": True,
                "showgrid": False,
                "showticklabels": False,
                "showline": False,
                "zeroline": True,
                "zerolinecolor": palette.border,
                "range": [lowest - (room if lowest else 0), highest + room],
            },
            "yaxis": rows_axis(data.names, mode, 26),
        },
    )
