"""The row of figures at the top of a page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import formats
from components.charts import common
from components.charts import tiles as figures
from components.charts.tiles import Tile as Tile
from components.charts.tiles import counted as counted
from components.charts.tiles import rated as rated
from components.charts.tiles import totals as totals
from components.escaping import plain
from components.loading import Collector, Compared, QueryClient
from components.view_description import why_unknown
from umami.models.traffic import Active, Stats, Timeline
from umami.view import View


def ask(page: Collector, view: View) -> Compared[Stats]:
    """Ask for a website's totals, and for those of the comparison."""
    return page.totals(view)


def row(
    client: QueryClient, view: View, stats: Stats, timeline: Timeline, compared: Stats | None = None
) -> None:
    """Draw a website's five figures; ``compared`` where the comparison was asked apart."""
    draw(figures.of_website(client.definitions, view, stats, timeline, compared))
    if unknown := why_unknown(view):
        st.caption(unknown)


def draw(tiles: Sequence[Tile], *, within: bool = False) -> None:
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


def live(active: Active) -> None:
    """How many visitors are on the website now."""
    count = active.visitors
    st.badge(
        plain(f"{formats.whole(count)} online now"),
        icon=":material/sensors:",
        color="green" if count else "gray",
        help="Visitors seen in the last five minutes.",
    )
