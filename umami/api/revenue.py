"""Revenue, and the touches that conversions are credited to."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Literal, get_args

import pandas as pd
from pydantic import Field

from umami.api.params import analysis, buckets, choice, for_view, paging
from umami.api.records import Page, frame_of, paged, parse
from umami.api.reports import StepKind
from umami.api.sessions import Session
from umami.endpoint import Effort, Freshness, RawQuery, endpoint
from umami.errors import InvalidView
from umami.parsing import Amount, Count, Row, named_series
from umami.period import Period
from umami.view import View


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


Model = Literal["first-click", "last-click"]
RevenueField = Literal["country", "region", "referrer", "channel"]


@endpoint("POST", "/reports/revenue", fresh=Freshness.PERIOD, effort=Effort.HEAVY)
def revenue(view: View, currency: str) -> RawQuery[Revenue]:
    """Money in one currency: total, over time by event, by country."""
    return analysis(
        partial(Revenue.read, period=view.period),
        view,
        "revenue",
        currency=currency,
        unit=view.period.unit,
    )


@endpoint(
    "GET",
    "/websites/{website}/revenue/stats",
    fresh=Freshness.PERIOD,
    since="3.2",
    subject="parts of revenue reports",
)
def revenue_stats(view: View, currency: str) -> RawQuery[RevenueTotals]:
    """Money in one currency in all, without the parts of ``revenue``."""
    return for_view(partial(parse, RevenueTotals), view, _money(currency))


@endpoint(
    "GET",
    "/websites/{website}/revenue/chart",
    fresh=Freshness.PERIOD,
    since="3.2",
    subject="parts of revenue reports",
)
def revenue_chart(view: View, currency: str) -> RawQuery[pd.DataFrame]:
    """Money in one currency over time by event: ``time``, ``event``, ``amount``."""
    return for_view(
        partial(revenue_series, period=view.period), view, {**_money(currency), **buckets(view)}
    )


@endpoint(
    "GET",
    "/websites/{website}/revenue/metrics",
    fresh=Freshness.PERIOD,
    since="3.2",
    subject="parts of revenue reports",
)
def revenue_metrics(view: View, currency: str, by: RevenueField) -> RawQuery[pd.DataFrame]:
    """Money in one currency by country, region, referrer or channel: ``name``, ``country`` and
    ``amount``, largest first."""
    return for_view(
        revenue_ranking,
        view,
        {**_money(currency), "type": choice(by, get_args(RevenueField), "a field of revenue")},
    )


@endpoint(
    "GET",
    "/websites/{website}/revenue/sessions",
    fresh=Freshness.PERIOD,
    since="3.1",
    subject="lists of sessions that paid",
)
def revenue_sessions(
    view: View, currency: str, page: int = 1, page_size: int = 20, search: str | None = None
) -> RawQuery[Page[Session]]:
    """Sessions that paid in one currency, latest first; ``search`` looks in browser, OS, device and
    city."""
    return for_view(
        paged(Session.read), view, {**_money(currency), **paging(page, page_size, search)}
    )


def _money(currency: str) -> dict[str, Any]:
    # Servers compare with the currency in capitals.
    return {"currency": currency.upper()}


@endpoint("GET", "/websites/{website}/event-data/values", fresh=Freshness.PERIOD)
def currencies(view: View) -> RawQuery[tuple[str, ...]]:
    """The currencies that revenue came in, as their codes were sent; from 3.1 on in capitals."""
    return for_view(currency_codes, view, {"propertyName": "currency"})


@endpoint("POST", "/reports/attribution", fresh=Freshness.PERIOD, effort=Effort.HEAVY, since="2.18")
def attribution(
    view: View, model: Model, kind: StepKind, step: str, currency: str | None = None
) -> RawQuery[Attribution]:
    """Which first or last touch the conversions (a path or an event) are credited to.

    With a ``currency`` 2.x and 3.0 return money, too. What a first or last touch is differs: up to
    2.20 it may be a page of the website itself.
    """
    if model not in get_args(Model):
        raise InvalidView(f"“{model}” is not a model of attribution.")
    return analysis(
        Attribution.read, view, "attribution", model=model, type=kind, step=step, currency=currency
    )
