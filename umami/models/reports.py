"""Answers of Umami's analyses, and saved reports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import pandas as pd
from pydantic import TypeAdapter

from umami.errors import NotFound
from umami.parsing import Amount, Count, Ratio, Row, Time, bucket, named_series
from umami.period import Period

StepKind = Literal["path", "event"]


class _Report(Row):
    id: str
    websiteId: str
    type: str
    name: str
    description: str | None = None
    parameters: dict[str, Any] | str
    createdAt: Time = None
    updatedAt: Time = None


class _FunnelStep(Row):
    type: StepKind
    value: str
    visitors: Count
    previous: Count
    dropped: Count
    dropoff: Ratio
    remaining: Ratio


class _Cell(Row):
    date: str
    day: Count
    visitors: Count
    returnVisitors: Count
    percentage: Ratio


class _Tagged(Row):
    utm: str
    views: Count


class _Utm(Row):
    utm_source: list[_Tagged]
    utm_medium: list[_Tagged]
    utm_campaign: list[_Tagged]
    utm_content: list[_Tagged]
    utm_term: list[_Tagged]


class _Goal(Row):
    num: Count | None = None
    total: Count | None = None
    times: Count | None = None


class _Journey(Row):
    items: list[str | None]
    count: Count


class _Measures(Row):
    views: Count
    visitors: Count
    visits: Count
    bounces: Count
    totaltime: Count


class _Money(Row):
    name: str | None
    country: str | None = None
    value: Amount


class _RevenueTotal(Row):
    sum: Amount
    count: Count
    unique_count: Count
    total_sessions: Count | None = None


class _Revenue(Row):
    chart: list[Any] | None
    country: list[_Money]
    region: list[_Money] | None = None
    referrer: list[_Money] | None = None
    channel: list[_Money] | None = None
    total: _RevenueTotal


class _AttributionTotal(Row):
    pageviews: Count
    visitors: Count
    visits: Count


class _Attribution(Row):
    referrer: list[_Money]
    paidAds: list[_Money]
    utm_source: list[_Money]
    utm_medium: list[_Money]
    utm_campaign: list[_Money]
    utm_content: list[_Money]
    utm_term: list[_Money]
    total: _AttributionTotal


class _Currency(Row):
    value: str


_REPORT, _FUNNEL = TypeAdapter(_Report), TypeAdapter(list[_FunnelStep])
_CELLS, _UTM, _GOAL = TypeAdapter(list[_Cell]), TypeAdapter(_Utm), TypeAdapter(_Goal)
_JOURNEY, _MEASURES = TypeAdapter(list[_Journey]), TypeAdapter(list[_Measures])
_REVENUE_TOTAL, _MONEY = TypeAdapter(_RevenueTotal), TypeAdapter(list[_Money])
_REVENUE, _ATTRIBUTION = TypeAdapter(_Revenue), TypeAdapter(_Attribution)
_CURRENCIES = TypeAdapter(list[_Currency])


@dataclass(frozen=True, slots=True)
class Report:
    """A saved report; ``parameters`` are the server's own."""

    id: str
    website: str
    type: str
    name: str
    description: str
    parameters: dict[str, Any]
    created: datetime | None
    updated: datetime | None

    @classmethod
    def read(cls, answer: Any) -> Report:
        """From a report object; ``null`` is how Umami says that there is none."""
        if answer is None:
            raise NotFound("There is no such report.")
        row = _REPORT.validate_python(answer)
        given = row.parameters
        parameters = json.loads(given) if isinstance(given, str) else given
        if not isinstance(parameters, dict):
            raise ValueError("parameters are no object")
        return cls(
            row.id,
            row.websiteId,
            row.type,
            row.name,
            row.description or "",
            parameters,
            row.createdAt,
            row.updatedAt,
        )


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """What is to be done next: open a ``path`` (``*`` at either end is a wildcard) or an event."""

    kind: StepKind
    value: str


@dataclass(frozen=True, slots=True)
class FunnelResult:
    """How many visitors reached a step.

    ``dropped`` of ``previous`` did not; ``drop_off`` and ``remaining`` are fractions, of the step
    before and of the first step; ``None`` where there is nothing to divide by.
    """

    step: FunnelStep
    visitors: int
    previous: int
    dropped: int
    drop_off: float | None
    remaining: float | None


def funnel(answer: Any) -> tuple[FunnelResult, ...]:
    """From the list of steps with their figures."""
    return tuple(
        FunnelResult(
            FunnelStep(row.type, row.value),
            row.visitors,
            row.previous,
            row.dropped,
            row.dropoff,
            row.remaining,
        )
        for row in _FUNNEL.validate_python(answer)
    )


