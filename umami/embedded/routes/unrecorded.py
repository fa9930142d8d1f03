"""What this server does not record: errors in browsers, heatmaps, boards, second factors.

The routes check their parameters and answer as an Umami that has nothing recorded.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from umami.embedded.http import Call, Nothing, Range, Routes, Text
from umami.embedded.listing import Listing
from umami.embedded.parameters import Ranged
from umami.embedded.refusals import Refusal

routes = Routes()

RETENTION_DAYS = 30


class Errors(Range):
    """Which errors; for their totals, the page has no effect."""

    status: Literal["unresolved", "resolved", "ignored"] | None = None
    search: Text = ""
    release: Text | None = None
    environment: Text | None = None
    browser: Text | None = None
    urlPath: Text | None = None
    page: Annotated[int, Field(ge=1, le=10_000)] = 1
    pageSize: Annotated[int, Field(ge=1, le=100)] = 25


class ErrorValues(Errors):
    """Which values of which field."""

    type: Literal["release", "environment", "browser", "urlPath"]
    value: Text | None = None


class Heatmap(Ranged):
    """Clicks or scrolls of one page."""

    mode: Literal["click", "scroll"] = "click"
    urlPath: Text | None = None


@routes("GET", "/websites/{website_id}/errors", Errors)
def errors(call: Call[Errors]) -> Any:
    """An empty page of errors."""
    _require_user(call)
    return {"data": [], "count": 0, "page": call.params.page, "pageSize": call.params.pageSize}


@routes("GET", "/websites/{website_id}/errors/stats", Errors)
def error_stats(call: Call[Errors]) -> Any:
    """Totals of errors, all of them zero."""
    _require_user(call)
    return {
        "occurrences": 0,
        "visits": 0,
        "issues": 0,
        "firstSeen": None,
        "lastSeen": None,
        "series": [],
    }


@routes("GET", "/websites/{website_id}/errors/values", ErrorValues)
def error_values(call: Call[ErrorValues]) -> Any:
    """No values."""
    _require_user(call)
    return []


@routes("GET", "/websites/{website_id}/errors/settings", Nothing)
def error_settings(call: Call[Nothing]) -> Any:
    """Errors are not collected, and nobody can change that."""
    _require_user(call)
    return {"enabled": False, "retentionDays": RETENTION_DAYS, "canManage": False}


@routes("GET", "/websites/{website_id}/errors/{issue_id}", Nothing)
def error(call: Call[Nothing]) -> Any:
    """There is no error of any id."""
    _require_user(call)
    raise Refusal(404, "Not found")


@routes("GET", "/websites/{website_id}/heatmaps", Heatmap)
def heatmap(call: Call[Heatmap]) -> Any:
    """A heatmap of no clicks and no scrolls."""
    sizes = dict.fromkeys(("pageW", "pageH", "viewportW", "viewportH"), 0)
    return {
        "mode": call.params.mode,
        "pages": [],
        "points": [],
        "scroll": {"totalSessions": 0, **sizes, "buckets": []},
        "snapshot": None,
    }


@routes("GET", "/boards", Listing)
def boards(call: Call[Listing]) -> Any:
    """An empty page of boards."""
    return call.params.answer([])


@routes("GET", "/boards/{board_id}", Nothing)
def board(_call: Call[Nothing]) -> Any:
    """There is no board of any id."""
    raise Refusal(404, "Not found")


@routes("GET", "/2fa/status", Nothing)
def two_factor(_call: Call[Nothing]) -> Any:
    """Nobody signs in with a second factor."""
    return {
        "isEnabled": False,
        "isConfigured": False,
        "isRequired": False,
        "globalRequired": False,
        "requiredReason": None,
    }


def _require_user(call: Call[Any]) -> None:
    """Errors are shown to accounts, not to those with a share link; of websites that exist."""
    if call.user is None:
        raise Refusal(401, "Unauthorized")
    call.umami.require_website(call.id("website_id"))
