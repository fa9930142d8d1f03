"""Errors that scripts raised in visitors' browsers."""

from __future__ import annotations

from typing import Any

from umami.endpoint import Freshness, RawQuery, endpoint
from umami.endpoints.spelling import identified, ranged
from umami.models.browser_errors import BrowserError, BrowserErrorStats, ErrorStatus
from umami.models.paging import Page, paged
from umami.view import View


@endpoint(
    "GET",
    "/websites/{website}/errors",
    fresh=Freshness.PERIOD,
    since="3.5",
    subject="browser errors",
    filtered=False,
)
def browser_errors(
    view: View,
    status: ErrorStatus | None = None,
    search: str | None = None,
    page: int = 1,
    page_size: int = 25,
) -> RawQuery[Page[BrowserError]]:
    """Errors of the period, last seen first, a page of at most 100 at a time. Takes no filters."""
    return RawQuery(
        paged(BrowserError.read),
        path={"website": identified(view.website)},
        query={**_chosen(view, status, search), "page": page, "pageSize": page_size},
        until=view.period.end,
    )


@endpoint(
    "GET",
    "/websites/{website}/errors/stats",
    fresh=Freshness.PERIOD,
    since="3.5",
    subject="browser errors",
    filtered=False,
)
def browser_error_stats(
    view: View, status: ErrorStatus | None = None, search: str | None = None
) -> RawQuery[BrowserErrorStats]:
    """Errors of the period in all, and by day of UTC. Takes no filters."""
    return RawQuery(
        BrowserErrorStats.read,
        path={"website": identified(view.website)},
        query=_chosen(view, status, search),
        until=view.period.end,
    )


def _chosen(view: View, status: ErrorStatus | None, search: str | None) -> dict[str, Any]:
    return {**ranged(view), "status": status, "search": search}
