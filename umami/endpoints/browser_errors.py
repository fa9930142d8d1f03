"""Errors that scripts raised in visitors' browsers."""

from __future__ import annotations

from typing import Any

from umami.endpoint import Freshness, RawQuery, endpoint
from umami.endpoints.params import for_view
from umami.models.browser_errors import BrowserError, BrowserErrorStats, ErrorStatus
from umami.models.records import Page, paged
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
    return for_view(
        paged(BrowserError.read),
        view,
        {**_chosen(status, search), "page": page, "pageSize": page_size},
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
    return for_view(BrowserErrorStats.read, view, _chosen(status, search))


def _chosen(status: ErrorStatus | None, search: str | None) -> dict[str, Any]:
    return {"status": status, "search": search}
