"""What figures share: axes over time, names that markup cannot leave, sparklines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.theme import PALETTES, Mode
from umami.period import Unit

STILL: Final = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
"""Plotly configuration of a figure that is read, not operated."""


def over_time(figure: go.Figure, times: Sequence[pd.Timestamp], unit: Unit) -> None:
    """What charts over time have in common: one hover for all lines, dates named as people do."""
    figure.update_layout(
        hovermode="x unified",
        dragmode=False,
        showlegend=True,
        margin={"l": 8, "r": 24, "t": 36, "b": 8},
    )
    named = ticks(times)
    figure.update_xaxes(
        type="date",
        hoverformat=formats.hover_format(unit),
        tickvals=named,
        ticktext=formats.ticks(named, unit),
        fixedrange=True,
    )
    figure.update_yaxes(fixedrange=True, tickformat="~s")


def ticks(times: Sequence[pd.Timestamp], most: int = 7) -> list[pd.Timestamp]:
    """Buckets to name on the axis: evenly spaced, few enough for a narrow screen."""
    return list(times[:: math.ceil(len(times) / most) or 1])


def named_rows(figure: go.Figure, names: Sequence[str], mode: Mode, longest: int = 26) -> None:
    """Name the rows of a horizontal figure, the first on top; rows stand at 0, 1, 2, …

    Positions and not names place them: two rows may be called alike.
    """
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[plain(name, longest) for name in names],
        autorange="reversed",
        fixedrange=True,
        showgrid=False,
        tickfont={"color": PALETTES[mode].text},
        rangemode="normal",
    )
    figure.update_layout(dragmode=False, hovermode="closest")


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
