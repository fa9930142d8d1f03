"""A report as one HTML file: it opens from disk, asks nobody for anything, and prints.

What draws the charts, and what they show, is packed into the file and unpacked by the browser. A
policy in the file forbids it every request, and every script but the two that are its own.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from components.blocks import Chart, Table, Text, Tiles
from components.charts import maps
from components.charts.tiles import Tile
from components.formats import longest
from components.theme import PALETTES, Mode, Palette, faded
from reports.document import Report, Section

ASSETS: Final = Path(__file__).parent / "assets"
LIBRARY: Final = ASSETS / "plotly.min.js"
"""plotly.js with the traces that our figures are made of; ``assets/README.md`` says how."""
_MARK: Final = Path(__file__).parents[1] / "static" / "mark.svg"
_NARROW: Final = 3
"""Columns of a table that fits beside another."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell of a printed table."""

    text: str
    shape: str
    note: str
    tone: str
    bar: float | None


def page(report: Report) -> str:
    """The whole file."""
    charts = [one for chapter in report.chapters for one in chapter.charts]
    drawn = {mode: [chart.draw(mode) for chart in charts] for mode in PALETTES}
    heights = {
        id(chart): figure.layout.height
        for chart, figure in zip(charts, drawn["light"], strict=True)
    }
    packed = {}
    if charts:
        packed = {"figures": _packed(_figures(drawn)), "library": _library()}
        if any(trace.type == "choropleth" for figure in drawn["light"] for trace in figure.data):
            packed["world"] = _world()
    script = (ASSETS / "report.js").read_text("utf-8")
    return (
        templates()
        .get_template("report.html")
        .render(
            report=report,
            policy=_policy(script),
            colours={mode: _colours(palette) for mode, palette in PALETTES.items()},
            style=Markup((ASSETS / "report.css").read_text("utf-8")),
            script=Markup(script),
            mark=Markup(_MARK.read_text("utf-8")),
            packed={name: Markup(text) for name, text in packed.items()},
            tall=lambda chart: heights[id(chart)] or 300,
            rows=rows,
            shape=_shape,
            tone=_tone,
            sparks=_sparks,
        )
    )


@cache
def templates() -> Environment:
    """The templates of pages and mails, in which all text is escaped."""
    found = Environment(loader=FileSystemLoader(ASSETS), autoescape=True, undefined=StrictUndefined)
    kinds: dict[str, type[Any]] = {"text": Text, "tiles": Tiles, "chart": Chart}
    for name, kind in kinds.items():
        found.tests[name] = lambda block, kind=kind: isinstance(block, kind)
    return found


def _figures(drawn: dict[Mode, list[go.Figure]]) -> bytes:
    pairs = zip(*drawn.values(), strict=True)
    both = []
    for pair in pairs:
        modes = zip(drawn, pair, strict=True)
        named = [f'"{mode}":{figure.to_json()}' for mode, figure in modes]
        both.append(f"{{{','.join(named)}}}")
    return f"[{','.join(both)}]".encode()


def _packed(plain: bytes) -> str:
    return base64.b64encode(gzip.compress(plain, 9, mtime=0)).decode("ascii")


@cache
def _library() -> str:
    return _packed(LIBRARY.read_bytes())


@cache
def _world() -> str:
    return _packed(maps.WORLD.read_bytes())


def _policy(script: str) -> str:
    """Nothing from anywhere; the scripts are named by what they are."""
    ours = " ".join(f"'sha256-{_digest(one)}'" for one in (script, LIBRARY.read_text("utf-8")))
    return (
        f"default-src 'none'; script-src {ours}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _colours(palette: Palette) -> dict[str, str]:
    """The colours of one appearance by what they are for."""
    return {
        "background": palette.background,
        "text": palette.text,
        "muted": palette.muted,
        "border": palette.border,
        "line": faded(palette.border, 0.55),
        "link": palette.link,
        "series": palette.categorical[0],
        "pale": faded(palette.categorical[0], 0.14),
        "good": palette.categorical[0],
        "bad": palette.categorical[1],
    }


def _shape(part: Section) -> str:
    """How a section stands on the page: figures without a frame, small tables side by side."""
    shown = [one for one in part.blocks if not (isinstance(one, Table) and not one.printed)]
    if shown and all(isinstance(one, Tiles) for one in shown):
        return "whole bare"
    half = all(
        isinstance(one, Text) or (isinstance(one, Table) and len(one.fields) <= _NARROW)
        for one in shown
    )
    return "half" if half else "whole"


def rows(table: Table, most: int | None = None) -> list[list[Cell]]:
    """The rows of a table that are printed, ``most`` of them at most."""
    top = table.frame.head(table.printed if most is None else min(most, table.printed))
    bars = longest(top, table.fields)
    found = []
    for at, row in enumerate(top.to_dict("records")):
        cells = []
        for place, field in enumerate(table.fields):
            note = row[field.note] if field.note else None
            bar = None
            if bars and not place and not pd.isna(bars[0].iloc[at]):
                bar = round(100 * float(bars[0].iloc[at]) / bars[1], 1)
            cells.append(
                Cell(
                    field.shown(row[field.column]),
                    "number" if field.number else "text",
                    "" if note is None or pd.isna(note) else str(note),
                    field.tone(row[field.column]),
                    bar,
                )
            )
        found.append(cells)
    return found


def _tone(tile: Tile) -> str:
    if tile.slight or not isinstance(tile.delta, str):
        return ""
    return "good" if tile.delta.startswith("+") == (tile.good == "up") else "bad"


def _sparks(values: Sequence[int]) -> str:
    """A history as points of a small drawing; empty where it has no shape."""
    if len(values) < 3 or not any(values):
        return ""
    step, most = 100 / (len(values) - 1), max(values)
    return " ".join(f"{at * step:.1f},{29 - 27 * one / most:.1f}" for at, one in enumerate(values))
