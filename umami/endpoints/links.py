"""Short links and tracking pixels."""

from __future__ import annotations

from umami.endpoints.spelling import paging
from umami.models.links import Link, Pixel
from umami.models.paging import Page, paged
from umami.question import Asked, Effort, Freshness, endpoint


@endpoint(
    "GET",
    "/links",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="3.0",
    subject="links",
)
def links(search: str | None = None, page: int = 1, page_size: int = 100) -> Asked[Page[Link]]:
    """The account's short links, a page at a time."""
    return Asked(paged(Link.read), query=paging(page, page_size, search))


@endpoint(
    "GET",
    "/pixels",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="3.0",
    subject="pixels",
)
def pixels(search: str | None = None, page: int = 1, page_size: int = 100) -> Asked[Page[Pixel]]:
    """The account's tracking pixels, a page at a time."""
    return Asked(paged(Pixel.read), query=paging(page, page_size, search))
