"""A report as one HTML file that opens from disk, sends no request, and prints.

The file contains plotly.js and the figures, compressed; the browser decompresses them. Its content
security policy forbids every request and every script except these two.
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
"""plotly.js with only the traces of our figures; see ``assets/README.md``."""
_MARK: Final = Path(__file__).parents[1] / "static" / "mark.svg"
_NARROW: Final = 3
"""Columns of the widest table that is drawn beside another."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a printed table. ``bar`` is the length of a bar behind the text, in per cent."""

    text: str
    shape: str
    note: str
    tone: str
    bar: float | None


def page(report: Report) -> str:
    """Return the HTML of a report."""
    charts = [chart for chapter in report.chapters for chart in chapter.charts]
    figures = {mode: [chart.draw(mode) for chart in charts] for mode in PALETTES}
    heights = {
        id(chart): figure.layout.height or 300
        for chart, figure in zip(charts, figures["light"], strict=True)
    }
    packed = {}
    if charts:
        packed = {"figures": _packed(_json(figures)), "library": _packed_file(LIBRARY)}
        if any(trace.type == "choropleth" for figure in figures["light"] for trace in figure.data):
            packed["world"] = _packed_file(maps.WORLD)
    script = (ASSETS / "report.js").read_text("utf-8")
    return render(
        "report.html",
        report=report,
        policy=_policy(script),
        colours={mode: _colours(palette) for mode, palette in PALETTES.items()},
        style=Markup((ASSETS / "report.css").read_text("utf-8")),
        script=Markup(script),
        mark=Markup(_MARK.read_text("utf-8")),
        packed={name: Markup(text) for name, text in packed.items()},
        height=lambda chart: heights[id(chart)],
        rows=rows,
        shape=_shape,
        tone=_tone,
        sparkline=_sparkline,
    )


def render(template: str, **context: Any) -> str:
    """Render a template of ``assets``. All text is escaped."""
    text: str = _templates().get_template(template).render(context)
    return text


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(ASSETS), autoescape=True, undefined=StrictUndefined
    )
    kinds: dict[str, type[Any]] = {"text": Text, "tiles": Tiles, "chart": Chart}
    for name, kind in kinds.items():
        environment.tests[name] = lambda block, kind=kind: isinstance(block, kind)
    return environment


def _json(figures: dict[Mode, list[go.Figure]]) -> bytes:
    """Return a JSON array of the charts, each an object with a figure for each mode."""
    charts = [
        ",".join(f'"{mode}":{figure.to_json()}' for mode, figure in zip(figures, pair, strict=True))
        for pair in zip(*figures.values(), strict=True)
    ]
    return f"[{','.join(f'{{{chart}}}' for chart in charts)}]".encode()


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")


@cache
def _packed_file(path: Path) -> str:
    return _packed(path.read_bytes())


def _policy(script: str) -> str:
    """Return a content security policy that allows the report's two scripts by their hashes."""
    digests = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
        for text in (script, LIBRARY.read_text("utf-8"))
    ]
    sources = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _colours(palette: Palette) -> dict[str, str]:
    """Return the values of the style sheet's variables."""
    good, bad = palette.categorical[:2]
    return {
        **{name: getattr(palette, name) for name in ("background", "text", "muted", "border")},
        "line": faded(palette.border, 0.55),
        "link": palette.link,
        "series": good,
        "pale": faded(good, 0.14),
        "good": good,
        "bad": bad,
    }


def _shape(section: Section) -> str:
    """Return a section's CSS classes: figures have no frame, small tables stand side by side."""
    blocks = [block for block in section.blocks if not isinstance(block, Table) or block.printed]
    if blocks and all(isinstance(block, Tiles) for block in blocks):
        return "whole bare"
    half = all(
        isinstance(block, Text) or (isinstance(block, Table) and len(block.fields) <= _NARROW)
        for block in blocks
    )
    return "half" if half else "whole"


def rows(table: Table, most: int | None = None) -> list[list[Cell]]:
    """Return the rows of a table that are printed, ``most`` of them at most."""
    top = table.frame.head(table.printed if most is None else min(most, table.printed))
    bars = longest(top, table.fields)
    cells = []
    for at, row in enumerate(top.to_dict("records")):
        bar = None
        if bars and not pd.isna(bars[0].iloc[at]):
            bar = round(100 * float(bars[0].iloc[at]) / bars[1], 1)
        cells.append(
            [
                Cell(
                    field.shown(row[field.column]),
                    "number" if field.number else "text",
                    "" if not field.note or pd.isna(row[field.note]) else str(row[field.note]),
                    field.tone(row[field.column]),
                    None if place else bar,
                )
                for place, field in enumerate(table.fields)
            ]
        )
    return cells


def _tone(tile: Tile) -> str:
    if tile.slight or not isinstance(tile.delta, str):
        return ""
    return "good" if tile.delta.startswith("+") == (tile.good == "up") else "bad"


def _sparkline(values: Sequence[int]) -> str:
    """Return the points of an SVG polyline; empty for a history without a shape."""
    if len(values) < 3 or not any(values):
        return ""
    step, most = 100 / (len(values) - 1), max(values)
    return " ".join(
        f"{at * step:.1f},{29 - 27 * value / most:.1f}" for at, value in enumerate(values)
    )
