"""Bars side by side: a ranking, and what it was before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts.common import HOVER_ONE, amounts_axis, plain, rows_axis
from components.theme import PALETTES, Mode, template
from umami.analysis.properties import Distribution


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


MOST_MOVES = 12


@dataclass(frozen=True, slots=True)
class Deltas:
    """The largest movements, in words too."""

    names: tuple[str, ...]
    deltas: tuple[int, ...]
    hover: tuple[str, ...]


def deltas(movers: pd.DataFrame) -> Deltas:
    """The first of a table of movers (``label``, ``now``, ``before``, ``delta``)."""
    top = movers[movers["delta"] != 0].head(MOST_MOVES)
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


MOST_SLOPES = 8


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
    top = frame[known].head(MOST_SLOPES)
    return Shift(
        tuple(str(one) for one in top["label"]),
        tuple(float(one) for one in top["first"]),
        tuple(float(one) for one in top["last"]),
        tuple(words[:MOST_SLOPES]),
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
