"""A report as one HTML file that opens from disk, sends no request, and prints.

The file contains plotly.js and the figures, compressed; the browser decompresses them. Its content
security policy forbids every request and every script except these two.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Hashable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pydantic_core import to_json

from components import formats, texts
from components.blocks import Chart, Table, Text, Tiles
from components.charts import maps, over_time
from components.formats import bar_lengths
from components.theme import PALETTES, faded
from reports.document import Report, Section

ASSETS: Final = Path(__file__).parent / "assets"
LIBRARY: Final = ASSETS / "plotly.min.js"
"""plotly.js with only the traces of our figures; see ``assets/README.md``."""
_MARK: Final = Path(__file__).parents[1] / "static" / "mark.svg"
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(ASSETS), autoescape=True, undefined=StrictUndefined
)
_TEMPLATES.tests |= {
    "missing": pd.isna,
    "text": lambda block: isinstance(block, Text),
    "tiles": lambda block: isinstance(block, Tiles),
    "chart": lambda block: isinstance(block, Chart),
}
_NARROW: Final = 3
"""Columns of the widest table that is drawn beside another."""


def page(report: Report) -> str:
    """Return the HTML of a report."""
    charts = [(chart, of.marks) for of in report.chapters for chart in of.charts]
    stretches = [(flag.start, flag.end) for flag in report.flags]
    figures: dict[str, Any] = {
        mode: [
            over_time.marked(over_time.with_usual(chart.draw(mode), marks, mode), stretches, mode)
            for chart, marks in charts
        ]
        for mode in PALETTES
    }
    figures["config"] = formats.plotly_locale()
    packed = {}
    if charts:
        packed = {
            "figures": _packed(to_json(figures, inf_nan_mode="null")),
            "library": _packed_file(LIBRARY),
        }
        if any(chart.is_map for chart, _unused in charts):
            packed["world"] = _packed_file(maps.WORLD)
    script = (ASSETS / "report.js").read_text("utf-8")
    return render(
        "report.html",
        report=report,
        digests=map(_digest, (script, LIBRARY.read_text("utf-8"))),
        palettes=PALETTES,
        faded=faded,
        style=Markup((ASSETS / "report.css").read_text("utf-8")),
        script=Markup(script),
        mark=Markup(_MARK.read_text("utf-8")),
        packed={name: Markup(text) for name, text in packed.items()},
        next_figure=iter(figures["light"]).__next__,
        rows=rows,
        shape=_shape,
    )


def render(template: str, **context: Any) -> str:
    """Render a template of ``assets`` in the reader's language. All text of HTML is escaped."""
    context |= {"_": texts._, "whole": formats.whole, "language": texts.language()}
    return _TEMPLATES.get_template(template).render(context)


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")


@cache
def _packed_file(path: Path) -> str:
    return _packed(path.read_bytes())


def _digest(script: str) -> str:
    """Return the hash by which the content security policy allows a script."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _shape(section: Section) -> str:
    """Return a section's CSS classes: figures have no frame, small tables stand side by side."""
    blocks = [block for block in section.blocks if not isinstance(block, Table) or block.printed]
    if blocks and all(isinstance(block, Tiles) for block in blocks):
        return "whole bare"
    half = all(
        isinstance(block, Text) or (isinstance(block, Table) and len(block.fields) <= _NARROW)
        for block in blocks
    )
    return "half" if half and not section.wide else "whole"


def rows(table: Table, most: int | None = None) -> Iterator[tuple[dict[Hashable, Any], float]]:
    """Yield the rows of a table that are printed, ``most`` of them at most, each with the length of
    its bar in per cent."""
    top = table.frame.head(table.printed if most is None else min(most, table.printed))
    lengths = (length or 0.0 for length in bar_lengths(top, table.fields))
    return zip(top.to_dict("records"), lengths, strict=True)
