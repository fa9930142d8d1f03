"""Websites, and the span of their data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import pandas as pd
from pydantic import Field

from umami.models.records import Created, Object, Record, Text
from umami.parsing import Count, Row, Time, series
from umami.period import Period


class _Chart(Row):
    total: Count
    values: list[Count] | None = None
    sessions: list[Any] | None = None


class _Charts(Row):
    data: dict[str, _Chart]


HALF_DAY = "12h"
"""The step of the newest generation's charts of websites."""


@dataclass(frozen=True, slots=True)
class Website(Record):
    """A website that Umami watches; ``share_id`` is set while it has a public link."""

    missing: ClassVar[str] = "There is no such website."

    id: str
    name: str
    domain: Text = ""
    share_id: str | None = None
    team_id: str | None = None
    created: Created = None
    reset: Annotated[Time, Field(alias="resetAt")] = None


@dataclass(frozen=True, slots=True)
class DateRange(Record):
    """First and last instant (UTC) with data; both ``None`` for an empty website."""

    start: Annotated[Time, Field(alias="startDate")]
    end: Annotated[Time, Field(alias="endDate")]


@dataclass(frozen=True, slots=True)
class Share(Record):
    """A public link to a website; ``slug`` ends its address, so only administrators see it.

    ``parameters`` are in the server's format and name the sections that the link shows; without any
    it shows all.
    """

    id: str
    slug: str
    name: Text = ""
    parameters: Object = field(default_factory=dict)
    created: Created = None


@dataclass(frozen=True, slots=True)
class WebsiteChart:
    """A website's visitors in a period.

    ``frame`` has ``time`` (naive wall clock of the period's zone) and ``visitors`` (distinct ones
    of that bucket: not additive). Its step is half a day, or the period's unit.
    """

    visitors: int
    frame: pd.DataFrame


def website_charts(answer: Any, period: Period) -> dict[str, WebsiteChart]:
    """Charts by website: from ``{data: {id: {total, values}}}``, half days from the start of the
    period; dialects replace wrong ``values`` by ``sessions`` (``[{x, y}]``)."""
    charts = {}
    for website, row in _Charts.model_validate(answer).data.items():
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
