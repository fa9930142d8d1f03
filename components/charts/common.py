"""Shared parts of charts: axes and layouts, escaping, sparklines, and the cache of figures."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go
from cachetools import LRUCache, cached
from pydantic_core import from_json, to_json

from components import formats, texts
from components.theme import PALETTES, Mode, template
from umami.memoize import key_of
from umami.period import Unit

Figure = dict[str, Any]
"""The ``data`` and ``layout`` of a Plotly figure. Only tests make a ``go.Figure`` of it: that takes
many times as long as drawing, and validates what a page's data cannot make invalid."""

STILL: Final = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
"""Plotly configuration of a static figure, without mode bar and zoom."""

HOVER_ONE: Final[dict[str, Any]] = {"hovermode": "closest", "dragmode": False}
"""Layout keys for a hover label of the point under the pointer."""
HOVER_ALL: Final[dict[str, Any]] = {"hovermode": "x unified", "dragmode": False}
"""Layout keys for a common hover label of all series at the pointer's x position."""


def selects_period(unit: Unit) -> dict[str, Any]:
    """Layout keys of a chart over the View's buckets, on which a stretch can be selected as the
    period. Minutes have no shorter stretch."""
    return {} if unit == "minute" else {"meta": {"selects": "period"}}


def base_layout(
    mode: Mode, hover: dict[str, Any], height: int, *, top: int = 8, right: int = 8
) -> dict[str, Any]:
    """Layout keys of a figure: template, hover label, height and margins in pixels."""
    return {
        "template": template(mode),
        **hover,
        "height": height,
        "margin": {"l": 8, "r": right, "t": top, "b": 8},
    }


def tooltip(mode: Mode) -> dict[str, Any]:
    """A tooltip of ECharts, which stays inside the diagram."""
    palette = PALETTES[mode]
    return {
        "backgroundColor": palette.surface,
        "borderColor": palette.border,
        "textStyle": {"color": palette.text},
        "confine": True,
    }


NO_AXIS: Final = {"fixedrange": True, "showgrid": False, "showticklabels": False, "showline": False}
"""An axis that is not drawn."""


def number_axis(most: int) -> dict[str, Any]:
    """An axis of numbers with about ``most`` ticks: ``20k``, ``3.4M``, ``2.5B``.

    Plotly's exponent ``B`` writes k, M and B, where its format ``~s`` writes G, and m for
    thousandths.
    """
    return {"fixedrange": True, "exponentformat": "B", "separatethousands": True, "nticks": most}


def moments(times: pd.Series[pd.Timestamp] | pd.Index[Any]) -> list[datetime]:
    """The times of a column; as JSON they take a twentieth of the time of pandas' own."""
    return pd.DatetimeIndex(times).to_pydatetime().tolist()


def time_axis(times: Sequence[datetime], unit: Unit) -> dict[str, Any]:
    """A time axis with readable tick labels, such as ``Tue 1 Sep``."""
    named = ticks(times)
    return {
        "type": "date",
        "hoverformat": formats.hover_format(unit),
        "tickvals": named,
        "ticktext": formats.ticks(named, unit),
        "fixedrange": True,
    }


def ticks(times: Sequence[datetime], most: int = 7) -> list[datetime]:
    """Evenly spaced buckets for tick labels, few enough for a narrow screen."""
    return list(times[:: math.ceil(len(times) / most) or 1])


def amounts_axis(
    most: int, lowest: float, highest: float, currency: str | None = None
) -> dict[str, Any]:
    """An axis of counts (or money in a currency) from ``lowest`` to ``highest``, with about
    ``most`` ticks: ``0, 1, 2``, ``20k``, ``3.4M``, ``€2.5B``.

    Plotly chooses the ticks, as hiding a series changes what the axis spans.
    """
    axis = number_axis(most)
    whole = not currency or formats.decimals(currency) == 0
    if whole and max(abs(lowest), abs(highest)) <= most:
        axis["dtick"] = 1
    if currency:
        symbol = formats.symbol(currency)
        # Plotly writes a prefix before the minus: it would read “€−5”.
        if lowest >= 0 and formats.iso_currency(currency) and formats.symbol_first():
            space = "\u00a0" if symbol[-1].isalpha() else ""
            axis["tickprefix"] = f"{plain(symbol)}{space}"
        else:
            axis["ticksuffix"] = f"\u00a0{plain(symbol)}"
    return axis


