"""Properties that events or sessions carry, and the values of one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from components import draw_blocks, tiles, url_state
from components.blocks import Chart
from components.charts.distribution import distribution_figure
from components.escaping import plain
from components.notices import show_empty
from components.table import draw_table
from components.told import properties as told
from umami.analysis import properties as analysis
from umami.models.events import Property, PropertyValue


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
        show_empty(url_state.why_empty(empty))
        return
    keys = {str(at): (one.event or "", one.name) for at, one in enumerate(found)}
    frame, fields = told.listed(counted, found)
    draw_table(
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
    show_empty("Choose a property to see its values.")


def values(name: str, found: Sequence[PropertyValue]) -> None:
    """Values with counts and shares; numbers with their distribution."""
    table, fields = told.values(found)
    st.markdown(f"**{plain(name, 60)}**")
    if table.empty:
        show_empty(url_state.why_empty("It has no values in this period."))
        return
    if len(table) >= analysis.LONGEST_LIST:
        st.caption(told.FIRST)
    if spread := told.spread(found):
        tiles.draw(told.figures(spread), within=True)
        if spread.least < spread.most:
            draw_blocks.draw(
                Chart(
                    f"How often numbers of {name} occur",
                    "distribution",
                    distribution_figure,
                    spread,
                )
            )
    draw_table(table, fields, what="values", key="values")
