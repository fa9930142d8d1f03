"""Errors that scripts raised in visitors' browsers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import Field

from umami.api.params import for_view
from umami.api.records import Page, Record, frame_of, paged
from umami.endpoint import Freshness, RawQuery, endpoint
from umami.parsing import Count, Row, Time
from umami.view import View

ErrorStatus = Literal["unresolved", "resolved", "ignored"]


class _Day(Row):
    day: date = Field(alias="date")
    occurrences: Count


class _Stats(Row):
    occurrences: Count
    visits: Count
    issues: Count
    firstSeen: Time = None
    lastSeen: Time = None
    series: list[_Day] | None = None


@dataclass(frozen=True, slots=True)
class BrowserError(Record):
    """Errors that Umami groups as equal, how often they occurred and in how many visits; times are
    instants (UTC)."""

    id: str
    title: str
    status: str
    occurrences: Count
    visits: Count
    first: Annotated[Time, Field(alias="firstSeen")] = None
    last: Annotated[Time, Field(alias="lastSeen")] = None
    resolved: Annotated[Time, Field(alias="resolvedAt")] = None


@dataclass(frozen=True, slots=True)
class BrowserErrorStats:
    """Errors of a period: how often, in how many visits, how many different ones.

    ``days`` has ``day`` (a day of UTC, whatever the period's zone) and ``occurrences``, for days
    that had any; ``first`` and ``last`` are instants (UTC).
    """

    occurrences: int
    visits: int
    issues: int
    first: datetime | None
    last: datetime | None
    days: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> BrowserErrorStats:
        """From ``{occurrences, visits, issues, firstSeen, lastSeen, series}``."""
        row = _Stats.model_validate(answer)
        days = frame_of(row.series or (), day="object", occurrences="int64")
        days["day"] = pd.DatetimeIndex([pd.Timestamp(day) for day in days["day"]])
        return cls(row.occurrences, row.visits, row.issues, row.firstSeen, row.lastSeen, days)


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
