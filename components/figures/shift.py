"""Two values of each name, and the way from one to the other."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from components.figures.common import named_rows, plain
from components.theme import PALETTES, Mode, template

MOST = 8


@dataclass(frozen=True, slots=True)
class Shift:
    """Names with what first and last touch credit them with; both known."""

    names: tuple[str, ...]
    first: tuple[float, ...]
    last: tuple[float, ...]
    said: tuple[tuple[str, str], ...]


def shift(frame: pd.DataFrame, said: tuple[list[str], list[str]]) -> Shift:
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
    )


def shift_figure(data: Shift, mode: Mode) -> go.Figure:
    """A line from the first touch's credit to the last's, a row a name."""
    figure = go.Figure(layout={"template": template(mode)})
    palette = PALETTES[mode]
    places = list(range(len(data.names)))
    for at, (first, last) in enumerate(zip(data.first, data.last, strict=True)):
        figure.add_scatter(
            x=[first, last],
            y=[at, at],
            mode="lines",
            line={"color": palette.border, "width": 5},
            hoverinfo="skip",
            showlegend=False,
        )
    for at, (name, values) in enumerate((("First touch", data.first), ("Last touch", data.last))):
        figure.add_scatter(
            x=values,
            y=places,
            name=name,
            mode="markers",
            marker={
                "size": 13,
                "color": palette.categorical[at],
                "symbol": "circle" if at else "circle-open",
                "line": {"width": 3, "color": palette.categorical[at]},
            },
            customdata=[
                [plain(label, 200), words[at]]
                for label, words in zip(data.names, data.said, strict=True)
            ],
            hovertemplate=f"%{{customdata[0]}}<br>{name}: <b>%{{customdata[1]}}</b><extra></extra>",
        )
    named_rows(figure, data.names, mode, 24)
    longest = max((*data.first, *data.last), default=0.0) or 1.0
    # Room at both ends: half of a marker at nought would be cut.
    figure.update_xaxes(
        fixedrange=True, range=[-0.04 * longest, 1.05 * longest], tickformat="~s", showgrid=True
    )
    figure.update_layout(
        height=80 + 34 * max(len(places), 2),
        margin={"l": 8, "r": 16, "t": 30, "b": 8},
    )
    return figure
