"""Pages of lists that are short enough to be loaded completely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from umami.embedded.http import Text
from umami.embedded.parameters import Page


class Listing(Page):
    """A page, and a text to search for. Lists have one order: ``orderBy`` has no effect."""

    search: Text = ""
    orderBy: Text | None = None
    sortDescending: Literal["true", "false"] | None = None

    @property
    def searched(self) -> str:
        """The text in lower case, for ``contains(lower(column), ?)``."""
        return self.search.lower()

    def answer(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The response with this page of all rows."""
        return self.response(rows[self.skipped : self.skipped + self.pageSize], len(rows))
