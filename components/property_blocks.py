"""Blocks for the properties of events or sessions and for the values of one property."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Final

import pandas as pd

from components import formats
from components.blocks import Block, Card, Chart, Columns, Section, SetParams, Table, Text, Tiles
from components.charts.bars import distribution
from components.charts.tiles import Tile
from components.formats import Field
from components.texts import N_, _, memoize
from components.view_description import why_empty
from umami.analysis import rankings as analysis
from umami.api.events import DataType, Property, PropertyValue
from umami.view import View

TYPES: Final = {
    DataType.STRING: N_("Text"),
    DataType.NUMBER: N_("Number"),
    DataType.BOOLEAN: N_("Yes or no"),
    DataType.DATE: N_("Date"),
    DataType.ARRAY: N_("List"),
}


def explorer(
    view: View,
    title: str,
    properties: Future[tuple[Property, ...]],
    values: Future[tuple[PropertyValue, ...]] | None,
    *,
    counted: str,
    empty: str,
    chosen: tuple[str, str],
    choose: Callable[[Property], SetParams],
) -> Columns:
    """The ``property_blocks``, and beside them the ``values`` of the selected property, if any."""
    listed = partial(property_blocks, view, counted, empty, chosen, choose)
    _unused, name = chosen
    if values is None:
        hint = Text(_("Choose a property to see its values."), "empty")
        beside: Card | Section = Section(_("Values"), lambda: [hint], medium="page")
    else:
        shown = Section(
            _("Values of {name}").format(name=name),
            partial(value_blocks, view, name),
            [values],
            height=300,
        )
        beside = Card(_("Values"), [shown])
    return Columns([Section(title, listed, [properties], height=300), beside])


def property_blocks(
    view: View,
    counted: str,
    empty: str,
    chosen: tuple[str, str],
    choose: Callable[[Property], SetParams],
    properties: Sequence[Property],
) -> list[Block]:
    """A table with one row per property.

    ``counted`` is the heading of the totals; ``chosen`` is the event (empty for sessions) and name
    of the selected property.
    """
    if not properties:
        return [Text(why_empty(view, empty), "empty")]
    frame = _property_frame(properties)
    has_types = any(row.type for row in properties)
    return [
        Table(
            _("properties"),
            frame,
            [
                Field(
                    "name", _("Property"), "text", note="event" if frame["event"].any() else None
                ),
                *([Field("type", _("Type"), "text", wide=True)] if has_types else []),
                Field("total", counted, bar=True),
            ],
            "properties",
            value="key",
            on_choose=lambda key: choose(properties[int(key)]),
            active=[
                str(at)
                for at, row in enumerate(properties)
                if (row.event or "", row.name) == chosen
            ],
        )
    ]


@memoize
def _property_frame(properties: Sequence[Property]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "key": [str(at) for at in range(len(properties))],
            "name": [row.name for row in properties],
            "event": [row.event or "" for row in properties],
            "type": [_(TYPES[row.type]) if row.type else formats.ABSENT for row in properties],
            "total": [row.total for row in properties],
        }
    )


@memoize
def value_blocks(view: View, name: str, values: Sequence[PropertyValue]) -> list[Block]:
    """Values with counts and shares; numbers with their distribution."""
    frame = analysis.value_table(values)
    shown = formats.shortened(name)
    blocks: list[Block] = [Text("", "body", lead=shown, medium="page")]
    if frame.empty:
        return [*blocks, Text(why_empty(view, _("It has no values in this period.")), "empty")]
    if len(frame) >= analysis.MOST_VALUES:
        text = _(
            "The server lists the {most_values} most frequent values; shares and "
            "figures are of those."
        ).format(most_values=analysis.MOST_VALUES)
        blocks.append(Text(text, medium="page"))
    spread = analysis.distribution(values)
    # The distribution is meaningful only if all values are numbers.
    if spread and spread.times == sum(row.total for row in values):
        figures = {
            _("Minimum"): spread.least,
            _("Median"): spread.median,
            _("Mean"): spread.mean,
            _("Maximum"): spread.most,
        }
        tiles = [
            Tile(label, formats.number(value), "", number=value, kind="number")
            for label, value in figures.items()
        ]
        blocks.append(Tiles(tiles, framed=False))
        if spread.least < spread.most:
            alt = _("How often numbers of {name} occur").format(name=name)
            blocks.append(Chart(alt, "distribution", partial(distribution, spread)))
    table = Table(
        _("values"),
        frame.assign(value=frame["value"].replace("", _("(empty)"))),
        [
            Field("value", _("Value"), "text"),
            Field("total", _("Count"), bar=True),
            Field("share", _("% of all"), "percent"),
        ],
        "values",
        medium="page",
    )
    return [
        *blocks,
        table,
        replace(table, title=_("values of {name}").format(name=name), medium="report"),
    ]
