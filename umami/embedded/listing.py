"""Lists that are short enough to be read whole: a page of them, as Umami pages its lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from umami.embedded.http import Parameters, Text
from umami.embedded.parameters import MOST_ROWS


class Listing(Parameters):
    """Which page, and a text to search for. Lists have one order: ``orderBy`` has no effect."""

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    pageSize: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 20
    search: Text = ""
    orderBy: Text | None = None
    sortDescending: Literal["true", "false"] | None = None

    @property
    def searched(self) -> str:
        """The text in lower case, as ``contains(lower(column), ?)`` compares it."""
        return self.search.lower()

    def answer(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The page of all rows, with their count."""
        first = (self.page - 1) * self.pageSize
        return {
            "data": list(rows[first : first + self.pageSize]),
            "count": len(rows),
            "page": self.page,
            "pageSize": self.pageSize,
        }
