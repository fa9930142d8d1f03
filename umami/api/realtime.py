"""The last half hour."""

from datetime import datetime
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, AliasPath, BeforeValidator, Field, TypeAdapter

from umami.endpoint import Effort, Freshness, RawQuery, get
from umami.parsing import Bucket, Count, Moment, Record, parse
from umami.period import instant, zone


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


def _minutes(answer: Any) -> pd.DataFrame:
    """From ``{views: [{x, y}], visitors: [{x, y}]}``."""
    minutes = pd.DataFrame(
        {
            name: pd.Series(
                {point["x"]: point["y"] for point in parse(list[Bucket], answer[name])},
                dtype="int64",
            )
            for name in ("views", "visitors")
        }
    ).fillna(0)
    minutes.insert(0, "time", pd.to_datetime(minutes.index, format="ISO8601"))
    return minutes.reset_index(drop=True).astype({"views": "int64", "visitors": "int64"})


_INSTANT = TypeAdapter(Annotated[Count, AfterValidator(instant)])
_Counts = dict[str, Count]


class Realtime(Record):
    """The last 30 minutes. ``minutes`` has ``time`` (as the server writes it: UTC or the requested
    zone), ``views`` and ``visitors`` for the minutes that had any; the maps and the log come from
    the newest 100 rows. ``visitors`` is the sum of each minute's distinct visitors."""

    at: Annotated[datetime, Field(alias="timestamp"), BeforeValidator(_INSTANT.validate_python)]
    views: Annotated[Count, Field(validation_alias=AliasPath("totals", "views"))]
    visitors: Annotated[Count, Field(validation_alias=AliasPath("totals", "visitors"))]
    events: Annotated[Count, Field(validation_alias=AliasPath("totals", "events"))]
    countries: _Counts
    paths: Annotated[_Counts, Field(alias="urls")]
    referrers: _Counts
    minutes: Annotated[pd.DataFrame, Field(alias="series"), BeforeValidator(_minutes)]
    log: Annotated[tuple[Happening, ...], Field(alias="events")]


@get("/realtime/{website}", fresh=Freshness.LIVE, effort=Effort.LIGHT)
def realtime(website: str, timezone: str = "UTC") -> RawQuery[Realtime]:
    """The last 30 minutes, whatever the period; takes no filters."""
    return RawQuery({"timezone": zone(timezone).key})
