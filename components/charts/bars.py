"""Horizontal bars (ranking, movers, attribution shift) and the histogram of a distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts.common import HOVER_ONE, amounts_axis, base_layout, plain, rows_axis
from components.theme import PALETTES, Mode
from umami.analysis.properties import Distribution


@dataclass(frozen=True, slots=True)
class Bars:
    """The first rows of a ranking: names, values, formatted values, values of the comparison."""

    names: tuple[str, ...]
    values: tuple[float, ...]
    labels: tuple[str, ...]
    before: tuple[float, ...]


def bars(
    names: Sequence[str],
    values: Sequence[float],
    labels: Sequence[str],
    before: Sequence[float] = (),
    most: int = 8,
) -> Bars:
    """Return the first ``most`` rows; ``before`` is empty without a comparison."""
    return Bars(
        tuple(names[:most]),
        tuple(map(float, values[:most])),
        tuple(labels[:most]),
        tuple(map(float, before[:most])),
    )


def bars_figure(data: Bars, mode: Mode) -> go.Figure:
    """Horizontal bars, the first row on top, with a mark at the value of the comparison."""
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
        "text": data.labels,
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
            **base_layout(
                mode,
                HOVER_ONE,
                (40 if data.before else 16) + 32 * max(len(places), 2),
                top=30 if data.before else 8,
            ),
            "bargap": 0.3,
            "showlegend": bool(data.before),
            "xaxis": {
                "fixedrange": True,
                "showgrid": False,
                "showticklabels": False,
                "showline": False,
                # Leaves room for the label after the longest bar.
                "range": [min((*data.values, 0)), 1.24 * longest or 1],
            },
            "yaxis": rows_axis(data.names, mode, 22),
        },
    )


def distribution_figure(data: Distribution, mode: Mode) -> go.Figure:
    """A histogram: each bar spans its bin."""
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
            **base_layout(mode, HOVER_ONE, 200),
            "showlegend": False,
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
    """The largest differences between two periods, with hover texts."""

    names: tuple[str, ...]
    deltas: tuple[int, ...]
    hover: tuple[str, ...]


def deltas(movers: pd.DataFrame) -> Deltas:
    """The first movers of a table with ``label``, ``now``, ``before`` and ``delta``."""
    top = movers[movers["delta"] != 0].head(MOST_MOVES)
    return Deltas(
        tuple(map(str, top["label"])),
        tuple(map(int, top["delta"])),
        tuple(
            f"{formats.whole(before)} → <b>{formats.whole(now)}</b>"
            for before, now in zip(top["before"], top["now"], strict=True)
        ),
    )


def deltas_figure(data: Deltas, mode: Mode) -> go.Figure:
    """Horizontal bars: growth points to the right, decline to the left."""
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
                    "color": [palette.categorical[0 if delta > 0 else 1] for delta in data.deltas]
                },
                "text": [f"{delta:+,}" for delta in data.deltas],
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
            **base_layout(mode, HOVER_ONE, 24 + 32 * max(len(places), 2)),
            "bargap": 0.3,
            "showlegend": False,
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
    """Credit by first and by last touch, for names where both are known."""

    names: tuple[str, ...]
    first: tuple[float, ...]
    last: tuple[float, ...]
    labels: tuple[tuple[str, str], ...]
    """The formatted values, first and last touch."""
    currency: str = ""
    """The currency where credit is money."""


def shift(frame: pd.DataFrame, labels: tuple[list[str], list[str]], currency: str = "") -> Shift:
    """The first ``MOST_SLOPES`` rows of a table with ``label``, ``first`` and ``last``.

    ``labels`` are two lists of formatted values, for first and last touch, in the rows' order.
    """
    known = frame["first"].notna() & frame["last"].notna()
    pairs = list(compress(zip(*labels, strict=True), known))
    top = frame[known].head(MOST_SLOPES)
    return Shift(
        tuple(map(str, top["label"])),
        tuple(map(float, top["first"])),
        tuple(map(float, top["last"])),
        tuple(pairs[:MOST_SLOPES]),
        currency,
    )


def shift_figure(data: Shift, mode: Mode) -> go.Figure:
    """A line from first-touch to last-touch credit in each row."""
    palette = PALETTES[mode]
    places = list(range(len(data.names)))
    credited = (*data.first, *data.last, 0.0)
    lowest, highest = min(credited), max(credited)
    length = highest - lowest or 1.0
    lines = [
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
            "name": model,
            "mode": "markers",
            "marker": {
                "size": 13,
                "color": palette.categorical[at],
                "symbol": "circle" if at else "circle-open",
                "line": {"width": 3, "color": palette.categorical[at]},
            },
            "customdata": [
                [plain(name, 200), labels[at]]
                for name, labels in zip(data.names, data.labels, strict=True)
            ],
            "hovertemplate": (
                f"%{{customdata[0]}}<br>{model}: <b>%{{customdata[1]}}</b><extra></extra>"
            ),
        }
        for at, (model, values) in enumerate(
            (("First touch", data.first), ("Last touch", data.last))
        )
    ]
    return go.Figure(
        data=[*lines, *ends],
        layout={
            **base_layout(mode, HOVER_ONE, 80 + 34 * max(len(places), 2), top=30, right=16),
            "xaxis": {
                **amounts_axis(6, lowest, highest, data.currency),
                # Without margins, Plotly would cut a marker at zero in half.
                "range": [lowest - 0.04 * length, highest + 0.05 * length],
                "showgrid": True,
            },
            "yaxis": rows_axis(data.names, mode, 24),
        },
    )
