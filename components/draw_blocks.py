"""Draws one block (``components.blocks``) with Streamlit."""

from __future__ import annotations

from typing import Final

import streamlit as st

from components import authorized, elements, navigation, paging, url_state
from components.blocks import (
    Block,
    Buttons,
    Cards,
    Change,
    Chart,
    EChart,
    Expander,
    Note,
    OpenPage,
    SearchBox,
    SetParams,
    Table,
    Text,
    Tiles,
    Toggle,
)
from components.charts import common
from components.charts.common import finished
from components.elements import show_empty, show_note
from components.escaping import markdown, plain
from components.runtime import base
from components.table import csv_button, draw_table
from components.theme import Mode
from umami.view import View

_SCROLLING: Final = (
    "<style>[class*='st-key-scrolling_']{{overflow-x:auto}} "
    "[class*='st-key-scrolling_']>*{{min-width:{}px}}</style>"
)


def draw(block: Block) -> None:
    """Draw a block, unless it is for reports only."""
    if block.medium == "report":
        return
    match block:
        case Text():
            _text(block)
        case Tiles():
            elements.draw_tiles(block.tiles, within=not block.framed)
        case Chart():
            _chart(block)
        case EChart():
            _echart(block)
        case Table():
            _table(block)
        case Buttons():
            _buttons(block)
        case Cards():
            with elements.grid():
                for title, blocks in block.cards:
                    with elements.card(plain(title, 100)):
                        for inner in blocks:
                            draw(inner)
        case SearchBox():
            paging.search_box(block.position, block.placeholder)
        case Expander():
            with st.expander(plain(block.label), expanded=block.expanded):
                for part in block.blocks:
                    draw(part)


def apply(change: Change) -> None:
    """Apply the effect of a click from the next run on. Call it in a callback."""
    match change:
        case View():
            url_state.go(change)
        case Toggle():
            url_state.toggle(change.field, change.value)
        case SetParams():
            url_state.set_params(**change.values)
        case Note():
            url_state.note(change.text)
            if change.view:
                url_state.go(change.view)
        case OpenPage():
            navigation.go(change.name, **change.values)


def _text(block: Text) -> None:
    icon = f":material/{block.icon}: " if block.icon else ""
    lead = f"**{markdown(block.lead)}** " if block.lead else ""
    text = f"{icon}{lead}{markdown(block.text)}".strip()
    if block.progress is not None:
        st.progress(min(block.progress, 1.0), text=text)
        return
    match block.kind:
        case "heading":
            st.subheader(plain(block.text), anchor=False)
        case "caption":
            st.caption(text, help=markdown(block.help) or None)
        case "body":
            st.markdown(text, help=markdown(block.help) or None)
        case "empty":
            show_empty(text)
        case "note":
            show_note(block.plain)


def mode() -> Mode:
    """The colour mode that the viewer's browser reports."""
    return "dark" if st.context.theme.type == "dark" else "light"


def _chart(block: Chart) -> None:
    def selected() -> None:
        points = st.session_state[block.key].selection.points
        if points and block.on_choose and (change := block.on_choose(points[0]["customdata"])):
            apply(change)

    geometry = {"topojsonURL": _topojson()} if block.is_map else {}
    st.plotly_chart(
        finished(block.draw, mode()),
        theme=None,
        key=block.key,
        alt=block.alt,
        config={**common.STILL, **geometry},
        on_select=authorized.callback(selected) if block.on_choose else "ignore",
        selection_mode="points",
    )


def _echart(block: EChart) -> None:
    choose = block.on_choose
    if choose is None:
        st.echarts_chart(
            block.spec(mode()), height=block.height, key=block.key, renderer="svg", alt=block.alt
        )
        return
    # A selection outlives its nodes, so each click gets a new chart without a selection.
    clicks = f"clicks on {block.key}"
    count: int = st.session_state.setdefault(clicks, 0)
    key = f"{block.key}_{count}"

    def selected() -> None:
        st.session_state[clicks] = count + 1
        for point in st.session_state[key].selection.selected:
            if point["data_type"] == "node" and (change := choose(point["data_indices"][0])):
                apply(change)

    st.html(_SCROLLING.format(block.min_width))
    with st.container(key=f"scrolling_{block.key}"):
        st.echarts_chart(
            block.spec(mode()),
            height=block.height,
            key=key,
            on_select=authorized.callback(selected),
            renderer="svg",
            alt=block.alt,
        )


def _topojson() -> str:
    """The URL of the world map's geometry, which this server hosts."""
    # Some hosts add a path prefix that Streamlit does not report; a relative URL works there.
    return f"{base()}/app/static/topojson/" if base() else "app/static/topojson/"


def _table(block: Table) -> None:
    if not block.shown:
        csv_button(block.frame, block.fields, what=block.title, key=block.key)
        return
    field, choose = block.filter_field, block.on_choose
    if field is not None:
        choose = lambda value: Toggle(field, value)  # noqa: E731
    clickable = block.value is not None and (field is None or url_state.free())
    on_choose = (lambda value: apply(choose(value))) if choose and clickable else None
    if block.paging:
        paging.table(block, block.paging, on_choose)
        return
    draw_table(
        block.frame,
        block.fields,
        what=block.title,
        key=block.key,
        value=block.value if clickable else None,
        active=(*url_state.chosen(field), *block.active),
        on_choose=on_choose,
        shown=block.shown,
        more_fields=block.more_fields,
        with_csv=block.csv,
        height=block.height,
    )


def _buttons(block: Buttons) -> None:
    with st.container(horizontal=True, gap="small"):
        for at, (label, icon, change) in enumerate(block.buttons):
            st.button(
                label,
                key=f"{block.key}_{at}",
                icon=f":material/{icon}:" if icon else None,
                on_click=authorized.callback(apply),
                args=(change,),
            )
