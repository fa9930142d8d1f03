"""Draws lists that the server pages: the search, one page, and the way to the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from components import authorized, formats, parameters
from components.blocks import ListPosition, Paging, Table
from components.full_csv_export import export
from components.paged_lists import LAST, LONGEST_SEARCH, SIZE, param_names
from components.table import columns_of, csv_button, draw_rows, rows_of


def search_box(now: ListPosition, placeholder: str) -> None:
    """An input for what is searched for; a new search begins at the first page."""
    st.session_state["pick_search"] = now.search or ""

    def changed() -> None:
        text: Any = st.session_state["pick_search"]
        turn(now.name)
        parameters.set_params(**{param_names(now.name)[1]: str(text or "").strip()})

    st.text_input(
        "Search",
        type="search",
        key="pick_search",
        placeholder=placeholder,
        max_chars=LONGEST_SEARCH,
        label_visibility="collapsed",
        icon=":material/search:",
        on_change=authorized.callback(changed),
    )


def table(block: Table, paging: Paging, on_choose: Callable[[str], None] | None) -> None:
    """One page of a list, the way to the others, a CSV of it, and a CSV of the full list."""
    now, title, rows = paging.position, paging.title, len(block.frame)
    count = formats.whole(paging.count)
    first = (now.page - 1) * SIZE + 1
    st.caption(
        f"{formats.whole(first)}–{formats.whole(first + rows - 1)} of "
        f"{'at least ' if paging.capped else ''}{count} {title}"
    )
    draw_rows(
        columns_of(block.fields),
        rows_of(block.frame, block.fields, value=block.value),
        label=title.capitalize(),
        key=block.key,
        on_choose=on_choose,
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        page_buttons(now, min(-(-paging.count // SIZE), LAST), key=block.key)
        csv_button(block.frame, block.fields, what=f"{title} page {now.page}", key=block.key)
    if paging.full and paging.count > rows:
        export(
            paging.full,
            block.fields,
            paging.count,
            capped=paging.capped,
            what=title,
            key=block.key,
        )


def page_buttons(now: ListPosition, pages: int, *, key: str) -> None:
    """Buttons to the pages of a list, if there are several."""
    if pages < 2:
        return
    at = min(now.page, pages)
    # The URL decides which page it is, so that the input begins anew with each.
    number = f"{key}_page_{at}"
    st.pagination(
        pages,
        default=at,
        key=number,
        on_change=authorized.callback(lambda: turn(now.name, st.session_state[number])),
    )


def turn(name: str, page: int = 1) -> None:
    """Look at another page of the list with this name. A callback's."""
    parameters.set_params(**{param_names(name)[0]: "" if page == 1 else str(page)})