@dataclass(frozen=True, slots=True)
class Retention:
    """Who came back.

    ``frame`` has ``cohort`` (local day of the first visit), ``day`` (0 to 31 after it), ``size``
    (visitors of the cohort), ``returned`` and ``share`` (fraction); days on which nobody returned
    are left out.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any, period: Period) -> Retention:
        """From ``[{date, day, visitors, returnVisitors, percentage}]``.

        Where filters choose the cohorts, 3.x counts what its visitors did before as well, on
        negative days; that is no coming back.
        """
        rows = [row for row in _CELLS.validate_python(answer) if row.day >= 0]
        frame = pd.DataFrame(
            {
                "cohort": pd.DatetimeIndex([bucket(row.date, period) for row in rows]),
                "day": pd.Series([row.day for row in rows], dtype="int64"),
                "size": pd.Series([row.visitors for row in rows], dtype="int64"),
                "returned": pd.Series([row.returnVisitors for row in rows], dtype="int64"),
            }
        )
        frame["share"] = (frame["returned"] / frame["size"].where(frame["size"] > 0)).fillna(0.0)
        return cls(frame.sort_values(["cohort", "day"], ignore_index=True))

    @property
    def triangle(self) -> pd.DataFrame:
        """Shares by cohort (rows) and day (columns); 0 where nobody returned."""
        table = self.frame.pivot_table(
            index="cohort", columns="day", values="share", fill_value=0.0
        )
        return table.reindex(columns=range(32), fill_value=0.0) if len(table) else table


@dataclass(frozen=True, slots=True)
class Utm:
    """Pageviews by UTM parameter: ``frame`` has ``parameter``, ``value`` and ``views``."""

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> Utm:
        """From ``{utm_source: [{utm, views}], …}``."""
        found = _UTM.validate_python(answer)
        rows = [
            (name.removeprefix("utm_"), one.utm, one.views)
            for name in _Utm.model_fields
            for one in sorted(getattr(found, name), key=lambda one: (-one.views, one.utm))
        ]
        return cls(pd.DataFrame(rows, columns=["parameter", "value", "views"]))


@dataclass(frozen=True, slots=True)
class Goal:
    """How often a goal was reached, and by how many.

    ``times`` counts rows: views of the path and custom events on it, or events of the name.
    ``visitors`` are those who opened the path or did the event, of ``of_visitors`` in all.
    ``None`` where the server does not tell.
    """

    times: int | None
    visitors: int | None
    of_visitors: int | None

    @property
    def conversion(self) -> float | None:
        """The fraction of visitors who reached it; ``None`` without visitors."""
        if self.visitors is None or not self.of_visitors:
            return None
        return self.visitors / self.of_visitors

    @classmethod
    def read(cls, answer: Any) -> Goal:
        """From ``{num, total}``, with ``times`` as dialects add it."""
        row = _GOAL.validate_python(answer)
        if row.num is None and row.times is None:
            raise ValueError("no result")
        return cls(row.times, row.num, row.total)


@dataclass(frozen=True, slots=True)
class Path:
    """Steps (paths and event names) that ``visits`` visits began with, in their order."""

    steps: tuple[str, ...]
    visits: int


def journey(answer: Any) -> tuple[Path, ...]:
    """From ``[{items, count}]``, without the padding; equal paths are one, largest first."""
    found: dict[tuple[str, ...], int] = {}
    for row in _JOURNEY.validate_python(answer):
        steps = tuple(item for item in row.items if item is not None)
        found[steps] = found.get(steps, 0) + row.count
    ranked = sorted(found.items(), key=lambda one: -one[1])
    return tuple(Path(steps, visits) for steps, visits in ranked)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Totals for each combination of the fields.

    ``frame`` has a column for each field, and ``views``, ``visitors``, ``visits``, ``bounces`` and
    ``seconds``; bounces and seconds are within the group.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any, fields: tuple[str, ...]) -> Breakdown:
        """From ``[{views, visitors, visits, bounces, totaltime, <field>: value}]``."""
        rows = _MEASURES.validate_python(answer)
        columns: dict[str, Any] = {
            field: pd.Series([_text(one[field]) for one in answer], dtype="object")
            for field in fields
        }
        for name in _Measures.model_fields:
            column = "seconds" if name == "totaltime" else name
            columns[column] = pd.Series([getattr(row, name) for row in rows], dtype="int64")
        return cls(pd.DataFrame(columns))


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError("not a text")
    return value


@dataclass(frozen=True, slots=True)
class RevenueTotals:
    """Money in one currency: ``total`` is exact; ``visitors`` are those who paid, of
    ``of_visitors`` in all."""

    total: Decimal
    orders: int
    visitors: int
    of_visitors: int | None

    @property
    def average(self) -> Decimal | None:
        """Money per order; ``None`` without orders."""
        return self.total / self.orders if self.orders else None

    @property
    def per_visitor(self) -> Decimal | None:
        """Money per visitor of the period; ``None`` without visitors."""
        return self.total / self.of_visitors if self.of_visitors else None


def revenue_stats(answer: Any) -> RevenueTotals:
    """From ``{sum, count, unique_count, total_sessions}``."""
    row = _REVENUE_TOTAL.validate_python(answer)
    return RevenueTotals(row.sum, row.count, row.unique_count, row.total_sessions)


def revenue_chart(answer: Any, period: Period) -> pd.DataFrame:
    """``time``, ``event`` and ``amount`` for every event and every bucket of the period: from
    ``{chart: [{x, t, y}]}``."""
    return named_series(answer["chart"], period, "amount")


def revenue_metrics(answer: Any) -> pd.DataFrame:
    """``name``, ``country`` (code, with regions; else ``None``) and ``amount``, largest first: from
    ``[{name, value, country}]``."""
    rows = sorted(_MONEY.validate_python(answer), key=lambda row: -row.value)
    return pd.DataFrame(
        {
            "name": pd.Series([row.name for row in rows], dtype="object"),
            "country": pd.Series([row.country for row in rows], dtype="object"),
            "amount": pd.Series([float(row.value) for row in rows], dtype="float64"),
        }
    )


@dataclass(frozen=True, slots=True)
class Revenue(RevenueTotals):
    """Money in one currency, over time and by where it came from.

    ``chart`` has ``time``, ``event`` and ``amount`` on the complete axis (``None`` from 3.0, which
    knows days only, where the period is cut finer); the others have ``name`` and ``amount``,
    largest first: ``countries`` (codes) everywhere, ``regions``, ``referrers`` (``None`` for
    direct) and ``channels`` from 3.1 on.
    """

    chart: pd.DataFrame | None
    countries: pd.DataFrame
    regions: pd.DataFrame | None
    referrers: pd.DataFrame | None
    channels: pd.DataFrame | None

    @classmethod
    def read(cls, answer: Any, period: Period) -> Revenue:
        """From ``{chart, country, region, referrer, channel, total}``."""
        row = _REVENUE.validate_python(answer)
        regions, referrers, channels = (
            None if rows is None else _named(rows, "amount")
            for rows in (row.region, row.referrer, row.channel)
        )
        return cls(
            row.total.sum,
            row.total.count,
            row.total.unique_count,
            row.total.total_sessions,
            None if row.chart is None else named_series(row.chart, period, "amount"),
            _named(row.country, "amount"),
            regions,
            referrers,
            channels,
        )


def _named(rows: list[_Money], value: str) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "name": pd.Series([row.name for row in rows], dtype="object"),
            value: pd.Series([float(row.value) for row in rows], dtype="float64"),
        }
    )
    return frame.sort_values(value, ascending=False, kind="stable", ignore_index=True)


def currencies(answer: Any) -> tuple[str, ...]:
    """From ``[{value}]``: the codes as they were sent, each once."""
    rows = _CURRENCIES.validate_python(answer)
    return tuple(sorted({row.value for row in rows}))


@dataclass(frozen=True, slots=True)
class Attribution:
    """Which touch the conversions are credited to.

    ``frame`` has ``part`` (referrer, paid ads, source, medium, campaign, content, term), ``name``,
    ``visitors`` (``Int64``) and ``amount`` (money): ``NA`` where the server does not tell, as 3.1
    tells no money. ``conversions`` counts rows, ``visitors`` and ``visits`` theirs.
    """

    frame: pd.DataFrame
    conversions: int
    visitors: int
    visits: int

    @classmethod
    def read(cls, answer: Any) -> Attribution:
        """From the lists by part, ``total``, and ``money``: the same lists in a currency."""
        row = _ATTRIBUTION.validate_python(answer)
        visitors = _credited(row, "visitors")
        money = answer.get("money")
        amounts = _credited(_ATTRIBUTION.validate_python(money) if money else None, "amount")
        frame = visitors.merge(amounts, on=["part", "name"], how="outer")
        frame = frame.astype({"visitors": "Int64", "amount": "Float64"})
        frame["part"] = pd.Categorical(frame["part"], [_part(one) for one in _PARTS], ordered=True)
        frame = frame.sort_values(
            ["part", "visitors", "amount", "name"],
            ascending=[True, False, False, True],
            ignore_index=True,
        ).astype({"part": "object"})
        return cls(frame, row.total.pageviews, row.total.visitors, row.total.visits)


_PARTS = tuple(name for name in _Attribution.model_fields if name != "total")


def _part(name: str) -> str:
    return "paid ads" if name == "paidAds" else name.removeprefix("utm_")


def _credited(row: _Attribution | None, value: str) -> pd.DataFrame:
    rows = [
        (_part(name), one.name, float(one.value))
        for name in _PARTS
        for one in (getattr(row, name) if row else ())
        if one.name
    ]
    frame = pd.DataFrame(rows, columns=["part", "name", value])
    return frame.astype({"part": "object", "name": "object", value: "float64"})