def rows_axis(names: Sequence[str], mode: Mode, longest: int) -> dict[str, Any]:
    """A category axis for horizontal figures: rows at 0, 1, 2, …, the first on top.

    Rows are placed by position, since two rows may have the same name.
    """
    return {
        "tickvals": list(range(len(names))),
        "ticktext": [plain(name, longest) for name in names],
        "autorange": "reversed",
        "fixedrange": True,
        "showgrid": False,
        "tickfont": {"color": PALETTES[mode].text},
        "rangemode": "normal",
    }


def plain(text: str, longest: int = 60) -> str:
    """Shorten a text to ``longest`` characters and escape it: Plotly renders HTML in labels."""
    return (
        formats.shortened(text, longest)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
    )


def over(frame: pd.DataFrame, until: pd.Timestamp | None) -> pd.DataFrame:
    """The buckets that are complete at ``until`` (wall-clock time); all of them for ``None``."""
    return frame if until is None else frame[frame["time"] <= until].iloc[:-1]


def curve_points(values: Sequence[float]) -> str:
    """The points of an SVG polyline for a series from zero on, in a box of 100 by 30; ``""`` for
    fewer than three values or only zeros."""
    if len(values) < 3 or not any(values):
        return ""
    lowest, highest = min(0, *values), max(0, *values)
    step, scale = 100 / (len(values) - 1), 29 / (highest - lowest)
    points = ((at * step, 29.5 - (value - lowest) * scale) for at, value in enumerate(values))
    return " ".join(f"{x:.4g},{y:.4g}" for x, y in points)


def sparkline(values: Sequence[float], colour: str) -> str:
    """A tile's series as SVG, from zero on; ``""`` for fewer than three values or only zeros.

    Streamlit's own sparklines take Vega, a library as large as the rest of the page.
    """
    line = curve_points(values)
    if not line:
        return ""
    lowest, highest = min(0, *values), max(0, *values)
    zero = f"{29.5 + lowest * 29 / (highest - lowest):.4g}"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 30" preserveAspectRatio="none">'
        f'<polygon points="0,{zero} {line} 100,{zero}" fill="{colour}" opacity="0.12"/>'
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )


ROOM: Final = 8 * 2**20
"""Limit of the cache in characters of JSON."""
Draw = partial[Figure]
"""A function that draws a figure in a colour mode, with its other arguments."""
_Entry = tuple[str, Draw]
"""A serialised figure. The function keeps its arguments alive, so that their ids stay unique."""
CACHE: Final[LRUCache[Hashable, _Entry]] = LRUCache(ROOM, getsizeof=lambda entry: len(entry[0]))


class Finished(go.Figure):  # type: ignore[misc]  # Plotly has no types
    """A serialised figure: it supports ``to_dict``, the only method that Streamlit calls."""

    def __init__(self, text: str) -> None:
        # Does not call ``super().__init__``, which would build and validate the figure again.
        self._text = text

    def to_dict(self) -> Figure:
        """The figure's data and layout."""
        figure: Figure = from_json(self._text)
        return figure


def finished(draw: Draw, mode: Mode) -> Finished:
    """Draw a figure in a colour mode, or take it from the cache.

    The cache compares hashable arguments by value, and others (frames) by identity. Figures contain
    texts, so each locale has its own.
    """
    return Finished(_serialised(draw, mode)[0])


@cached(
    CACHE,
    lambda draw, mode: key_of(texts.locale(), draw.func, *draw.args, mode, **draw.keywords),
    Lock(),
)
def _serialised(draw: Draw, mode: Mode) -> _Entry:
    return to_json(draw(mode), inf_nan_mode="null").decode(), draw
