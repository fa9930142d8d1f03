"""Properties that events or sessions carry, and the values of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from components import formats
from components.charts.tiles import Tile
from components.fields import Field
from umami.analysis import properties as analysis
from umami.analysis.properties import Distribution
from umami.memoize import memoize
from umami.models.events import DataType, Property, PropertyValue

TYPES: Final = {
    DataType.STRING: "Text",
    DataType.NUMBER: "Number",
    DataType.BOOLEAN: "Yes or no",
    DataType.DATE: "Date",
    DataType.ARRAY: "List",
}
FIRST: Final = (
    f"The server tells the {analysis.LONGEST_LIST} most frequent values; shares and figures are of "
    "those."
)


@memoize
def listed(counted: str, found: Sequence[Property]) -> tuple[pd.DataFrame, list[Field]]:
    """A row a property, its place as ``key``; ``counted`` says what the totals are of."""
    frame = pd.DataFrame(
        {
            "key": [str(at) for at in range(len(found))],
            "name": [one.name for one in found],
            "event": [one.event or "" for one in found],
            "type": [TYPES[one.type] if one.type else formats.ABSENT for one in found],
            "total": [one.total for one in found],
        }
    )
    return frame, [
        Field("name", "Property", "text", note="event" if frame["event"].any() else None),
        *([Field("type", "Type", "text", wide=True)] if any(one.type for one in found) else []),
        Field("total", counted, bar=True),
    ]


@memoize
def values(found: Sequence[PropertyValue]) -> tuple[pd.DataFrame, list[Field]]:
    """A row a value."""
    table = analysis.table(found)
    return table.assign(value=table["value"].replace("", "(empty)")), [
        Field("value", "Value", "text"),
        Field("total", "Times", bar=True),
        Field("share", "Share", "percent"),
    ]


def spread(found: Sequence[PropertyValue]) -> Distribution | None:
    """How numbers are distributed; ``None`` unless all values are numbers."""
    told = analysis.distribution(found)
    return told if told and told.times == sum(one.total for one in found) else None


def figures(spread: Distribution) -> list[Tile]:
    """Where the numbers lie."""
    known = {
        "Least": spread.least,
        "Median": spread.median,
        "Mean": spread.mean,
        "Most": spread.most,
    }
    return [
        Tile(label, formats.number(value), "", number=value, kind="number")
        for label, value in known.items()
    ]
