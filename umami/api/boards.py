"""Boards, short links and tracking pixels."""

from dataclasses import field
from typing import Annotated

from pydantic import Field

from umami.api.params import paging
from umami.endpoint import RawQuery, listing
from umami.parsing import Created, Item, Object, Page, Record, Text, Time


class Board(Item):
    """A board; ``parameters`` describe its content in the server's format."""

    id: str
    name: str
    type: str | None = None
    description: Text = ""
    parameters: Object = field(default_factory=dict)
    team_id: str | None = None
    created: Created = None
    updated: Annotated[Time, Field(alias="updatedAt")] = None


class Pixel(Record):
    """A tracking pixel; ``slug`` ends its address. Queries take its ``id`` like a website's."""

    id: str
    name: str
    slug: str
    team_id: str | None = None
    created: Created = None


class Link(Record):
    """A short link that counts its clicks and leads to ``url``; ``slug`` ends its address. Queries
    take its ``id`` like a website's."""

    id: str
    name: str
    url: str
    slug: str
    team_id: str | None = None
    created: Created = None


@listing("/boards", since="3.1", subject="boards")
def boards(search: str | None = None, page: int = 1, page_size: int = 100) -> RawQuery[Page[Board]]:
    """The account's boards, a page at a time."""
    return RawQuery(paging(page, page_size, search))


@listing("/boards/{board}", since="3.1", subject="boards")
def board(board: str) -> RawQuery[Board]:
    """One board; raises ``NotFound`` where there is none."""
    return RawQuery()


@listing("/links", since="3.0", subject="links")
def links(search: str | None = None, page: int = 1, page_size: int = 100) -> RawQuery[Page[Link]]:
    """The account's short links, a page at a time."""
    return RawQuery(paging(page, page_size, search))


@listing("/pixels", since="3.0", subject="pixels")
def pixels(search: str | None = None, page: int = 1, page_size: int = 100) -> RawQuery[Page[Pixel]]:
    """The account's tracking pixels, a page at a time."""
    return RawQuery(paging(page, page_size, search))
