"""What only embedded servers answer: conversions by visit, and the steps around a page."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import pandas as pd
from pydantic import Field

from umami.api.params import buckets, choice
from umami.conversion import FunnelStep, StepKind
from umami.endpoint import Effort, RawQuery, get
from umami.errors import InvalidView
from umami.parsing import Count, Record, bucket, frame_of, parse
from umami.period import Period
from umami.view import View

VisitField = Literal[
    "entry", "exit", "channel", "referrer", "hostname", "path", "title", "query", "tag",
    "utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm",
    "browser", "os", "device", "language", "country", "region", "city", "time",
]  # fmt: skip


class _Row(Record):
    name: str
    visitors: Count
    visits: Count
    views: Annotated[Count, Field(alias="pageviews")]
    bounces: Count
    seconds: Annotated[Count, Field(alias="totaltime")]
    conversions: Count
    revenue: float
    country: str | None = None


class VisitGroups(Record):
    """Visits by the values of a field, most visits first.

    ``frame`` has ``name`` (``""`` for visits without a value), ``country`` (code, with regions and
    cities), ``visitors``, ``visits``, ``views``, ``bounces``, ``seconds`` on site, ``conversions``
    (visits that converted) and ``revenue``. Bounces, seconds, conversions and revenue are those of
    whole visits.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> VisitGroups:
        """From ``[{name, visits, bounces, totaltime, conversions, revenue, …}]``."""
        counts = ("visitors", "visits", "views", "bounces", "seconds", "conversions")
        dtypes = {"name": "object", "country": "object", **dict.fromkeys(counts, "int64")}
        return cls(frame_of(parse(list[_Row], answer), **dtypes, revenue="float64"))


@get("/x/websites/{website}/conversions", effort=Effort.HEAVY)
def visit_groups(
    view: View,
    field: VisitField | None,
    step: FunnelStep | None = None,
    currency: str | None = None,
    limit: int = 500,
) -> RawQuery[VisitGroups]:
    """Visits with their conversions and revenue by a field; without a field, one row of totals.

    A visit converts if it reaches the step (``*`` at either end is a wildcard); without a step, if
    it has a purchase in the currency. By path, title, query and tag a visit can be in several rows;
    by any other field it is in one; ``time`` is the bucket in which it began. Filters keep whole
    visits.
    """
    if field is not None:
        choice(field, get_args(VisitField), "a field of visits")
    goal = {"goal": step.kind, "value": step.value} if step else {}
    more = buckets(view) if field == "time" else {}
    return RawQuery({"type": field, **goal, **more, "currency": currency, "limit": limit})


def over_time(groups: VisitGroups, period: Period) -> pd.DataFrame:
    """The groups by ``time``: ``time`` (naive local start of the bucket in which the visits began),
    and the counts of ``VisitGroups``, for every bucket of the period."""
    frame = groups.frame.drop(columns=["name", "country"])
    frame.insert(0, "time", [bucket(text, period) for text in groups.frame["name"]])
    axis = pd.DatetimeIndex(period.axis(), name="time")
    return frame.groupby("time").sum().reindex(axis, fill_value=0).reset_index()


class _Step(Record):
    kind: StepKind
    name: str
    visits: Count


class StepsAround(Record):
    """What ``visits`` that viewed a page did right before and right after.

    ``before`` and ``after`` are frames with ``kind`` (``path`` or ``event``), ``name`` and
    ``visits``, most visits first. ``began`` and ``ended`` are the visits without such a step. What
    is missing up to ``visits`` are rarer steps.
    """

    visits: int
    began: int
    ended: int
    before: pd.DataFrame
    after: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> StepsAround:
        """From ``{visits, began, ended, before: [{kind, name, visits}], after: […]}``."""
        dtypes = {"kind": "object", "name": "object", "visits": "int64"}
        visits, began, ended = (parse(Count, answer[name]) for name in ("visits", "began", "ended"))
        before, after = (
            frame_of(parse(list[_Step], answer[side]), **dtypes) for side in ("before", "after")
        )
        return cls(visits, began, ended, before, after)


@get("/x/websites/{website}/steps", effort=Effort.HEAVY)
def steps_around(
    view: View, path: str, events: bool = True, limit: int = 500
) -> RawQuery[StepsAround]:
    """What visits did right before and right after their first view of a page.

    Steps are views and, with ``events``, custom events; further views of the page are skipped. Each
    visit with the page counts once on either side. Filters keep whole visits.
    """
    if not path:
        raise InvalidView("Choose a page.")
    return RawQuery({"path": path, "events": None if events else "false", "limit": limit})
