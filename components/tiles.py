"""Figures side by side."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.charts import common
from components.charts.tiles import Tile
from components.charts.tiles import counted as counted
from components.escaping import plain


def draw_tiles(tiles: Sequence[Tile], *, within: bool = False) -> None:
    """Draw figures side by side, as many as fit; ``within`` a card they have no frames."""
    with st.grid(len(tiles), min_column_width=130 if within else 165, gap="small"):
        for tile in tiles:
            st.metric(
                tile.label,
                tile.value,
                tile.delta,
                delta_color=(
                    "off" if tile.slight else "normal" if tile.good == "up" else "inverse"
                ),
                delta_description=f"from {tile.before}" if tile.delta is not None else None,
                help=plain(
                    " ".join(filter(None, (tile.about, common.axis_note(tile.series)))), 400
                ),
                chart_data=common.sparkline(tile.series),
                chart_type="area",
                border=not within,
                height="stretch",
            )
