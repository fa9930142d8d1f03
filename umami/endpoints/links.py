"""Short links and tracking pixels."""

from __future__ import annotations

from umami.endpoint import Effort, Freshness, RawQuery, endpoint
from umami.endpoints.params import paging
from umami.models.links import Link, Pixel
from umami.models.records import Page, paged


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
