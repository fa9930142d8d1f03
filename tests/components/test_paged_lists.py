"""Lists that the server pages: the position in the URL, and the blocks of one page."""

from __future__ import annotations

import pandas as pd
import pytest

from components.blocks import (
    LONGEST_SEARCH,
    Buttons,
    ListPosition,
    SetParams,
    Table,
    Text,
    list_param_names,
    list_position,
    paged_blocks,
)
from components.formats import Field
from umami.parsing import Page

FIELDS = [Field("name", "Name", "text")]


def table(*names: str) -> Table:
    return Table("latest sessions", pd.DataFrame({"name": names}), FIELDS, "list")


@pytest.mark.parametrize(
    ("number", "page"),
    [("", 1), ("3", 3), ("0", 1), ("-1", 1), ("two", 1), ("²", 1), ("9" * 12, 1)],
)
def test_invalid_page_number_is_the_first_page(number: str, page: int) -> None:
    assert list_position("sessions", {"sessions_page": [number]}) == ListPosition("sessions", page)


def test_search_is_stripped_and_limited() -> None:
    params = {"sessions_search": [f"  {'x' * 200}"]}
    assert list_position("sessions", params).search == "x" * LONGEST_SEARCH
    assert list_position("sessions", {"sessions_search": ["  "]}).search is None


def test_paged_list_has_its_position_and_size() -> None:
    now = ListPosition("sessions", 2)
    answer = Page(("a", "b"), 22, 2, 20, capped=True)
    (block,) = paged_blocks(table("a", "b"), answer, now, title="sessions", empty="None.")
    assert isinstance(block, Table)
    assert block.title == "latest sessions"
    assert block.paging is not None
    assert (block.paging.title, block.paging.position) == ("sessions", now)
    assert (block.paging.count, block.paging.capped) == (22, True)


@pytest.mark.parametrize(
    ("search", "words"), [(None, "None."), ("berlin", "No sessions match the search.")]
)
def test_empty_list_is_explained(search: str | None, words: str) -> None:
    now = ListPosition("sessions", 1, search)
    answer: Page[str] = Page((), 0, 1, 20)
    assert paged_blocks(table(), answer, now, title="sessions", empty="None.") == [
        Text(words, "empty")
    ]


def test_page_beyond_the_last_offers_the_first() -> None:
    answer: Page[str] = Page((), 22, 9, 20)
    _, back = paged_blocks(
        table(), answer, ListPosition("sessions", 9), title="sessions", empty="None."
    )
    assert isinstance(back, Buttons)
    ((_, _, change),) = back.buttons
    assert change == SetParams({list_param_names("sessions")[0]: ""})
