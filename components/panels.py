"""The title of a page, frames around its sections, and charts outside of layouts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import plotly.graph_objects as go
import streamlit as st

from components import draw_blocks, traffic_blocks
from components.blocks import Block, Chart
from components.charts import maps
from components.charts.figure_cache import Data
from components.draw_blocks import mode as mode
from components.theme import Mode
from umami.models.events import EventSeries
from umami.models.sessions import Rhythm
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


def world_map(data: maps.World, *, key: str, alt: str, clickable: bool = True) -> None:
    """Draw a world map."""
    _draw(traffic_blocks.world_map(data, key=key, alt=alt, clickable=clickable))


def rhythm(weekly: Rhythm) -> None:
    """Draw visitors by weekday and hour."""
    _draw(traffic_blocks.week(weekly))


def events(view: View, series: EventSeries) -> None:
    """Draw events over time."""
    _draw(traffic_blocks.events_over_time(view, series))


def chart(draw: Callable[[Data, Mode], go.Figure], data: Data, *, key: str, alt: str) -> None:
    """Draw the figure of some data; ``alt`` says in words what it shows."""
    _draw([Chart(alt, key, draw, data)])


def _draw(blocks: Sequence[Block]) -> None:
    for block in blocks:
        draw_blocks.draw(block)
