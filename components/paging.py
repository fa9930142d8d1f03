"""Long lists of the server, a page at a time: its number and what is searched for, in the URL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import streamlit as st

from components import authorized, formats, parameters, url_state
from components.fields import Field
from components.full_csv_export import Whole, export
from components.notices import show_empty
from components.table import columns_of, csv_button, draw_rows, rows_of
from umami.models.paging import Page

SIZE: Final = 20
LAST: Final = 100_000
LONGEST_SEARCH: Final = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Which page of a list is looked at (from 1), and what is searched for in it; ``of`` is how
    the list is called in the URL."""

    of: str
    page: int = 1
    search: str | None = None


def spelled(of: str) -> tuple[str, str]:
    """The parameters that spell a place in the list of this name: its page, what is searched."""
    return f"{of}_page", f"{of}_search"


def read(of: str, given: dict[str, list[str]]) -> Place:
    """The place in a list that its parameters spell, or its beginning."""
    number, search = ((given[name] or [""])[-1] for name in spelled(of))
    sound = number.isascii() and number.isdigit() and 0 < int(number[:9]) <= LAST
    search = search.strip()[:LONGEST_SEARCH]
    return Place(of, int(number[:9]) if sound else 1, search or None)


def search_box(now: Place, placeholder: str) -> None:
    """An input for what is searched for; a new search begins at the first page."""
    st.session_state["pick_search"] = now.search or ""

    def changed() -> None:
        given: Any = st.session_state["pick_search"]
        turn(now.of)
        parameters.write(**{spelled(now.of)[1]: str(given or "").strip()})

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


def listed(
    frame: pd.DataFrame,
    fields: Sequence[Field],
    found: Page[Any],
    now: Place,
    *,
    what: str,
    key: str,
    empty: str,
    value: str | None = None,
    on_choose: Callable[[str], None] | None = None,
    whole: Whole[Any] | None = None,
) -> None:
    """One page of a list, its rows already in ``frame``; the way to the others; a CSV of it, and
    one of the ``whole`` list, where that is told how to get."""
    if frame.empty:
        show_empty(_why_empty(found, now, what, empty))
        if found.count and now.page > 1:
            st.button(
                "First page", key=f"{key}_first", on_click=authorized.callback(turn), args=(now.of,)
            )
        return
    first = (now.page - 1) * SIZE + 1
    many = f"at least {formats.whole(found.count)}" if found.capped else formats.whole(found.count)
    st.caption(f"{formats.whole(first)}–{formats.whole(first + len(frame) - 1)} of {many} {what}")
    draw_rows(
        columns_of(fields),
        rows_of(frame, fields, value=value),
        label=what.capitalize(),
        key=key,
        on_choose=on_choose,
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        page_buttons(now, min(-(-found.count // SIZE), LAST), key=key)
        csv_button(frame, fields, what=f"{what} page {now.page}", key=key)
    if whole is not None and found.count > len(frame):
        export(whole, fields, found.count, capped=found.capped, what=what, key=key)


def page_buttons(place: Place, pages: int, *, key: str) -> None:
    """Buttons to the pages of a list, if there are several."""
    if pages < 2:
        return
    at = min(place.page, pages)
    # The URL decides which page it is, so that the input begins anew with each.
    number = f"{key}_page_{at}"
    st.pagination(
        pages,
        default=at,
        key=number,
        on_change=authorized.callback(lambda: turn(place.of, st.session_state[number])),
    )


def _why_empty(found: Page[Any], now: Place, what: str, empty: str) -> str:
    if found.count and now.page > 1:
        return f"There are fewer {what} than that: this page is empty."
    if now.search:
        return f"No {what} match the search."
    return url_state.why_empty(empty)


def turn(of: str, page: int = 1) -> None:
    """Look at another page of a list. A callback's."""
    parameters.write(**{spelled(of)[0]: "" if page == 1 else str(page)})
