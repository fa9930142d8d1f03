"""What sections about properties have in common."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from components import view_description
from components.charts.distribution import distribution_figure
from components.told import properties as told
from reports.document import Block, Chart, Sentence, Table, Tiles
from umami.models.events import Property, PropertyValue
from umami.view import View


def listed(view: View, counted: str, empty: str, found: Sequence[Property]) -> list[Block]:
    """The properties there are."""
    if not found:
        return [Sentence(view_description.why_empty(view, empty))]
    frame, fields = told.listed(counted, found)
    return [Table("properties", frame, fields)]


def values(view: View, name: str, found: Sequence[PropertyValue]) -> list[Block]:
    """The values of one property."""
    table, fields = told.values(found)
    if table.empty:
        return [Sentence(view_description.why_empty(view, "It has no values in this period."))]
    blocks: list[Block] = []
    if spread := told.spread(found):
        blocks.append(Tiles(told.figures(spread)))
        if spread.least < spread.most:
            alt = f"How often numbers of {name} occur"
            blocks.append(Chart(alt, partial(distribution_figure, spread)))
    return [*blocks, Table(f"values of {name}", table, fields)]
