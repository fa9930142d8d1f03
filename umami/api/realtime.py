"""The last half hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, Field

from umami.api.params import uuid_of
from umami.api.records import Moment, Record
from umami.endpoint import Effort, Freshness, RawQuery, endpoint
from umami.parsing import Bucket, Count, Row
from umami.period import instant, zone

_Name = Annotated[str | None, AfterValidator(lambda name: name or None)]


@dataclass(frozen=True, slots=True)
class Happening(Record):
    """A line of the live log: a new visitor, a custom event or a pageview; ``at`` in UTC."""

    kind: Annotated[Literal["session", "event", "pageview"], Field(alias="__type")]
    session: Annotated[str, Field(alias="sessionId")]
    at: Annotated[Moment, Field(alias="createdAt")]
    event: Annotated[
        str | None, Field(alias="eventName"), AfterValidator(lambda name: name or None)
    ] = None
    path: Annotated[str | None, Field(alias="urlPath")] = None
    referrer: Annotated[str | None, Field(alias="referrerDomain")] = None
    browser: str | None = None
    os: str | None = None
    device: str | None = None
    country: str | None = None


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
    events: tuple[Happening, ...]
    series: _Series
    totals: _Totals
    timestamp: Count


@dataclass(frozen=True, slots=True)
class Realtime:
    """The last 30 minutes.

    ``minutes`` has ``time`` (as the server writes it: UTC or the requested zone), ``views`` and
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
        row = _Realtime.model_validate(answer)
        series = {"views": row.series.views, "visitors": row.series.visitors}
        minutes = pd.DataFrame(
            {
                name: pd.Series({point.x: point.y for point in points}, dtype="int64")
                for name, points in series.items()
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
            log=row.events,
        )


@endpoint("GET", "/realtime/{website}", fresh=Freshness.LIVE, effort=Effort.LIGHT)
def realtime(website: str, timezone: str = "UTC") -> RawQuery[Realtime]:
    """The last 30 minutes, whatever the period; takes no filters."""
    return RawQuery(
        Realtime.read,
        path={"website": uuid_of(website)},
        query={"timezone": zone(timezone).key},
    )
