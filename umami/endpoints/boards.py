"""Boards: pages that users of Umami put together."""

from __future__ import annotations

from umami.endpoints.spelling import identified, paging
from umami.models.boards import Board
from umami.models.paging import Page, paged
from umami.question import Asked, Effort, Freshness, endpoint


@endpoint(
    "GET",
    "/boards",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="3.1",
    subject="boards",
)
def boards(search: str | None = None, page: int = 1, page_size: int = 100) -> Asked[Page[Board]]:
    """The account's boards, a page at a time."""
    return Asked(paged(Board.read), query=paging(page, page_size, search))


@endpoint(
    "GET",
    "/boards/{board}",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="3.1",
    subject="boards",
)
def board(board: str) -> Asked[Board]:
    """One board; raises ``NotFound`` where there is none."""
    return Asked(Board.read, path={"board": identified(board, "board")})
