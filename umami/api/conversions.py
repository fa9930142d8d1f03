"""What only embedded servers answer: conversions by visit, attribution, the steps around a page,
tagged links within a website."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Annotated, Any, Final, Literal, get_args

import pandas as pd
from pydantic import Field

from umami.api.params import buckets, choice
from umami.conversion import FunnelStep, StepKind
from umami.endpoint import Effort, RawQuery, get
from umami.errors import InvalidView
from umami.parsing import Count, Record, bucket, frame_of, parse
from umami.period import Period
from umami.texts import N_
from umami.view import View

VisitField = Literal[
    "entry", "exit", "channel", "referrer", "hostname", "path", "title", "query", "tag",
    "utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm",
    "browser", "os", "device", "language", "country", "region", "city", "time",
]  # fmt: skip

CreditedField = Literal[
    "channel", "referrer", "hostname", "utmSource", "utmMedium", "utmCampaign", "utmContent",
    "utmTerm",
]  # fmt: skip
"""Fields of which each visit has one value: its channel, or the first value in it."""


class _Row(Record):
    name: str
    visitors: Count
    visits: Count
    views: Annotated[Count, Field(alias="pageviews")]
    bounces: Count
    seconds: Annotated[Count, Field(alias="totaltime")]
    conversions: Count
    converters: Count
    times: Count
    revenue: float
    orders: Count
    buyers: Count
    country: str | None = None


_COUNTS: Final = (
    *("visitors", "visits", "views", "bounces", "seconds"),
    *("conversions", "converters", "times", "orders", "buyers"),
)


class VisitGroups(Record):
    """Visits by the values of a field, most visits first.

    ``frame`` has ``name`` (``""`` for visits without a value), ``country`` (code, with regions and
    cities), ``visitors``, ``visits``, ``views``, ``bounces``, ``seconds`` on site, ``conversions``
    (visits that converted), ``converters`` (their visitors), ``times`` (how often they reached the
    step: everything that happened on a path, or events), ``revenue``, ``orders`` (purchases) and
    ``buyers`` (their visitors). From bounces on, these are of whole visits.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> VisitGroups:
        """From ``[{name, visits, bounces, totaltime, conversions, revenue, …}]``."""
        dtypes = {"name": "object", "country": "object", **dict.fromkeys(_COUNTS, "int64")}
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
    more = buckets(view) if field == "time" else {}
    return RawQuery({"type": field, **_goal(step), **more, "currency": currency, "limit": limit})


def over_time(groups: VisitGroups, period: Period) -> pd.DataFrame:
    """The groups by ``time``: ``time`` (naive local start of the bucket in which the visits began),
    and the counts of ``VisitGroups``, for every bucket of the period."""
    frame = groups.frame.drop(columns=["name", "country"])
    frame.insert(0, "time", [bucket(text, period) for text in groups.frame["name"]])
    axis = pd.DatetimeIndex(period.axis(), name="time")
    return frame.groupby("time").sum().reindex(axis, fill_value=0).reset_index()


class _Models(Record):
    first: float
    last: float
    last_known: float
    linear: float
    time_decay: float
    position: float


class _Credited(Record):
    name: str
    conversions: _Models
    revenue: _Models


MODELS: Final = tuple(field.name for field in fields(_Models))


class Credit(Record):
    """Conversions and revenue by the values of a field, as six models credit them.

    ``conversions`` and ``revenue`` are frames with ``name`` (``""`` for visits without a value) and
    a column for each of ``MODELS``. ``total`` is the number of conversions, ``amount`` the revenue:
    every column of all values adds up to them.
    """

    conversions: pd.DataFrame
    revenue: pd.DataFrame
    total: int
    amount: float

    @classmethod
    def read(cls, answer: Any) -> Credit:
        """From ``{conversions, revenue, rows: [{name, conversions: {first, …}, revenue}]}``."""
        rows = parse(list[_Credited], answer["rows"])
        names = pd.Series([row.name for row in rows], dtype="object")
        credited, earned = (
            frame_of(models, **dict.fromkeys(MODELS, "float64")).assign(name=names)
            for models in ([row.conversions for row in rows], [row.revenue for row in rows])
        )
        total, amount = parse(Count, answer["conversions"]), parse(float, answer["revenue"])
        return cls(credited, earned, total, amount)


@get("/x/websites/{website}/credit", effort=Effort.HEAVY)
def credit(
    view: View,
    source: CreditedField,
    step: FunnelStep | None = None,
    currency: str | None = None,
    limit: int = 500,
) -> RawQuery[Credit]:
    """Conversions and revenue by a field, by six models of attribution.

    Every visit that converts (see ``visit_groups``) or has a purchase is credited to the visits of
    its visitor in the period up to and including it: to the first or the last one; to the last one
    with a known value; to all alike; by time, with a half-life of 7 days; or 40% to the first and
    the last each, and 20% to those between. Filters keep whole visits; others are left out.
    """
    choice(source, get_args(CreditedField), "a field that visits are credited by")
    return RawQuery({"type": source, **_goal(step), "currency": currency, "limit": limit})


def _goal(step: FunnelStep | None) -> dict[str, str]:
    if step is None:
        return {}
    rows = {"rows": json.dumps(dict(step.rows), ensure_ascii=False)} if step.rows else {}
    return {"goal": step.kind, "value": step.value, **rows}


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
        raise InvalidView(N_("Choose a page."))
    return RawQuery({"around": path, "events": None if events else "false", "limit": limit})


class _Link(Record):
    source: str
    name: str
    visits: Count
    visitors: Count
    views: Annotated[Count, Field(alias="pageviews")]


class InternalTags(Record):
    """Links with UTM tags that visits followed within the website, most visits first.

    ``frame`` has ``source`` (the path before), ``name`` (the tagged path), ``visits``, ``visitors``
    and ``views``.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> InternalTags:
        """From ``[{source, name, visits, visitors, pageviews}]``."""
        counts = dict.fromkeys(("visits", "visitors", "views"), "int64")
        rows = parse(list[_Link], answer)
        return cls(frame_of(rows, source="object", name="object", **counts))


@get("/x/websites/{website}/internal-tags", effort=Effort.HEAVY)
def internal_tags(view: View, limit: int = 500) -> RawQuery[InternalTags]:
    """Links with UTM tags that visits followed from one page of the website to another.

    Such a link is a view with tags that its visit did not have before, right after a view of
    another path and without an external referrer. Filters keep whole visits.
    """
    return RawQuery({"limit": limit})
