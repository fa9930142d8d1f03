"""The last half hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pandas as pd
from pydantic import Field, TypeAdapter

from umami.parsing import Bucket, Count, Row, Time
from umami.period import instant


class _Happening(Row):
    type: Literal["session", "event", "pageview"] = Field(alias="__type")
    sessionId: str
    eventName: str | None = None
    createdAt: Time
    browser: str | None = None
    os: str | None = None
    device: str | None = None
    country: str | None = None
    urlPath: str | None = None
    referrerDomain: str | None = None


class _Series(Row):
    views: list[Bucket]
    visitors: list[Bucket]


class _Totals(Row):
    views: Count
    visitors: Count
    events: Count
    countries: Count


class _Realtime(Row):
    countries: dict[str, Count]
    urls: dict[str, Count]
    referrers: dict[str, Count]
    events: list[_Happening]
    series: _Series
    totals: _Totals
    timestamp: Count


_REALTIME = TypeAdapter(_Realtime)


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the live log: a new visitor, a custom event or a pageview; ``at`` in UTC."""

    kind: Literal["session", "event", "pageview"]
    session: str
    at: datetime
    event: str | None
    path: str | None
    referrer: str | None
    browser: str | None
    os: str | None
    device: str | None
    country: str | None


@dataclass(frozen=True, slots=True)
class Realtime:
    """The last 30 minutes.

    ``minutes`` has ``time`` (as the server writes it: UTC or the asked zone), ``views`` and
    ``visitors`` for the minutes that had any; the maps and the log come from the newest 100 rows.
    ``visitors`` is the sum of each minute's distinct visitors, as Umami counts it here.
    """

    at: datetime
    views: int
    visitors: int
    events: int
    countries: dict[str, int]
    paths: dict[str, int]
    referrers: dict[str, int]
    minutes: pd.DataFrame
    log: tuple[Happening, ...]

    @classmethod
    def read(cls, answer: Any) -> Realtime:
        """From the realtime object."""
        row = _REALTIME.validate_python(answer)
        minutes = pd.DataFrame(
            {
                "views": pd.Series({one.x: one.y for one in row.series.views}, dtype="int64"),
                "visitors": pd.Series({one.x: one.y for one in row.series.visitors}, dtype="int64"),
            }
        ).fillna(0)
        minutes.insert(0, "time", pd.to_datetime(minutes.index, format="ISO8601"))
        return cls(
            at=instant(row.timestamp),
            views=row.totals.views,
            visitors=row.totals.visitors,
            events=row.totals.events,
            countries=row.countries,
            paths=row.urls,
            referrers=row.referrers,
            minutes=minutes.reset_index(drop=True).astype({"views": "int64", "visitors": "int64"}),
            log=tuple(_happening(one) for one in row.events),
        )


def _happening(row: _Happening) -> Happening:
    if row.createdAt is None:
        raise ValueError("a happening without a time")
    return Happening(
        row.type,
        row.sessionId,
        row.createdAt,
        row.eventName or None,
        row.urlPath,
        row.referrerDomain,
        row.browser,
        row.os,
        row.device,
        row.country,
    )
