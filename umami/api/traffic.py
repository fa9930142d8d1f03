"""A website's traffic: totals, series, rankings."""

from functools import partial
from typing import Annotated, Any, Literal, Self, get_args

import pandas as pd
from pydantic import Field

from umami.api.params import buckets
from umami.endpoint import Effort, Freshness, RawQuery, get
from umami.errors import InvalidView
from umami.filters import FIELDS
from umami.parsing import Count, Record, frame_of, parse, series
from umami.period import Period
from umami.texts import Message
from umami.view import View


class _Group(Record):
    name: str | None
    visitors: Count
    country: str | None = None
    views: Annotated[Count | None, Field(alias="pageviews")] = None
    visits: Count | None = None
    bounces: Count | None = None
    seconds: Annotated[Count | None, Field(alias="totaltime")] = None


Measure = Literal["visitors", "times"]
"""The unit that a ranking counts: distinct visitors, or rows."""


class Totals(Record):
    """Sums over a period; ``seconds`` is time on site over all visits."""

    views: Annotated[Count, Field(alias="pageviews")]
    visitors: Count
    visits: Count
    bounces: Count
    seconds: Annotated[Count, Field(alias="totaltime")]

    @property
    def bounce_rate(self) -> float | None:
        """Visits with a single view, as a fraction of all; ``None`` without visits."""
        return min(self.visits, self.bounces) / self.visits if self.visits else None

    @property
    def average_visit(self) -> float | None:
        """Seconds a visit lasts on average; ``None`` without visits."""
        return self.seconds / self.visits if self.visits else None


class Stats(Record):
    """Totals of a period, and of the period it is compared with, where servers return both."""

    current: Totals
    previous: Totals | None

    @classmethod
    def read(cls, answer: Any, view: View) -> Self:
        """From flat totals with ``comparison``."""
        current = parse(Totals, answer)
        before = answer.get("comparison") if view.comparison == "umami" else None
        return cls(current, parse(Totals, before) if before else None)


class Timeline(Record):
    """Views and sessions over time. ``frame`` has ``time`` (start of the bucket, naive wall clock
    of the period's zone), ``views`` and ``sessions`` (distinct visitors of that bucket: not
    additive), every bucket in order."""

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any, period: Period) -> Self:
        """From ``{pageviews: [{x, y}], sessions: [{x, y}]}``."""
        columns = {"views": "pageviews", "sessions": "sessions"}
        counts = {column: series(answer[name], period) for column, name in columns.items()}
        return cls(pd.DataFrame({"time": period.axis(), **counts}))


class Ranked(Record):
    """A value of a field, its count, and the country (code) of a region or city."""

    name: Annotated[str | None, Field(alias="x")]
    count: Annotated[Count, Field(alias="y")]
    country: str | None = None


class Ranking(Record):
    """Values of a field with their counts, largest first; rows that lack the field are left out. A
    visitor may count in several rows. ``measure`` says what is counted: visitors, but times for
    events, and for entry and exit pages on servers up to 2.18."""

    rows: list[Ranked]
    measure: Measure

    @classmethod
    def read(cls, answer: Any, measure: Measure) -> Self:
        """From ``[{x, y}]``, or ``{times: [{x, y}]}`` where times stand in for visitors."""
        if isinstance(answer, dict):
            measure, answer = "times", answer["times"]
        rows = [row for row in parse(list[Ranked], answer) if row.name]
        return cls(sorted(rows, key=lambda row: -row.count), measure)

    @property
    def frame(self) -> pd.DataFrame:
        """A frame of ``name``, ``count`` and ``country``."""
        return frame_of(self.rows, name="object", count="int64", country="object")


class Groups(Record):
    """Values of a field with the totals of each, most visitors first. ``frame`` has ``name``,
    ``country`` (code, with regions and cities), ``visitors``, ``views``, ``visits``, ``bounces``
    and ``seconds``; bounces and seconds are within the group. Where a server returns visitors only,
    the others are ``NA``."""

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> Self:
        """From ``[{name, pageviews, visitors, visits, bounces, totaltime}]``."""
        rows = [row for row in parse(list[_Group], answer) if row.name]
        counts = dict.fromkeys(("visitors", "views", "visits", "bounces", "seconds"), "Int64")
        frame = frame_of(rows, name="object", country="object", **counts)
        order = ["visitors", "visits", "name"]
        return cls(frame.sort_values(order, ascending=[False, False, True], ignore_index=True))


class Value(Record):
    """A value that occurs, with the number of rows that have it."""

    value: str | None
    count: Count


class Active(Record):
    """Visitors with any activity in the last five minutes."""

    visitors: Count


Metric = Literal[
    "path", "entry", "exit", "title", "query", "referrer", "channel", "hostname", "tag", "event",
    "browser", "os", "device", "screen", "language", "country", "region", "city", "utmSource",
    "utmMedium", "utmCampaign", "utmContent", "utmTerm", "distinctId",
]  # fmt: skip
METRICS: tuple[Metric, ...] = get_args(Metric)


@get("/websites/{website}/active", fresh=Freshness.LIVE, effort=Effort.LIGHT)
def active(website: str) -> RawQuery[Active]:
    """Visitors with any activity in the last five minutes."""
    return RawQuery()


@get("/websites/{website}/stats", effort=Effort.LIGHT)
def stats(view: View) -> RawQuery[Stats]:
    """Views, visitors, visits, bounces and seconds on site. The comparison's totals come along only
    where Umami's own previous period is compared with; for any other comparison ask
    ``stats(view.compared())``."""
    return RawQuery({"compare": "prev" if view.comparison == "umami" else None})


@get("/websites/{website}/pageviews", effort=Effort.LIGHT)
def pageviews(view: View) -> RawQuery[Timeline]:
    """Views and sessions in each bucket of the period, none missing, in the View's zone."""
    return RawQuery(buckets(view))


@get("/websites/{website}/metrics")
def metrics(
    view: View, field: Metric, limit: int = 500, offset: int = 0, search: str | None = None
) -> RawQuery[Ranking]:
    """The values of a field, most frequent first; ``search`` keeps those that contain it. Counts
    are visitors, but times for ``event``, and for entry and exit on servers up to 2.18."""
    measure: Measure = "times" if field == "event" else "visitors"
    query = _ranked(field, limit, offset, search)
    return RawQuery(query, read=partial(Ranking.read, measure=measure))


@get(
    "/websites/{website}/metrics/expanded",
    effort=Effort.HEAVY,
    since="3.0",
    subject="expanded metrics",
)
def groups(
    view: View, field: Metric, limit: int = 500, offset: int = 0, search: str | None = None
) -> RawQuery[Groups]:
    """The values of a field with the totals of each, most visitors first. 2.x returns all totals
    for the fields of a breakdown, and visitors only for others."""
    return RawQuery(_ranked(field, limit, offset, search))


def _ranked(field: str, limit: int, offset: int, search: str | None) -> dict[str, Any]:
    if field not in METRICS:
        raise InvalidView(Message("“{field}” cannot be ranked.", field=field))
    return {"type": field, "limit": limit, "offset": offset or None, "search": search}


@get("/websites/{website}/values", filtered=False)
def values(view: View, field: str, search: str | None = None) -> RawQuery[tuple[Value, ...]]:
    """The ten most frequent values of a field in the period, whatever the filters. ``count`` is
    rows of any kind; ``search`` keeps values that contain it."""
    if field not in FIELDS:
        raise InvalidView(Message("“{field}” is not a field to filter by.", field=field))
    return RawQuery({"type": field, "search": search})
