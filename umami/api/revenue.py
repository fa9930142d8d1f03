"""Revenue, and the touches that conversions are credited to."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Literal, get_args

import pandas as pd
from pydantic import BeforeValidator, Field

from umami.api.params import analysis, buckets, choice, paging
from umami.api.sessions import Session
from umami.conversion import StepKind
from umami.endpoint import Effort, RawQuery, endpoint, get
from umami.parsing import Amount, Count, Page, Record, frame_of, named_series, parse
from umami.period import Period
from umami.view import View


class _Money(Record):
    name: str | None
    amount: Annotated[Amount, Field(alias="value")]
    country: str | None = None


class RevenueTotals(Record):
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


class _Currency(Record):
    value: str


def _chart(answer: Any, period: Period) -> pd.DataFrame:
    """``time``, ``event`` and ``amount`` for every event and every bucket of the period: from
    ``{chart: [{x, t, y}]}``."""
    return named_series(answer["chart"], period, "amount")


def _ranking(answer: Any, **columns: str) -> pd.DataFrame:
    """``name``, ``amount`` and other columns of ``[{name, value, country}]``, largest first."""
    rows = sorted(parse(list[_Money], answer), key=lambda row: -row.amount)
    return frame_of(rows, name="object", **columns, amount="float64")


_Ranking = Annotated[pd.DataFrame, BeforeValidator(lambda rows: _ranking(rows))]


class Revenue(RevenueTotals, kw_only=True):
    """Money in one currency, over time and by where it came from.

    ``chart`` has ``time``, ``event`` and ``amount`` on the complete axis (``None`` from 3.0, which
    returns days only, where the period's unit is shorter); the others have ``name`` and ``amount``,
    largest first: ``countries`` (codes) everywhere, ``regions``, ``referrers`` (``None`` for
    direct) and ``channels`` from 3.1 on.
    """

    chart: pd.DataFrame | None
    countries: Annotated[_Ranking, Field(alias="country")]
    regions: Annotated[_Ranking | None, Field(alias="region")] = None
    referrers: Annotated[_Ranking | None, Field(alias="referrer")] = None
    channels: Annotated[_Ranking | None, Field(alias="channel")] = None

    @classmethod
    def read(cls, answer: Any, period: Period) -> Revenue:
        """From ``{chart, country, region, referrer, channel, total}``."""
        chart = None if answer["chart"] is None else _chart(answer, period)
        return parse(cls, {**answer, **answer["total"], "chart": chart})


def _currency_codes(answer: Any) -> tuple[str, ...]:
    """From ``[{value}]``: the codes as they were sent, sorted, each once."""
    return tuple(sorted({row.value for row in parse(list[_Currency], answer)}))


class Attribution(Record):
    """The touches that conversions are credited to.

    ``frame`` has ``part`` (referrer, paid ads, source, medium, campaign, content, term), ``name``,
    ``visitors`` (``Int64``) and ``amount`` (money): ``NA`` where the server returns none, as 3.1
    returns no money. ``conversions`` counts rows, ``visitors`` and ``visits`` theirs; ``revenue``
    is the money of the conversions, ``None`` where the server returns none.
    """

    frame: pd.DataFrame
    conversions: int
    visitors: int
    visits: int
    revenue: float | None

    @classmethod
    def read(cls, answer: Any) -> Attribution:
        """From the lists by part, ``total``, and ``money``: the same lists in a currency."""
        money = answer.get("money") or dict.fromkeys(_PARTS, ())
        visitors, amounts = _credited(answer, "visitors"), _credited(money, "amount")
        frame = visitors.merge(amounts, on=["part", "name"], how="outer")
        frame = frame.astype({"visitors": "Int64", "amount": "Float64"})
        frame["part"] = pd.Categorical(frame["part"], list(_PARTS.values()), ordered=True)
        frame = frame.sort_values(
            ["part", "visitors", "amount", "name"],
            ascending=[True, False, False, True],
            ignore_index=True,
        ).astype({"part": "object"})
        total = answer["total"]
        conversions, converted, visits = (
            parse(Count, total[name]) for name in ("pageviews", "visitors", "visits")
        )
        # There are fewer paid ads than a list has room for, so this one is complete.
        paid = parse(list[_Money], money["paidAds"])
        revenue = float(sum(row.amount for row in paid)) if paid else None
        return cls(frame, conversions, converted, visits, revenue)


_PARTS = {"referrer": "referrer", "paidAds": "paid ads"} | {
    f"utm_{name}": name for name in ("source", "medium", "campaign", "content", "term")
}
"""The parts of an answer, and what ``Attribution`` calls them."""


def _credited(lists: Any, value: str) -> pd.DataFrame:
    rows = [
        (part, row.name, float(row.amount))
        for name, part in _PARTS.items()
        for row in parse(list[_Money], lists[name])
        if row.name
    ]
    frame = pd.DataFrame(rows, columns=["part", "name", value])
    return frame.astype({"part": "object", "name": "object", value: "float64"})


Model = Literal["first-click", "last-click"]
RevenueField = Literal["country", "region", "referrer", "channel"]


@endpoint("POST", "/reports/revenue", effort=Effort.HEAVY)
def revenue(view: View, currency: str) -> RawQuery[Revenue]:
    """Money in one currency: total, over time by event, by country."""
    return analysis(view, "revenue", currency=currency, unit=view.period.unit)


_part = partial(get, since="3.2", subject="parts of revenue reports")


@_part("/websites/{website}/revenue/stats")
def revenue_stats(view: View, currency: str) -> RawQuery[RevenueTotals]:
    """Money in one currency in all, without the parts of ``revenue``."""
    return RawQuery(_money(currency))


@_part("/websites/{website}/revenue/chart")
def revenue_chart(view: View, currency: str) -> RawQuery[pd.DataFrame]:
    """Money in one currency over time by event: ``time``, ``event``, ``amount``."""
    return RawQuery({**_money(currency), **buckets(view)}, read=partial(_chart, period=view.period))


@_part("/websites/{website}/revenue/metrics")
def revenue_metrics(view: View, currency: str, by: RevenueField) -> RawQuery[pd.DataFrame]:
    """Money in one currency by country, region, referrer or channel: ``name``, ``country`` and
    ``amount``, largest first."""
    choice(by, get_args(RevenueField), "a field of revenue")
    return RawQuery({**_money(currency), "type": by}, read=partial(_ranking, country="object"))


@get(
    "/websites/{website}/revenue/sessions",
    since="3.1",
    subject="lists of sessions that paid",
)
def revenue_sessions(
    view: View, currency: str, page: int = 1, page_size: int = 20, search: str | None = None
) -> RawQuery[Page[Session]]:
    """Sessions that paid in one currency, latest first; ``search`` looks in browser, OS, device and
    city."""
    return RawQuery({**_money(currency), **paging(page, page_size, search)})


def _money(currency: str) -> dict[str, Any]:
    # Servers compare with the currency in capitals.
    return {"currency": currency.upper()}


@get("/websites/{website}/event-data/values")
def currencies(view: View) -> RawQuery[tuple[str, ...]]:
    """The currencies that revenue came in, as their codes were sent; from 3.1 on in capitals."""
    return RawQuery({"propertyName": "currency"}, read=_currency_codes)


@endpoint("POST", "/reports/attribution", effort=Effort.HEAVY, since="2.18")
def attribution(
    view: View, model: Model, kind: StepKind, step: str, currency: str | None = None
) -> RawQuery[Attribution]:
    """Which first or last touch the conversions (a path or an event) are credited to.

    With a ``currency`` 2.x and 3.0 return money, too. What a first or last touch is differs: up to
    2.20 it may be a page of the website itself.
    """
    choice(model, get_args(Model), "a model of attribution")
    return analysis(view, "attribution", model=model, type=kind, step=step, currency=currency)
