"""Horizontal bars (ranking, movers, attribution shift) and the histogram of a distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from components import formats
from components.charts.common import (
    HOVER_ONE,
    NO_AXIS,
    Figure,
    amounts_axis,
    base_layout,
    number_axis,
    plain,
    rows_axis,
)
from components.formats import Field
from components.texts import _
from components.theme import PALETTES, Mode
from umami.analysis.rankings import Distribution

MOST_BARS: Final = 8
MOST_MOVES: Final = 12


def ranking(frame: pd.DataFrame, name: str, field: Field, compared: bool, mode: Mode) -> Figure:
    """Bars for the first rows of a ranking, with a mark at the value of the comparison.

    ``name`` and ``field`` are the columns of names and values; the comparison's is ``before``.
    """
    palette = PALETTES[mode]
    top = frame.head(MOST_BARS)
    names, values = list(top[name]), [float(value) for value in top[field.column].fillna(0)]
    before = [float(value) for value in top["before"].fillna(0)] if compared else []
    now = {
        **_row_bars(values, list(map(field.shown, values)), mode),
        "name": _("This period"),
        "marker": {"color": palette.categorical[0]},
        "cliponaxis": False,
        "customdata": [plain(name, 200) for name in names],
        "hovertemplate": "%{customdata}<br><b>%{text}</b><extra></extra>",
    }
    marks = {
        "type": "scatter",
        "y": list(range(len(names))),
        "x": before,
        "mode": "markers",
        "name": _("Before"),
        "marker": {
            "symbol": "line-ns",
            "size": 16,
            "line": {"width": 2.5, "color": palette.categorical[1]},
        },
        "hovertemplate": f"{_('before:')} <b>%{{x:,}}</b><extra></extra>",
    }
    longest = max((*values, *before), default=0)
    return {
        "data": [now, marks] if before else [now],
        "layout": {
            **base_layout(
                mode,
                HOVER_ONE,
                (40 if before else 16) + 32 * max(len(names), 2),
                top=30 if before else 8,
            ),
            "bargap": 0.3,
            "showlegend": bool(before),
            # The range leaves room for the label after the longest bar.
            "xaxis": {**NO_AXIS, "range": [min((*values, 0)), 1.24 * longest or 1]},
            "yaxis": rows_axis(names, mode, 22),
        },
    }


def _row_bars(values: Sequence[float], texts: Sequence[str], mode: Mode) -> dict[str, Any]:
    """A trace of horizontal bars with texts beside them."""
    return {
        "type": "bar",
        "y": list(range(len(values))),
        "x": values,
        "orientation": "h",
        "text": texts,
        "textposition": "outside",
        "textfont": {"color": PALETTES[mode].text},
    }


def _both_sides(
    names: Sequence[str], longest: int, ends: tuple[float, float], mode: Mode
) -> dict[str, Any]:
    """The layout of bars on both sides of a line at 0. ``longest`` is the length of a name, and
    ``ends`` are those of the axis of values."""
    return {
        **base_layout(mode, HOVER_ONE, 24 + 32 * max(len(names), 2)),
        "bargap": 0.3,
        "showlegend": False,
        "xaxis": {
            **NO_AXIS,
            "zeroline": True,
            "zerolinecolor": PALETTES[mode].border,
            "range": [*ends],
        },
        "yaxis": rows_axis(names, mode, longest),
    }


def deltas(movers: pd.DataFrame, mode: Mode) -> Figure:
    """Bars for the first movers of a table with ``label``, ``now``, ``before`` and ``delta``.

    Growth points to the right, decline to the left.
    """
    palette = PALETTES[mode]
    top = movers[movers["delta"] != 0].head(MOST_MOVES)
    names, values = list(map(str, top["label"])), list(map(int, top["delta"]))
    lowest, highest = min((*values, 0)), max((*values, 0))
    room = 0.28 * (highest - lowest or 1)
    bars = {
        **_row_bars(values, [formats.decimal(delta, sign=True) for delta in values], mode),
        "marker": {"color": [palette.categorical[0 if delta > 0 else 1] for delta in values]},
        "customdata": [
            [plain(name, 200), f"{formats.whole(before)} → <b>{formats.whole(now)}</b>"]
            for name, before, now in zip(names, top["before"], top["now"], strict=True)
        ],
        "hovertemplate": "%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
    }
    ends = (lowest - (room if lowest else 0), highest + room)
    return {"data": [bars], "layout": _both_sides(names, 26, ends, mode)}


def waterfall(steps: Sequence[tuple[str, float, str]], ends: Sequence[str], mode: Mode) -> Figure:
    """The parts of a change from zero to the whole change, one below the other.

    Each of the ``steps`` is a name, a part and its text; ``ends`` are the name and the text of the
    whole change, the last bar.
    """
    palette = PALETTES[mode]
    parts = [part for _unused, part, _unused_text in steps]
    starts = [sum(parts[:at]) for at in range(len(parts))]
    names = [*(name for name, *_unused in steps), ends[0]]
    values, bases = [*parts, sum(parts)], [*starts, 0.0]
    reached = [0.0, *(start + part for start, part in zip(starts, parts, strict=True))]
    lowest, highest = min(reached), max(reached)
    room = 0.4 * (highest - lowest or 1)
    colours = [palette.categorical[0 if part > 0 else 1] for part in parts]
    bars = {
        **_row_bars(values, [*(text for *_unused, text in steps), ends[1]], mode),
        "base": bases,
        "marker": {"color": [*colours, palette.muted]},
        "cliponaxis": False,
        "customdata": [plain(name, 200) for name in names],
        "hovertemplate": "%{customdata}<br><b>%{text}</b><extra></extra>",
    }
    # The texts of falls are on the left of their bars, those of rises on the right.
    left = [base + value - room for base, value in zip(bases, values, strict=True) if value < 0]
    axis = (min([lowest, *left]), highest + room)
    return {"data": [bars], "layout": _both_sides(names, 30, axis, mode)}


def distribution(data: Distribution, mode: Mode) -> Figure:
    """A histogram: each bar spans its bin."""
    bins = list(zip(data.edges[:-1], data.edges[1:], strict=True))
    bars = {
        "type": "bar",
        "x": [(start + end) / 2 for start, end in bins],
        "y": data.counts,
        "width": [0.94 * (end - start) for start, end in bins],
        "marker": {"color": PALETTES[mode].categorical[0]},
        "customdata": [
            _("{start} to {end}").format(start=formats.number(start), end=formats.number(end))
            for start, end in bins
        ],
        "hovertemplate": f"%{{customdata}}<br><b>%{{y:,}}</b> {_('times')}<extra></extra>",
    }
    return {
        "data": [bars],
        "layout": {
            **base_layout(mode, HOVER_ONE, 200),
            "showlegend": False,
            "xaxis": number_axis(8),
            "yaxis": amounts_axis(4, 0, max(data.counts, default=0)),
        },
    }
