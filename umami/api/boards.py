"""Boards, short links and tracking pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import Field

from umami.api.params import paging, uuid_of
from umami.api.records import Created, Object, Page, Record, Text, paged
from umami.endpoint import Effort, Freshness, RawQuery, endpoint
from umami.parsing import Time


@dataclass(frozen=True, slots=True)
class Board(Record):
    """A board; ``parameters`` describe its content in the server's format."""

    missing: ClassVar[str] = "There is no such board."

    id: str
    name: str
    type: str | None = None
    description: Text = ""
    parameters: Object = field(default_factory=dict)
    team_id: str | None = None
    created: Created = None
    updated: Annotated[Time, Field(alias="updatedAt")] = None


@dataclass(frozen=True, slots=True)
class Pixel(Record):
    """A tracking pixel; ``slug`` ends its address. Queries take its ``id`` like a website's."""

    id: str
    name: str
    slug: str
    team_id: str | None = None
    created: Created = None


@dataclass(frozen=True, slots=True)
class Link(Record):
    """A short link that counts its clicks and leads to ``url``; ``slug`` ends its address. Queries
    take its ``id`` like a website's."""

    id: str
    name: str
    url: str
    slug: str
    team_id: str | None = None
    created: Created = None


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


@endpoint(
    "GET", "/links", fresh=Freshness.LISTING, effort=Effort.LIGHT, since="3.0", subject="links"
)
def links(search: str | None = None, page: int = 1, page_size: int = 100) -> RawQuery[Page[Link]]:
    """The account's short links, a page at a time."""
    return RawQuery(paged(Link.read), query=paging(page, page_size, search))


@endpoint(
    "GET", "/pixels", fresh=Freshness.LISTING, effort=Effort.LIGHT, since="3.0", subject="pixels"
)
def pixels(search: str | None = None, page: int = 1, page_size: int = 100) -> RawQuery[Page[Pixel]]:
    """The account's tracking pixels, a page at a time."""
    return RawQuery(paged(Pixel.read), query=paging(page, page_size, search))
