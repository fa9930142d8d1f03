"""Draws one block (``components.blocks``) with Streamlit."""

from __future__ import annotations

import streamlit as st

from components import authorized, navigation, paging, parameters, tiles, url_state
from components.blocks import (
    Block,
    Buttons,
    Change,
    Chart,
    Expander,
    LiveChart,
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
from components.charts.figure_cache import finished
from components.escaping import markdown, plain
from components.notices import show_note
from components.runtime import base
from components.table import csv_button, draw_table
from components.theme import Mode
from umami.view import View


def draw(block: Block) -> None:
    """Draw a block here."""
    match block:
        case Text():
            _text(block)
        case Tiles():
            tiles.draw(block.tiles, within=not block.framed)
        case Chart():
            _chart(block)
        case LiveChart():
            st.echarts_chart(
                block.spec(block.data, mode()),
                height=block.height,
                key=block.key,
                renderer="svg",
                alt=block.alt,
            )
        case Table():
            _table(block)
        case Buttons():
            _buttons(block)
        case SearchBox():
            paging.search_box(block.position, block.placeholder)
        case Expander():
            with st.expander(plain(block.label), expanded=block.expanded):
                for part in block.blocks:
                    draw(part)


def apply(change: Change) -> None:
    """Do what a click asks for, from the next run on. A callback's."""
    match change:
        case View():
            url_state.go(change)
        case Toggle():
            url_state.toggle(change.field, change.value)
        case SetParams():
            parameters.write(**change.values)
        case Note():
            url_state.note(change.text)
        case OpenPage():
            navigation.go(change.name, **change.values)


def _text(block: Text) -> None:
    icon = f":material/{block.icon}: " if block.icon else ""
    lead = f"**{markdown(block.lead)}** " if block.lead else ""
    text = f"{icon}{lead}{markdown(block.text)}".strip()
    match block.kind:
        case "heading":
            st.subheader(plain(block.text), anchor=False)
        case "caption":
            st.caption(text, help=markdown(block.help) or None)
        case "body":
            st.markdown(text, help=markdown(block.help) or None)
        case "empty":
            with st.container(height="content", horizontal_alignment="center"):
                st.caption(text, text_alignment="center")
        case "note":
            show_note(block.plain)


def mode() -> Mode:
    """Light or dark, as the viewer's browser says."""
    return "dark" if st.context.theme.type == "dark" else "light"


def _chart(block: Chart) -> None:
    def selected() -> None:
        points = st.session_state[block.key].selection.points
        if points and block.on_select and (change := block.on_select(points[0]["customdata"])):
            apply(change)

    geometry = {"topojsonURL": _topojson()} if block.is_map else {}
    st.plotly_chart(
        finished(block.figure, block.data, mode()),
        theme=None,
        key=block.key,
        alt=block.alt,
        config={**common.STILL, **geometry},
        on_select=authorized.callback(selected) if block.on_select else "ignore",
        selection_mode="points",
    )


def _topojson() -> str:
    """Where the browser finds the world's geometry: on this server, never elsewhere."""
    # Some hosts put a path before ours without telling; an address beside the page works there.
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
