"""Parameters of requests and bodies of analyses, in the format of the newest generation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from umami.endpoint import JSON, RawQuery
from umami.errors import InvalidView
from umami.view import View

T = TypeVar("T")


def uuid_of(text: str, what: str = "website") -> str:
    """The id, which must be a UUID: servers answer any other id with an internal error."""
    try:
        return str(UUID(text))
    except (ValueError, AttributeError, TypeError):
        raise InvalidView(f"That is not the id of a {what}.") from None


def date_range(view: View) -> dict[str, Any]:
    """The range as query parameters."""
    return {"startAt": view.period.start_at, "endAt": view.period.end_at}


def for_view(
    read: Callable[[JSON], T], view: View, query: Mapping[str, Any] | None = None, **path: str
) -> RawQuery[T]:
    """The request about a View: its website (and other ids) in the path, its range in the query."""
    return RawQuery(
        read,
        path={"website": uuid_of(view.website), **path},
        query={**date_range(view), **(query or {})},
        until=view.period.end,
    )


def buckets(view: View) -> dict[str, Any]:
    """The unit and the zone of the buckets as query parameters."""
    return {"unit": view.period.unit, "timezone": view.period.timezone}


def choice(value: T, choices: Sequence[T], what: str) -> T:
    """The value, which must be one of the choices; raises ``InvalidView`` otherwise."""
    if value not in choices:
        raise InvalidView(f"“{value}” is not {what}.")
    return value


def paging(page: int, page_size: int, search: str | None) -> dict[str, Any]:
    """The parameters of a list in pages."""
    return {"page": page, "pageSize": page_size, "search": search}


def analysis(read: Callable[[JSON], T], view: View, kind: str, **parameters: Any) -> RawQuery[T]:
    """The request for an analysis of a View."""
    return RawQuery(read, body=analysis_body(view, kind, **parameters), until=view.period.end)


def analysis_body(view: View, kind: str, **parameters: Any) -> dict[str, Any]:
    """The body of an analysis; ``Query.asking`` adds the View's filters."""
    period = view.period
    return {
        "websiteId": uuid_of(view.website),
        "type": kind,
        "filters": {},
        "parameters": {
            "startDate": iso_time(period.start),
            "endDate": iso_time(period.end),
            "timezone": period.timezone,
            **{name: value for name, value in parameters.items() if value is not None},
        },
    }


def iso_time(moment: datetime) -> str:
    """An instant (aware, UTC) in ISO format: ``2026-08-01T00:00:00.000Z``."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
