"""What figures share: parts of their layouts, names that markup cannot leave, sparklines.

A figure is described in full and built by one call: Plotly checks it anew at each later change,
which takes several times as long as building it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any, Final, TypeVar

import pandas as pd
import plotly.graph_objects as go
from cachetools import LRUCache, cached
from pydantic_core import from_json

from components import formats
from components.theme import PALETTES, Mode
from umami.period import Unit

STILL: Final = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
"""Plotly configuration of a figure that is read, not operated."""

HOVER_ONE: Final = {"hovermode": "closest", "dragmode": False}
"""The part of a layout that tells, on hovering, of what is under the pointer."""
HOVER_ALL: Final = {"hovermode": "x unified", "dragmode": False}
"""The part of a layout that tells, on hovering, of all series at once where the pointer is."""


def time_axis(times: Sequence[pd.Timestamp], unit: Unit) -> dict[str, Any]:
    """An axis over time, dates named as people do."""
    named = ticks(times)
    return {
        "type": "date",
        "hoverformat": formats.hover_format(unit),
        "tickvals": named,
        "ticktext": formats.ticks(named, unit),
        "fixedrange": True,
    }


def ticks(times: Sequence[pd.Timestamp], most: int = 7) -> list[pd.Timestamp]:
    """Buckets to name on the axis: evenly spaced, few enough for a narrow screen."""
    return list(times[:: math.ceil(len(times) / most) or 1])


def amounts_axis(
    most: int, lowest: float, highest: float, currency: str | None = None
) -> dict[str, Any]:
    """An axis of counts (or money in a currency) from ``lowest`` to ``highest``, with about
    ``most`` ticks: ``0, 1, 2``, ``20k``, ``3.4M``, ``€2.5B``.

    Plotly chooses the ticks, as hiding a series changes what the axis spans. Its exponent ``B``
    writes k, M and B, where the format ``~s`` writes G, and m for thousandths.
    """
    axis: dict[str, Any] = {
        "fixedrange": True,
        "exponentformat": "B",
        "separatethousands": True,
        "nticks": most,
    }
    whole = not currency or formats.decimals(currency) == 0
    if whole and max(abs(lowest), abs(highest)) <= most:
        axis["dtick"] = 1
    if currency:
        symbol = formats.symbol(currency)
        # Plotly writes a prefix before the minus: it would read “€−5”.
        if lowest >= 0 and formats.iso_currency(currency):
            space = "\u00a0" if symbol[-1].isalpha() else ""
            axis["tickprefix"] = f"{plain(symbol)}{space}"
        else:
            axis["ticksuffix"] = f"\u00a0{plain(symbol)}"
    return axis


def rows_axis(names: Sequence[str], mode: Mode, longest: int) -> dict[str, Any]:
    """The rows of a horizontal figure by name, the first on top; they stand at 0, 1, 2, …

    Positions and not names place them: two rows may be called alike.
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
    """Text that Plotly shows letter by letter: it would read ``<`` as markup."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def over(frame: pd.DataFrame, until: pd.Timestamp | None) -> pd.DataFrame:
    """The buckets that are over at ``until`` (see ``traffic``), so that none is half a bucket."""
    return frame if until is None else frame[frame["time"] <= until].iloc[:-1]


def sparkline(values: Sequence[int]) -> list[int] | None:
    """A series for a tile, or ``None`` where it has no shape to show."""
    return [int(value) for value in values] if len(values) > 2 and any(values) else None


def axis_note(values: Sequence[int]) -> str | None:
    """What a tile says of its sparkline: Streamlit draws it from its lowest value on, and has no
    option for zero. ``None`` where that is zero, or nothing is drawn."""
    if not sparkline(values) or not min(values):
        return None
    lowest, highest = formats.whole(min(values)), formats.whole(max(values))
    return f"The curve spans {lowest} to {highest}: it does not start at zero."


Data = TypeVar("Data", bound=Hashable)

ROOM: Final = 8 * 2**20
"""Characters of figures that are kept; what they were drawn from weighs about thrice as much."""
KEPT: Final[LRUCache[Any, str]] = LRUCache(ROOM, getsizeof=len)


class Finished(go.Figure):  # type: ignore[misc]  # Plotly tells no types
    """A figure that is only sent: what sends it asks for its dictionary and nothing else."""

    def __init__(self, text: str) -> None:
        # Without Plotly's own beginning, which would build all of it again.
        self._text = text

    def to_dict(self) -> dict[str, Any]:
        """What is drawn, and how."""
        found: dict[str, Any] = from_json(self._text)
        return found


def finished(draw: Callable[[Data, Mode], go.Figure], data: Data, mode: Mode) -> Finished:
    """The figure of this data in this appearance, drawn now or kept from before."""
    return Finished(_text(draw, data, mode))


@cached(KEPT, lock=Lock())
def _text(draw: Callable[[Data, Mode], go.Figure], data: Data, mode: Mode) -> str:
    return str(draw(data, mode).to_json(validate=False))
