"""Features without data in this server: browser errors, heatmaps, boards, second factors. The
routes check their parameters and answer like an Umami server without such data."""

from typing import Annotated, Any, Literal

from pydantic import Field

from umami.embedded.http import Call, Nothing, Parameters, Range, Routes, Text
from umami.embedded.parameters import Listing, Ranged
from umami.embedded.refusals import Refusal

routes = Routes()

ERRORS = "/websites/{website_id}/errors"


class Errors(Range):
    """Filters of errors; the page has no effect on totals."""

    status: Literal["unresolved", "resolved", "ignored"] | None = None
    search: Text = ""
    release: Text | None = None
    environment: Text | None = None
    browser: Text | None = None
    urlPath: Text | None = None
    page: Annotated[int, Field(ge=1, le=10_000)] = 1
    pageSize: Annotated[int, Field(ge=1, le=100)] = 25


class ErrorValues(Errors):
    type: Literal["release", "environment", "browser", "urlPath"]
    value: Text | None = None


class Heatmap(Ranged):
    mode: Literal["click", "scroll"] = "click"
    urlPath: Text | None = None


def _declare(path: str, parameters: type[Parameters], answer: Any) -> None:
    """Declare a route with the same answer for every website and for all parameters."""

    @routes("GET", path, parameters)
    def empty(call: Call[Any]) -> Any:
        if "{website_id}" in path:
            _require_user(call)
        if answer is None:
            raise Refusal(404, "Not found")
        return answer


@routes("GET", ERRORS, Errors)
def errors(call: Call[Errors]) -> Any:
    """Return an empty page of errors."""
    _require_user(call)
    return {"data": [], "count": 0, "page": call.params.page, "pageSize": call.params.pageSize}


@routes("GET", "/websites/{website_id}/heatmaps", Heatmap)
def heatmap(call: Call[Heatmap]) -> Any:
    """Return a heatmap without clicks and scrolls."""
    sizes = dict.fromkeys(("pageW", "pageH", "viewportW", "viewportH"), 0)
    scroll = {"totalSessions": 0, **sizes, "buckets": []}
    return {"mode": call.params.mode, "pages": [], "points": [], "scroll": scroll, "snapshot": None}


@routes("GET", "/boards", Listing)
def boards(call: Call[Listing]) -> Any:
    """Return an empty page of boards."""
    return call.params.answer([])


_COUNTS = dict.fromkeys(("occurrences", "visits", "issues"), 0)
_declare(f"{ERRORS}/stats", Errors, {**_COUNTS, "firstSeen": None, "lastSeen": None, "series": []})
_declare(f"{ERRORS}/values", ErrorValues, [])
# Errors are not collected, and nobody can change this.
_declare(f"{ERRORS}/settings", Nothing, {"enabled": False, "retentionDays": 30, "canManage": False})
_declare(f"{ERRORS}/{{issue_id}}", Nothing, None)
_declare("/boards/{board_id}", Nothing, None)
_SWITCHES = dict.fromkeys(("isEnabled", "isConfigured", "isRequired", "globalRequired"), False)
_declare("/2fa/status", Nothing, {**_SWITCHES, "requiredReason": None})


def _require_user(call: Call[Any]) -> None:
    """Raise ``Refusal`` 401 for share links, and 404 if the website does not exist."""
    if call.user is None:
        raise Refusal(401, "Unauthorized")
    call.umami.require_website(call.id("website_id"))
