"""Sections with a figure: each draws its answer, or says what would fill its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from components import authorized, draw_blocks, rankings, traffic_blocks, url_state
from components.charts import common, lines, maps, stacks
from components.charts.figure_cache import Data, finished
from components.escaping import plain
from components.notices import show_empty
from components.runtime import base
from components.theme import Mode
from components.told import traffic as told
from umami.models.events import EventSeries
from umami.models.sessions import Rhythm
from umami.models.traffic import Ranking, Stats, Timeline
from umami.view import View


@contextmanager
def title(text: str) -> Iterator[None]:
    """A page's title; what is drawn inside stands beside it."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.header(text, anchor=False, width="content")
        with st.container(width="content"):
            yield


@contextmanager
def card(text: str, about: str = "") -> Iterator[None]:
    """A frame around one or more sections, with its title and a line about what it shows."""
    with st.container(border=True, height="stretch", gap="xsmall"):
        if text:
            st.subheader(text, anchor=False)
        if about:
            st.caption(about)
        yield


def traffic(view: View, now: Timeline, before: Timeline | None = None) -> None:
    """Views and visitors over time, the comparison dashed below them."""
    data = told.over_time(view, now, before)
    if data is None:
        show_empty(url_state.why_empty(told.NO_VIEWS))
        return
    chart(
        lines.traffic_figure,
        data,
        key="traffic",
        alt=f"Views and visitors, {url_state.described(view)}",
    )


def world(countries: Ranking, stats: Stats | None) -> None:
    """A world map, bare where no visits were; a click on a country filters by it."""
    found = rankings.shares(rankings.COUNTRIES, countries, stats)
    world_map(maps.world(found.frame), key="world", alt="Visitors by country")


def world_map(data: maps.World, *, key: str, alt: str, clickable: bool = True) -> None:
    """Draw a world map and name the countries its geometry has not; a click on a country filters
    by it where the map is ``clickable``."""

    def chosen() -> None:
        points = st.session_state[key].selection.points
        if points:
            url_state.toggle("country", points[0]["customdata"][3])

    chart(
        maps.world_figure,
        data,
        key=key,
        alt=alt,
        on_select=authorized.callback(chosen) if clickable else "ignore",
        selection_mode="points",
        config={**common.STILL, "topojsonURL": _topojson()},
    )
    if small := told.undrawn(data):
        st.caption(plain(small, 220))


def rhythm(weekly: Rhythm) -> None:
    """When in the week visitors come."""
    for block in traffic_blocks.rhythm(weekly):
        draw_blocks.draw(block)


def events(view: View, series: EventSeries) -> None:
    """Events over time, the most frequent ones apart; nothing without any, their table tells."""
    data = stacks.stacked(series.frame, view.period.unit)
    if data.series:
        chart(stacks.stacked_figure, data, key="events", alt="Events over time")


def chart(
    draw: Callable[[Data, Mode], go.Figure], data: Data, *, key: str, alt: str, **options: Any
) -> None:
    """Draw the figure of some data; ``alt`` says in words what it shows."""
    figure = finished(draw, data, mode())
    st.plotly_chart(figure, theme=None, key=key, alt=alt, **{"config": common.STILL, **options})


def mode() -> Mode:
    """Light or dark, as the viewer's browser says."""
    return "dark" if st.context.theme.type == "dark" else "light"


def _topojson() -> str:
    """Where the browser finds the world's geometry: on this server, never elsewhere."""
    # Some hosts put a path before ours without telling; beside the page is right there, too.
    return f"{base()}/app/static/topojson/" if base() else "app/static/topojson/"
