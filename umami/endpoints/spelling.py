"""How ranges are spelled in queries and report bodies, in the newest generation's way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from umami.errors import InvalidView
from umami.view import View

T = TypeVar("T")


def identified(text: str, what: str = "website") -> str:
    """The id, which must be a UUID: servers answer any other with a fault of their own."""
    try:
        return str(UUID(text))
    except (ValueError, AttributeError, TypeError):
        raise InvalidView(f"That is not the id of a {what}.") from None


def ranged(view: View) -> dict[str, Any]:
    """The range as query parameters."""
    return {"startAt": view.period.start_at, "endAt": view.period.end_at}


def over_time(view: View) -> dict[str, Any]:
    """The unit and the zone of the buckets as query parameters."""
    return {"unit": view.period.unit, "timezone": view.period.timezone}


def known(value: T, choices: Sequence[T], what: str) -> T:
    """The value, which must be one of these; raises ``InvalidView``."""
    if value not in choices:
        raise InvalidView(f"“{value}” is not {what}.")
    return value


def paging(page: int, page_size: int, search: str | None) -> dict[str, Any]:
    """The parameters of a list that comes in pages."""
    return {"page": page, "pageSize": page_size, "search": search}


def report(view: View, kind: str, **parameters: Any) -> dict[str, Any]:
    """The body of an analysis; the question adds the View's filters."""
    period = view.period
    return {
        "websiteId": identified(view.website),
        "type": kind,
        "filters": {},
        "parameters": {
            "startDate": iso(period.start),
            "endDate": iso(period.end),
            "timezone": period.timezone,
            **{name: value for name, value in parameters.items() if value is not None},
        },
    }


def iso(moment: datetime) -> str:
    """An instant (aware, UTC) as servers want it: ``2026-08-01T00:00:00.000Z``."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
