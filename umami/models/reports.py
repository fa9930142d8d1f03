"""Answers of Umami's analyses, and saved reports."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import astuple, dataclass, field
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

import pandas as pd
from pydantic import BeforeValidator, Field

from umami.models.records import Created, Record, Text, frame_of, parse
from umami.parsing import Amount, Count, Ratio, Row, Time, bucket, named_series
from umami.period import Period

StepKind = Literal["path", "event"]


class _Cell(Row):
    date: str
    day: Count
    size: Count = Field(alias="visitors")
    returned: Count = Field(alias="returnVisitors")


class _Tagged(Row):
    utm: str
    views: Count


class _Utm(Row):
    utm_source: list[_Tagged]
    utm_medium: list[_Tagged]
    utm_campaign: list[_Tagged]
    utm_content: list[_Tagged]
    utm_term: list[_Tagged]


class _Journey(Row):
    items: list[str | None]
    count: Count


class _Measures(Row):
    views: Count
    visitors: Count
    visits: Count
    bounces: Count
    seconds: Count = Field(alias="totaltime")


class _Money(Row):
    name: str | None
    country: str | None = None
    amount: Amount = Field(alias="value")


@dataclass(frozen=True, slots=True)
class RevenueTotals:
    """Money in one currency: ``total`` is exact; ``visitors`` are those who paid, of
    ``of_visitors`` in all."""

    total: Annotated[Amount, Field(alias="sum")]
    orders: Annotated[Count, Field(alias="count")]
    visitors: Annotated[Count, Field(alias="unique_count")]
    of_visitors: Annotated[Count | None, Field(alias="total_sessions")] = None

    @property
    def average(self) -> Decimal | None:
        """Money per order; ``None`` without orders."""
        return self.total / self.orders if self.orders else None

    @property
    def per_visitor(self) -> Decimal | None:
        """Money per visitor of the period; ``None`` without visitors."""
        return self.total / self.of_visitors if self.of_visitors else None


class _Revenue(Row):
    chart: list[Any] | None
    country: list[_Money]
    region: list[_Money] | None = None
    referrer: list[_Money] | None = None
    channel: list[_Money] | None = None
    total: RevenueTotals


class _Currency(Row):
    value: str


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


@dataclass(frozen=True, slots=True)
class Report(Record):
    """A saved report; ``parameters`` are in the server's format."""

    missing: ClassVar[str] = "There is no such report."

    id: str
    website: Annotated[str, Field(alias="websiteId")]
    type: str
    name: str
    parameters: Annotated[
        dict[str, Any],
        BeforeValidator(lambda value: json.loads(value) if isinstance(value, str) else value),
    ]
    description: Text = ""
    created: Created = None
    updated: Annotated[Time, Field(alias="updatedAt")] = None


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """A step: opening a ``path`` (``*`` at either end is a wildcard) or an event."""

    kind: StepKind
    value: str


@dataclass(frozen=True, slots=True)
class FunnelResult(Record):
    """How many visitors reached a step.

    ``dropped`` of ``previous`` did not; ``drop_off`` and ``remaining`` are fractions, of the step
    before and of the first step; ``None`` where there is nothing to divide by.
    """

    step: FunnelStep
    visitors: Count
    previous: Count
    dropped: Count
    drop_off: Annotated[Ratio, Field(alias="dropoff")]
    remaining: Ratio

    @classmethod
    def read(cls, answer: Any) -> FunnelResult:
        """From ``{type, value, visitors, previous, dropped, dropoff, remaining}``."""
        step = {"kind": answer["type"], "value": answer["value"]}
        return parse(cls, {**answer, "step": step})


