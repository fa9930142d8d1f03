"""Lists that the server pages: the part of one that a URL names, and the blocks that show it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from components.blocks import (
    Block,
    Buttons,
    FullList,
    ListPosition,
    Paging,
    Params,
    SetParams,
    Table,
    Text,
)
from umami.models.records import Page

SIZE: Final = 20
LAST: Final = 100_000
LONGEST_SEARCH: Final = 100


def param_names(name: str) -> tuple[str, str]:
    """The URL parameters of the list with this name: for its page, and for the search."""
    return f"{name}_page", f"{name}_search"


def position(name: str, params: Params) -> ListPosition:
    """The position in a list that its parameters name, or its beginning."""
    number, search = (next(iter(params.get(param, ())), "") for param in param_names(name))
    valid = number.isascii() and number.isdigit() and 0 < int(number[:9]) <= LAST
    search = search.strip()[:LONGEST_SEARCH]
    return ListPosition(name, int(number[:9]) if valid else 1, search or None)


def blocks(
    table: Table,
    answer: Page[Any],
    now: ListPosition,
    *,
    title: str,
    empty: str,
    full: FullList[Any] | None = None,
) -> list[Block]:
    """The ``table`` of an answer, with the way to the rest of the list, or why it is empty.

    ``title`` names the rows of the list in the plural; ``empty`` says what would fill it.
    """
    if not table.frame.empty:
        return [replace(table, paging=Paging(title, now, answer.count, answer.capped, full))]
    if answer.count and now.page > 1:
        first = SetParams({param_names(now.name)[0]: ""})
        return [
            Text(f"There are fewer {title} than that: this page is empty.", "empty"),
            Buttons(f"{table.key}_first", [("First page", "", first)]),
        ]
    return [Text(f"No {title} match the search." if now.search else empty, "empty")]
