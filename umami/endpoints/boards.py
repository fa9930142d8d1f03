"""Boards: pages that users of Umami put together."""

from __future__ import annotations

from umami.endpoint import Effort, Freshness, RawQuery, endpoint
from umami.endpoints.params import paging, uuid_of
from umami.models.boards import Board
from umami.models.records import Page, paged


@endpoint(
    "GET", "/boards", fresh=Freshness.LISTING, effort=Effort.LIGHT, since="3.1", subject="boards"
)
def boards(search: str | None = None, page: int = 1, page_size: int = 100) -> RawQuery[Page[Board]]:
    """The account's boards, a page at a time."""
    return RawQuery(paged(Board.read), query=paging(page, page_size, search))


@endpoint(
    "GET",
    "/boards/{board}",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="3.1",
    subject="boards",
)
def board(board: str) -> RawQuery[Board]:
    """One board; raises ``NotFound`` where there is none."""
    return RawQuery(Board.read, path={"board": uuid_of(board, "board")})