@dataclass(frozen=True, slots=True)
class Retention:
    """Cohorts of visitors and how many of them returned.

    ``frame`` has ``cohort`` (local day of the first visit), ``day`` (0 to 31 after it), ``size``
    (visitors of the cohort), ``returned`` and ``share`` (fraction); days on which nobody returned
    are left out.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any, period: Period) -> Retention:
        """From ``[{date, day, visitors, returnVisitors, percentage}]``.

        Where filters choose the cohorts, 3.x counts what its visitors did before as well, on
        negative days; these rows are left out.
        """
        rows = [row for row in parse(list[_Cell], answer) if row.day >= 0]
        frame = frame_of(rows, day="int64", size="int64", returned="int64")
        frame.insert(0, "cohort", pd.DatetimeIndex([bucket(row.date, period) for row in rows]))
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
        rows = [
            (name.removeprefix("utm_"), row.utm, row.views)
            for name, rows in _Utm.model_validate(answer)
            for row in sorted(rows, key=lambda row: (-row.views, row.utm))
        ]
        return cls(pd.DataFrame(rows, columns=["parameter", "value", "views"]))


@dataclass(frozen=True, slots=True)
class Goal(Record):
    """How often a goal was reached, and by how many visitors.

    ``times`` counts rows: views of the path and custom events on it, or events of the name.
    ``visitors`` are those who opened the path or did the event, of ``of_visitors`` in all.
    ``None`` is a figure that the server does not return.
    """

    times: Count | None = None
    visitors: Annotated[Count | None, Field(alias="num")] = None
    of_visitors: Annotated[Count | None, Field(alias="total")] = None

    @property
    def conversion(self) -> float | None:
        """The fraction of visitors who reached it; ``None`` without visitors."""
        if self.visitors is None or not self.of_visitors:
            return None
        return self.visitors / self.of_visitors

    @classmethod
    def read(cls, answer: Any) -> Goal:
        """From ``{num, total}``, with ``times`` as dialects add it."""
        goal = parse(cls, answer)
        if goal.visitors is None and goal.times is None:
            raise ValueError("no result")
        return goal


@dataclass(frozen=True, slots=True)
class Path:
    """Steps (paths and event names) that ``visits`` visits began with, in their order."""

    steps: tuple[str, ...]
    visits: int


def journey_paths(answer: Any) -> tuple[Path, ...]:
    """From ``[{items, count}]``, without the padding: different paths, largest first."""
    visits: Counter[tuple[str, ...]] = Counter()
    for row in parse(list[_Journey], answer):
        visits[tuple(item for item in row.items if item is not None)] += row.count
    return tuple(Path(steps, count) for steps, count in visits.most_common())


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
        rows = parse(list[_Measures], answer)
        columns = {
            field: pd.Series([_text(row[field]) for row in answer], dtype="object")
            for field in fields
        }
        figures = frame_of(rows, **dict.fromkeys(_Measures.model_fields, "int64"))
        return cls(pd.DataFrame(columns).join(figures, how="right"))


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError("not a text")
    return value


def revenue_series(answer: Any, period: Period) -> pd.DataFrame:
    """``time``, ``event`` and ``amount`` for every event and every bucket of the period: from
    ``{chart: [{x, t, y}]}``."""
    return named_series(answer["chart"], period, "amount")


def revenue_ranking(answer: Any) -> pd.DataFrame:
    """``name``, ``country`` (code, with regions; else ``None``) and ``amount``, largest first: from
    ``[{name, value, country}]``."""
    rows = sorted(parse(list[_Money], answer), key=lambda row: -row.amount)
    return frame_of(rows, name="object", country="object", amount="float64")


@dataclass(frozen=True, slots=True)
class Revenue(RevenueTotals):
    """Money in one currency, over time and by where it came from.

    ``chart`` has ``time``, ``event`` and ``amount`` on the complete axis (``None`` from 3.0, which
    returns days only, where the period's unit is shorter); the others have ``name`` and ``amount``,
    largest first: ``countries`` (codes) everywhere, ``regions``, ``referrers`` (``None`` for
    direct) and ``channels`` from 3.1 on.
    """

    chart: pd.DataFrame | None = field(kw_only=True)
    countries: pd.DataFrame = field(kw_only=True)
    regions: pd.DataFrame | None = field(kw_only=True)
    referrers: pd.DataFrame | None = field(kw_only=True)
    channels: pd.DataFrame | None = field(kw_only=True)

    @classmethod
    def read(cls, answer: Any, period: Period) -> Revenue:
        """From ``{chart, country, region, referrer, channel, total}``."""
        row = _Revenue.model_validate(answer)
        regions, referrers, channels = (
            None if rows is None else _amounts(rows)
            for rows in (row.region, row.referrer, row.channel)
        )
        return cls(
            *astuple(row.total),
            chart=None if row.chart is None else named_series(row.chart, period, "amount"),
            countries=_amounts(row.country),
            regions=regions,
            referrers=referrers,
            channels=channels,
        )


def _amounts(rows: list[_Money]) -> pd.DataFrame:
    frame = frame_of(rows, name="object", amount="float64")
    return frame.sort_values("amount", ascending=False, kind="stable", ignore_index=True)


def currency_codes(answer: Any) -> tuple[str, ...]:
    """From ``[{value}]``: the codes as they were sent, sorted, each once."""
    return tuple(sorted({row.value for row in parse(list[_Currency], answer)}))


@dataclass(frozen=True, slots=True)
class Attribution:
    """The touches that conversions are credited to.

    ``frame`` has ``part`` (referrer, paid ads, source, medium, campaign, content, term), ``name``,
    ``visitors`` (``Int64``) and ``amount`` (money): ``NA`` where the server returns none, as 3.1
    returns no money. ``conversions`` counts rows, ``visitors`` and ``visits`` theirs.
    """

    frame: pd.DataFrame
    conversions: int
    visitors: int
    visits: int

    @classmethod
    def read(cls, answer: Any) -> Attribution:
        """From the lists by part, ``total``, and ``money``: the same lists in a currency."""
        row = _Attribution.model_validate(answer)
        visitors = _credited(row, "visitors")
        money = answer.get("money")
        amounts = _credited(_Attribution.model_validate(money) if money else None, "amount")
        frame = visitors.merge(amounts, on=["part", "name"], how="outer")
        frame = frame.astype({"visitors": "Int64", "amount": "Float64"})
        frame["part"] = pd.Categorical(
            frame["part"], [_part(name) for name in _PARTS], ordered=True
        )
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
        (_part(part), money.name, float(money.amount))
        for part in _PARTS
        for money in (getattr(row, part) if row else ())
        if money.name
    ]
    frame = pd.DataFrame(rows, columns=["part", "name", value])
    return frame.astype({"part": "object", "name": "object", value: "float64"})
