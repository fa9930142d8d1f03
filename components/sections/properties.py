"""Properties that events or sessions carry, and the values of one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import pandas as pd
import streamlit as st

from components import address, formats, panels, tiles
from components.asking import blank
from components.fields import Field
from components.figures.distribution import distribution_figure
from components.listing import listing
from components.text import plain
from umami.analysis import properties as analysis
from umami.models.events import DataType, Property, PropertyValue

TYPES: Final = {
    DataType.STRING: "Text",
    DataType.NUMBER: "Number",
    DataType.BOOLEAN: "Yes or no",
    DataType.DATE: "Date",
    DataType.ARRAY: "List",
}


def properties(
    counted: str,
    empty: str,
    chosen: tuple[str, str] | None,
    choose: Callable[[str, str], None],
    found: Sequence[Property],
) -> None:
    """A table of properties; a click calls ``choose`` with the event (``""`` for sessions) and
    the name. ``counted`` says what the totals are of."""
    if not found:
        blank(address.why_empty(empty))
        return
    keys = {str(at): (one.event or "", one.name) for at, one in enumerate(found)}
    frame = pd.DataFrame(
        {
            "key": list(keys),
            "name": [one.name for one in found],
            "event": [one.event or "" for one in found],
            "type": [TYPES[one.type] if one.type else formats.ABSENT for one in found],
            "total": [one.total for one in found],
        }
    )
    fields = [
        Field("name", "Property", "text", note="event" if frame["event"].any() else None),
        *([Field("type", "Type", "text", wide=True)] if any(one.type for one in found) else []),
        Field("total", counted, bar=True),
    ]
    listing(
        frame,
        fields,
        what="properties",
        key="properties",
        value="key",
        active=[key for key, one in keys.items() if one == chosen],
        on_choose=lambda key: choose(*keys[key]),
    )


def unchosen() -> None:
    """What stands where values will be."""
    blank("Choose a property to see its values.")


def values(name: str, found: Sequence[PropertyValue]) -> None:
    """Values with counts and shares; numbers with their distribution."""
    table = analysis.table(found)
    st.markdown(f"**{plain(name, 60)}**")
    if table.empty:
        blank(address.why_empty("It has no values in this period."))
        return
    if len(table) >= analysis.LONGEST_LIST:
        st.caption(
            f"The server tells the {analysis.LONGEST_LIST} most frequent values; shares and "
            "figures are of those."
        )
    spread = analysis.distribution(found)
    if spread and spread.times == int(table["total"].sum()):
        _distribution(name, spread)
    listing(
        table.assign(value=table["value"].replace("", "(empty)")),
        [
            Field("value", "Value", "text"),
            Field("total", "Times", bar=True),
            Field("share", "Share", "percent"),
        ],
        what="values",
        key="values",
    )


def _distribution(name: str, spread: analysis.Distribution) -> None:
    figures = {
        "Least": spread.least,
        "Median": spread.median,
        "Mean": spread.mean,
        "Most": spread.most,
    }
    tiles.draw(
        [tiles.Tile(label, formats.number(value), "") for label, value in figures.items()],
        within=True,
    )
    if spread.least < spread.most:
        panels.chart(
            distribution_figure(spread, panels.mode()),
            key="distribution",
            alt=f"How often numbers of {name} occur",
        )
