"""The palette and the Plotly template for light and dark mode.

The colours are those of ``.streamlit/config.toml``, which Streamlit reads too. No other file of
the project defines colours.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

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


def _palette(colours: dict[str, Any], muted: str) -> Palette:
    return Palette(
        background=colours["backgroundColor"],
        surface=colours["secondaryBackgroundColor"],
        text=colours["textColor"],
        muted=muted,
        border=colours["borderColor"],
        primary=colours["primaryColor"],
        link=colours["linkColor"],
        categorical=tuple(colours["chartCategoricalColors"]),
        sequential=tuple(colours["chartSequentialColors"]),
    )


_CONFIG: Final = Path(__file__).parents[1] / ".streamlit" / "config.toml"
_THEME: Final = tomllib.loads(_CONFIG.read_text("utf-8"))["theme"]
LIGHT: Final = _palette(_THEME["light"], muted="#5c6762")
DARK: Final = _palette(_THEME["dark"], muted="#9daaa4")
PALETTES: Final[dict[Mode, Palette]] = {"light": LIGHT, "dark": DARK}


COMPARED: Final = 0.8
"""Opacity of the lines of a comparison, whose contrast is then at least 3 : 1 in both modes."""
LIGHTER: Final = 0.7
"""Opacity of bars behind or beside those in full colour; teal has 3 : 1 with it."""


def faded(colour: str, opacity: float) -> str:
    """A palette colour with ``opacity`` (0 to 1), as ``rgba()`` for Plotly and CSS."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def scale(colours: Sequence[str]) -> list[tuple[float, str]]:
    """A Plotly colour scale with colours at even steps from 0 to 1."""
    return [(at / (len(colours) - 1), colour) for at, colour in enumerate(colours)]


@cache
def template(mode: Mode) -> dict[str, Any]:
    """The Plotly template of one mode."""
    palette = PALETTES[mode]
    axis = {
        "gridcolor": palette.border,
        "linecolor": palette.border,
        "zeroline": False,
        "automargin": True,
        "ticklabeloverflow": "allow",
        "ticklabelstandoff": 4,
        "spikecolor": palette.muted,
        "spikethickness": 1,
        "spikedash": "solid",
        "tickfont": {"color": palette.muted, "size": 12},
        "title": {"font": {"color": palette.muted, "size": 12}},
    }
    return {
        "layout": {
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
                "y": 1,
                "xanchor": "left",
                "yref": "container",
                "yanchor": "top",
                "font": {"color": palette.muted},
            },
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
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
        "data": {
            "choropleth": [
                {
                    "type": "choropleth",
                    "marker": {"line": {"color": palette.background, "width": 0.5}},
                }
            ],
        },
    }
