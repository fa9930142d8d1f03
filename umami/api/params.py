"""Parameters of requests and bodies of analyses, in the format of the newest generation."""

from collections.abc import Sequence
from typing import Any, TypeVar

from umami.endpoint import RawQuery
from umami.errors import InvalidView
from umami.normal_forms import uuid_of
from umami.period import iso_time
from umami.texts import Message
from umami.view import View

T = TypeVar("T")


def buckets(view: View) -> dict[str, Any]:
    """The unit and the zone of the buckets as query parameters."""
    return {"unit": view.period.unit, "timezone": view.period.timezone}


def choice(value: T, choices: Sequence[T], what: str) -> T:
    """The value, which must be one of the choices; raises ``InvalidView`` otherwise."""
    if value not in choices:
        raise InvalidView(Message("“{value}” is not {what}.", value=value, what=what))
    return value


def paging(page: int, page_size: int, search: str | None = None) -> dict[str, Any]:
    return {"page": page, "pageSize": page_size, "search": search}


def analysis(view: View, kind: str, **parameters: Any) -> RawQuery[Any]:
    """The request for an analysis of a View."""
    return RawQuery(body=analysis_body(view, kind, **parameters))


def analysis_body(view: View, kind: str, **parameters: Any) -> dict[str, Any]:
    """The body of an analysis; ``Query.to_request`` adds the View's filters."""
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
