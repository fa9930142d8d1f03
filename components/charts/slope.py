"""Two values of each name, and the way from one to the other."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from components.charts.common import HOVER_ONE, amounts_axis, plain, rows_axis
from components.theme import PALETTES, Mode, template

MOST = 8


@dataclass(frozen=True, slots=True)
class Shift:
    """Names with what first and last touch credit them with; both known."""

    names: tuple[str, ...]
    first: tuple[float, ...]
    last: tuple[float, ...]
    said: tuple[tuple[str, str], ...]
    currency: str = ""
    """The currency of credit in money."""


def shift(frame: pd.DataFrame, said: tuple[list[str], list[str]], currency: str = "") -> Shift:
    """The first names of a table of shifts (``label``, ``first``, ``last``); ``said`` are the two
    values in words, a row each."""
    known = frame["first"].notna() & frame["last"].notna()
    words = [pair for pair, kept in zip(zip(*said, strict=True), known, strict=True) if kept]
    top = frame[known].head(MOST)
    return Shift(
        tuple(str(one) for one in top["label"]),
        tuple(float(one) for one in top["first"]),
        tuple(float(one) for one in top["last"]),
        tuple(words[:MOST]),
        currency,
    )


def shift_figure(data: Shift, mode: Mode) -> go.Figure:
    """A line from the first touch's credit to the last's, a row a name."""
    palette = PALETTES[mode]
    places = list(range(len(data.names)))
    credited = (*data.first, *data.last, 0.0)
    lowest, highest = min(credited), max(credited)
    length = highest - lowest or 1.0
    ways = [
        {
            "type": "scatter",
            "x": [first, last],
            "y": [at, at],
            "mode": "lines",
            "line": {"color": palette.border, "width": 5},
            "hoverinfo": "skip",
            "showlegend": False,
        }
        for at, (first, last) in enumerate(zip(data.first, data.last, strict=True))
    ]
    ends = [
        {
            "type": "scatter",
            "x": values,
            "y": places,
            "name": name,
            "mode": "markers",
            "marker": {
                "size": 13,
                "color": palette.categorical[at],
                "symbol": "circle" if at else "circle-open",
                "line": {"width": 3, "color": palette.categorical[at]},
            },
            "customdata": [
                [plain(label, 200), words[at]]
                for label, words in zip(data.names, data.said, strict=True)
            ],
            "hovertemplate": (
                f"%{{customdata[0]}}<br>{name}: <b>%{{customdata[1]}}</b><extra></extra>"
            ),
        }
        for at, (name, values) in enumerate(
            (("First touch", data.first), ("Last touch", data.last))
        )
    ]
    return go.Figure(
        data=[*ways, *ends],
        layout={
            "template": template(mode),
            **HOVER_ONE,
            "height": 80 + 34 * max(len(places), 2),
            "margin": {"l": 8, "r": 16, "t": 30, "b": 8},
            "xaxis": {
                **amounts_axis(6, lowest, highest, data.currency),
                # Room at both ends: half of a marker at nought would be cut.
                "range": [lowest - 0.04 * length, highest + 0.05 * length],
                "showgrid": True,
            },
            "yaxis": rows_axis(data.names, mode, 24),
        },
    )
