"""Websites, and the span of their data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from umami.errors import NotFound
from umami.parsing import Count, Row, Time, series
from umami.period import Period


class _Website(Row):
    id: str
    name: str
    domain: str | None = None
    shareId: str | None = None
    teamId: str | None = None
    createdAt: Time = None
    resetAt: Time = None


class _DateRange(Row):
    startDate: Time
    endDate: Time


class _Share(Row):
    id: str
    name: str | None = None
    slug: str
    parameters: dict[str, Any] | None = None
    createdAt: Time = None


class _Chart(Row):
    total: Count
    values: list[Count] | None = None
    sessions: list[Any] | None = None


class _Charts(Row):
    data: dict[str, _Chart]


HALF_DAY = "12h"
"""The step of the newest generation's charts of websites."""

_SHARE, _CHARTS = TypeAdapter(_Share), TypeAdapter(_Charts)
_WEBSITE, _RANGE = TypeAdapter(_Website), TypeAdapter(_DateRange)


@dataclass(frozen=True, slots=True)
class Website:
    """A website that Umami watches; ``share_id`` is set while it has a public link."""

    id: str
    name: str
    domain: str
    share_id: str | None = None
    team_id: str | None = None
    created: datetime | None = None
    reset: datetime | None = None

    @classmethod
    def read(cls, answer: Any) -> Website:
        """From a website object; ``null`` is how Umami says that there is none."""
        if answer is None:
            raise NotFound("There is no such website.")
        row = _WEBSITE.validate_python(answer)
        return cls(
            row.id,
            row.name,
            row.domain or "",
            row.shareId,
            row.teamId,
            row.createdAt,
            row.resetAt,
        )


@dataclass(frozen=True, slots=True)
class DateRange:
    """First and last instant (UTC) with data; both ``None`` for an empty website."""

    start: datetime | None
    end: datetime | None

    @classmethod
    def read(cls, answer: Any) -> DateRange:
        """From ``{startDate, endDate}``."""
        row = _RANGE.validate_python(answer)
        return cls(row.startDate, row.endDate)


@dataclass(frozen=True, slots=True)
class Share:
    """A public link to a website; ``slug`` ends its address, so it is for administrators.

    ``parameters`` are the server's own: which sections the link shows; none means all of them.
    """

    id: str
    name: str
    slug: str
    parameters: dict[str, Any]
    created: datetime | None

    @classmethod
    def read(cls, answer: Any) -> Share:
        """From a share object."""
        row = _SHARE.validate_python(answer)
        return cls(row.id, row.name or "", row.slug, row.parameters or {}, row.createdAt)


@dataclass(frozen=True, slots=True)
class WebsiteChart:
    """A website's visitors in a period.

    ``frame`` has ``time`` (naive wall clock of the period's zone) and ``visitors`` (distinct ones
    of that bucket: not additive). Its step is half a day, or the period's unit.
    """

    visitors: int
    frame: pd.DataFrame


def website_charts(answer: Any, period: Period) -> dict[str, WebsiteChart]:
    """By website: from ``{data: {id: {total, values}}}``, half days from the start of the period;
    dialects give ``sessions`` (``[{x, y}]``) in place of ``values`` where those are not right."""
    charts = {}
    for website, row in _CHARTS.validate_python(answer).data.items():
        if row.sessions is not None:
            frame = pd.DataFrame(
                {"time": period.axis(), "visitors": series(row.sessions, period).to_numpy()}
            )
        else:
            values = row.values or []
            start = pd.Timestamp(period.start).tz_convert(period.timezone).tz_localize(None)
            times = pd.date_range(start, periods=len(values), freq=HALF_DAY)
            frame = pd.DataFrame({"time": times, "visitors": pd.Series(values, dtype="int64")})
        charts[website] = WebsiteChart(row.total, frame)
    return charts


def done(answer: Any) -> None:
    """What remains of ``{"ok": true}``."""
    if not isinstance(answer, dict):
        raise ValueError("no object")
