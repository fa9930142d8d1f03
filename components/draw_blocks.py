"""Draws one block (``components.blocks``) with Streamlit."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Final, Literal

import streamlit as st

from components import (
    authorized,
    display_rules,
    edit_dialog,
    elements,
    formats,
    navigation,
    table,
    url_state,
    viewer,
)
from components.blocks import (
    AddRule,
    Block,
    Buttons,
    Cards,
    Change,
    Chart,
    DeleteRule,
    EChart,
    EditGroups,
    Expander,
    Findings,
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
from components.elements import mode, show_empty, show_note
from components.escaping import markdown, plain
from components.formats import labelled
from components.runtime import base
from components.table import csv_button, draw_table
from umami.view import View

_WIDE: Final = "<style>[class*='st-key-scrolling_{0}_']>*{{min-width:{0}px}}</style>"


def draw(*blocks: Block) -> None:
    """Draw blocks, except those for reports only."""
    for block in blocks:
        if block.medium != "report":
            _draw(block)


def _draw(block: Block) -> None:
    match block:
        case Text():
            _text(block)
        case Tiles():
            elements.draw_tiles(
                block.tiles,
                within=not block.framed,
                choose=_applied(block.on_choose),
                explain=_applied(block.on_explain),
                chosen=block.chosen,
                key=block.key,
            )
        case Chart():
            _chart(block)
        case EChart():
            _echart(block)
        case Table():
            _table(block)
        case Buttons():
            with st.container(horizontal=True, gap="small"):
                for at, (label, icon, change) in enumerate(block.buttons):
                    elements.action_button(label, f"{block.key}_{at}", apply, change, icon=icon)
        case Cards():
            with elements.grid():
                for title, blocks in block.cards:
                    with elements.card(plain(title, 100)):
                        draw(*blocks)
        case Findings():
            _findings(block)
        case SearchBox():
            table.search_box(block.position, block.placeholder)
        case Expander():
            with st.expander(plain(block.label), expanded=block.expanded):
                draw(*block.blocks)


def _applied(make: Callable[[str], Change] | None) -> Callable[[str], None] | None:
    """A callback that applies the effect of a click, unless the viewer may not open its page."""
    if make is None or not _opens(make("")):
        return None
    return lambda value: apply(make(value))


def _opens(change: Change) -> bool:
    pages = navigation.opened(viewer.current().permissions)
    return not isinstance(change, OpenPage) or any(page.name == change.name for page in pages)


def apply(change: Change) -> None:
    """Apply the effect of a click from the next run on. Call it in a callback."""
    match change:
        case View():
            url_state.go(change)
        case Toggle():
            url_state.toggle(change.field, change.value, *change.others)
        case SetParams():
            url_state.set_params(**change.values)
        case Note():
            url_state.note(change.text)
            if change.view:
                url_state.go(change.view)
        case EditGroups():
            edit_dialog.GROUPS.open(change.kind)
        case OpenPage():
            if change.view:
                url_state.go(change.view)
            navigation.go(change.name, **change.values)
        case AddRule():
            display_rules.add(change.rule)
        case DeleteRule():
            display_rules.delete(change.rule)


def _text(block: Text) -> None:
    icon = f":material/{block.icon}: " if block.icon else ""
    lead = f"**{markdown(block.lead)}** " if block.lead else ""
    text = f"{icon}{lead}{markdown(block.text)}".strip()
    if block.progress is not None:
        st.progress(min(block.progress, 1.0), text=text)
        return
    match block.kind:
        case "heading":
            st.header(plain(block.text), anchor=False)
        case "caption":
            st.caption(text, help=markdown(block.help) or None)
        case "body":
            st.markdown(text, help=markdown(block.help) or None)
        case "empty":
            show_empty(text)
        case "note":
            show_note(block.plain)
        case "code":
            st.code(block.text, language=None)


def _findings(block: Findings) -> None:
    # As high whatever the sentences are, so that nothing below moves with them.
    kind = "findings" if block.height else "sentences"
    height: int | Literal["content"] = block.height or "content"
    with st.container(height=height, border=False, gap="xsmall", key=f"{kind}_{block.key}"):
        for at, finding in enumerate(block.findings):
            change = finding.change
            with st.container(
                horizontal=True,
                gap="xsmall",
                wrap=not block.height,
                vertical_alignment="top" if block.height else "center",
            ):
                st.markdown(f":material/{finding.icon}: {markdown(finding.text)}")
                if change and _opens(change):
                    label = finding.action
                    key = f"{'open_finding' if block.height else 'finding'}_{block.key}_{at}"
                    elements.text_button(label, key, apply, change, icon=finding.action_icon)


def _chart(block: Chart) -> None:
    # The script late.js knows charts by their keys.
    key = f"chart_{block.key}"

    def selected() -> None:
        points = st.session_state[key].selection.points
        if points and block.on_choose and (change := block.on_choose(points[0]["customdata"])):
            apply(change)

    # The world's geometry is on this server. Some hosts add a path prefix that Streamlit does not
    # report; a relative URL works there.
    folder = "app/static/topojson/"
    geometry = {"topojsonURL": f"{base()}/{folder}" if base() else folder} if block.is_map else {}
    st.plotly_chart(
        finished(block.draw, mode()),
        theme=None,
        key=key,
        alt=block.alt,
        config={**common.STILL, **formats.plotly_locale(), **geometry},
        on_select=authorized.callback(selected) if block.on_choose else "ignore",
        selection_mode="points",
    )


def _echart(block: EChart) -> None:
    choose = block.on_choose
    # A selection outlives its nodes, so each click gets a new chart without a selection.
    clicks = f"clicks on {block.key}"
    count: int = st.session_state.setdefault(clicks, 0)
    key = f"chart_{block.key}_{count}" if choose else f"chart_{block.key}"

    def selected() -> None:
        st.session_state[clicks] = count + 1
        for point in st.session_state[key].selection.selected:
            is_node = point["data_type"] == "node"
            if choose and is_node and (change := choose(point["data_indices"][0])):
                apply(change)

    st.html(_WIDE.format(block.min_width))
    with st.container(key=f"scrolling_{block.min_width}_{block.key}"):
        st.echarts_chart(
            block.spec(mode()),
            height=block.height,
            key=key,
            on_select=authorized.callback(selected) if choose else "ignore",
            renderer="svg",
            alt=block.alt,
        )
        st.html(_data(block))


def _data(block: EChart) -> str:
    """The data of a diagram as a hidden table, which chart_download.js shows."""
    heads = (
        f"<th scope='col' class='{field.kind}'>{escape(field.label)}</th>" for field in block.fields
    )
    columns = (
        [
            f"<td class='{field.kind}'>{escape(field.shown(value))}</td>"
            for value in block.data[field.column]
        ]
        for field in block.fields
    )
    rows = (f"<tr>{''.join(cells)}</tr>" for cells in zip(*columns, strict=True))
    return (
        f"<table hidden><thead><tr>{''.join(heads)}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _table(block: Table) -> None:
    if not block.shown:
        csv_button(lambda: labelled(block.frame, block.fields), what=block.title, key=block.key)
        return
    field, choose = block.filter_field, block.on_choose
    if field is not None:
        choose = lambda value: Toggle(field, value, (*block.merged.get(value, ()),))  # noqa: E731
    clickable = block.value is not None and (field is None or url_state.free())
    on_choose = (lambda value: apply(choose(value))) if choose and clickable else None
    if block.paging:
        table.draw_page(block, block.paging, on_choose)
    else:
        draw_table(block, (*url_state.chosen(field), *block.active), on_choose)
