"""How ranges are spelled in queries and report bodies, in the newest generation's way."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from umami.errors import InvalidView
from umami.view import View


def identified(text: str, what: str = "website") -> str:
    """The id, which must be a UUID: servers answer any other with a fault of their own."""
    try:
        return str(UUID(text))
    except (ValueError, AttributeError, TypeError):
        raise InvalidView(f"That is not the id of a {what}.") from None


def ranged(view: View) -> dict[str, Any]:
    """The range as query parameters."""
    return {"startAt": view.period.start_at, "endAt": view.period.end_at}


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
