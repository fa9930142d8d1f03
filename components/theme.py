"""The palette and the Plotly template for light and dark mode.

The colours are those of ``.streamlit/config.toml``, which Streamlit reads itself; a test
checks that both agree. No other file of the project defines colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import plotly.graph_objects as go

Mode = Literal["light", "dark"]

FONT = '"Source Sans", "Source Sans 3", "Source Sans Pro", sans-serif'


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one mode, as ``#rrggbb``."""

    background: str
    surface: str
    text: str
    muted: str
    border: str
    primary: str
    link: str
    categorical: tuple[str, ...]
    """Series colours, distinguishable with red-green colour blindness."""
    sequential: tuple[str, ...]
    """Ten steps from the minimum to the maximum, the first close to the background."""


LIGHT = Palette(
    background="#fdfcfa",
    surface="#f3f1ea",
    text="#1d2622",
    muted="#5c6762",
    border="#e0ddd2",
    primary="#0f6b62",
    link="#0f6b62",
    categorical=("#0f766e", "#c2571a", "#7a4b94", "#94700a", "#3b6fb6", "#6b7570"),
    sequential=(
        "#edf3f0",
        "#d6e8e2",
        "#b9dad2",
        "#97cabf",
        "#72b8ab",
        "#4fa497",
        "#2f9083",
        "#0f766e",
        "#0a5c56",
        "#06443f",
    ),
)

DARK = Palette(
    background="#111715",
    surface="#1b2320",
    text="#e9eeeb",
    muted="#9daaa4",
    border="#2f3a36",
    primary="#45b8a5",
    link="#6fd1c0",
    categorical=("#4cc2ae", "#f0935a", "#c39ae0", "#dcb84e", "#7fb0f0", "#9aa6a0"),
    sequential=(
        "#1a2522",
        "#1c3531",
        "#1d4640",
        "#1f5850",
        "#236b61",
        "#297f73",
        "#339686",
        "#43ac9a",
        "#63c5b3",
        "#9be3d4",
    ),
)

PALETTES: dict[Mode, Palette] = {"light": LIGHT, "dark": DARK}


def faded(colour: str, opacity: float) -> str:
    """A palette colour with ``opacity`` (0 to 1), as ``rgba()`` for Plotly and CSS."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def scale(colours: Sequence[str]) -> list[tuple[float, str]]:
    """A Plotly colour scale with colours at even steps from 0 to 1."""
    return [(at / (len(colours) - 1), colour) for at, colour in enumerate(colours)]


@cache
def template(mode: Mode) -> go.layout.Template:
    """The Plotly template of one mode."""
    palette = PALETTES[mode]
    axis = {
        "gridcolor": palette.border,
        "linecolor": palette.border,
        "zeroline": False,
        "automargin": True,
        "ticklabeloverflow": "allow",
        "spikecolor": palette.muted,
        "spikethickness": 1,
        "spikedash": "solid",
        "tickfont": {"color": palette.muted, "size": 12},
        "title": {"font": {"color": palette.muted, "size": 12}},
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "color": palette.text, "size": 13},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": palette.categorical,
            "colorscale": {"sequential": scale(palette.sequential)},
            "hoverlabel": {
                "bgcolor": palette.surface,
                "bordercolor": palette.border,
                "font": {"family": FONT, "color": palette.text, "size": 13},
            },
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 1.02,
                "xanchor": "left",
                "yanchor": "bottom",
                "font": {"color": palette.muted},
            },
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "separators": ".,",
            "xaxis": {**axis, "showgrid": False},
            "yaxis": {**axis, "rangemode": "tozero", "ticks": ""},
            "geo": {
                "bgcolor": "rgba(0,0,0,0)",
                "landcolor": palette.surface,
                "countrycolor": palette.border,
                "showcoastlines": False,
                "showframe": False,
                "showlakes": False,
                "showland": True,
                "showcountries": True,
            },
        },
        data={
            "choropleth": [{"marker": {"line": {"color": palette.background, "width": 0.5}}}],
        },
    )
