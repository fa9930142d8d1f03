"""Errors that scripts raised in visitors' browsers."""

from dataclasses import field
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BeforeValidator, Field

from umami.api.params import paging
from umami.endpoint import RawQuery, get
from umami.parsing import Count, Page, Record, Time, frame_of, parse
from umami.view import View

ErrorStatus = Literal["unresolved", "resolved", "ignored"]


class BrowserError(Record):
    """Errors that Umami groups as equal, how often and in how many visits; times are in UTC."""

    id: str
    title: str
    status: str
    occurrences: Count
    visits: Count
    first: Annotated[Time, Field(alias="firstSeen")] = None
    last: Annotated[Time, Field(alias="lastSeen")] = None
    resolved: Annotated[Time, Field(alias="resolvedAt")] = None


class _Day(Record):
    day: Annotated[date, Field(alias="date")]
    occurrences: Count


def _days(answer: Any = None) -> pd.DataFrame:
    rows = parse(list[_Day], [] if answer is None else answer)
    days = frame_of(rows, day="object", occurrences="int64")
    days["day"] = pd.DatetimeIndex([pd.Timestamp(day) for day in days["day"]])
    return days


class BrowserErrorStats(Record):
    """Errors of a period: how often, in how many visits, how many different ones. ``days`` has
    ``day`` (a day of UTC, whatever the period's zone) and ``occurrences``, for days that had any;
    ``first`` and ``last`` are instants (UTC)."""

    occurrences: Count
    visits: Count
    issues: Count
    first: Annotated[Time, Field(alias="firstSeen")] = None
    last: Annotated[Time, Field(alias="lastSeen")] = None
    days: Annotated[pd.DataFrame, Field(alias="series"), BeforeValidator(_days)] = field(
        default_factory=_days
    )


_errors = partial(get, since="3.5", subject="browser errors", filtered=False)


@_errors("/websites/{website}/errors")
def browser_errors(
    view: View,
    status: ErrorStatus | None = None,
    search: str | None = None,
    page: int = 1,
    page_size: int = 25,
) -> RawQuery[Page[BrowserError]]:
    """Errors of the period, last seen first, a page of at most 100 at a time. Takes no filters."""
    return RawQuery({"status": status, **paging(page, page_size, search)})


@_errors("/websites/{website}/errors/stats")
def browser_error_stats(
    view: View, status: ErrorStatus | None = None, search: str | None = None
) -> RawQuery[BrowserErrorStats]:
    """Errors of the period in all, and by day of UTC. Takes no filters."""
    return RawQuery({"status": status, "search": search})
