"""Analyses, and reports that were saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, get_args

import pandas as pd

from umami.endpoint import Access, Effort, Freshness, RawQuery, endpoint
from umami.endpoints.params import analysis, buckets, choice, for_view, paging, uuid_of
from umami.errors import InvalidView
from umami.models.records import Page, array_of, done, paged, parse
from umami.models.reports import (
    Attribution,
    Breakdown,
    FunnelResult,
    FunnelStep,
    Goal,
    Path,
    Report,
    Retention,
    Revenue,
    RevenueTotals,
    StepKind,
    Utm,
    currency_codes,
    journey_paths,
    revenue_ranking,
    revenue_series,
)
from umami.models.sessions import Session
from umami.period import with_unit
from umami.view import View

Model = Literal["first-click", "last-click"]
RevenueField = Literal["country", "region", "referrer", "channel"]
BreakdownField = Literal[
    "path",
    "referrer",
    "title",
    "query",
    "os",
    "browser",
    "device",
    "country",
    "region",
    "city",
    "language",
    "tag",
    "hostname",
    "event",
    "utmSource",
    "utmMedium",
    "utmCampaign",
    "utmContent",
    "utmTerm",
    "distinctId",
]


@endpoint("GET", "/reports", fresh=Freshness.LISTING, effort=Effort.LIGHT)
def reports(website: str, page: int = 1, page_size: int = 100) -> RawQuery[Page[Report]]:
    """The reports saved for a website, a page at a time."""
    query = {"websiteId": uuid_of(website), "page": page, "pageSize": page_size}
    return RawQuery(paged(Report.read), query=query)


@endpoint("GET", "/reports/{report}", fresh=Freshness.LISTING, effort=Effort.LIGHT)
def report(report: str) -> RawQuery[Report]:
    """One saved report; raises ``NotFound`` where there is none."""
    return RawQuery(Report.read, path={"report": uuid_of(report, "report")})


@endpoint("POST", "/reports", fresh=Freshness.NEVER, access=Access.WRITES)
def create_report(
    website: str, type: str, name: str, parameters: Mapping[str, Any], description: str = ""
) -> RawQuery[Report]:
    """Save a report."""
    return RawQuery(Report.read, body=_saved(website, type, name, parameters, description))


@endpoint("POST", "/reports/{report}", fresh=Freshness.NEVER, access=Access.WRITES)
def update_report(
    report: str,
    website: str,
    type: str,
    name: str,
    parameters: Mapping[str, Any],
    description: str = "",
) -> RawQuery[Report]:
    """Change the name, parameters or description of a saved report."""
    return RawQuery(
        Report.read,
        path={"report": uuid_of(report, "report")},
        body=_saved(website, type, name, parameters, description),
    )


def _saved(
    website: str, type: str, name: str, parameters: Mapping[str, Any], description: str
) -> dict[str, Any]:
    return {
        "websiteId": uuid_of(website),
        "type": type,
        "name": name,
        "description": description,
        "parameters": dict(parameters),
    }


@endpoint("DELETE", "/reports/{report}", fresh=Freshness.NEVER, access=Access.WRITES)
def delete_report(report: str) -> RawQuery[None]:
    """Delete a saved report."""
    return RawQuery(done, path={"report": uuid_of(report, "report")})


@endpoint("POST", "/reports/funnel", fresh=Freshness.PERIOD, effort=Effort.HEAVY)
def funnel(
    view: View, steps: Sequence[FunnelStep], window: int = 60
) -> RawQuery[tuple[FunnelResult, ...]]:
    """How many visitors went from step to step, each within ``window`` minutes of the last."""
    if not 2 <= len(steps) <= 8:
        raise InvalidView("A funnel has 2 to 8 steps.")
    if window < 1:
        raise InvalidView("A funnel’s window is at least one minute.")
    chain = [{"type": step.kind, "value": step.value} for step in steps]
    return analysis(array_of(FunnelResult.read), view, "funnel", steps=chain, window=window)


@endpoint("POST", "/reports/retention", fresh=Freshness.PERIOD, effort=Effort.HEAVY)
def retention(view: View) -> RawQuery[Retention]:
    """Cohorts by day of the View's zone, and how many of their visitors returned on which day."""
    by_day = with_unit(view.period.start, view.period.end, view.period.timezone, "day")
    return analysis(partial(Retention.read, period=by_day), view, "retention")


@endpoint("POST", "/reports/utm", fresh=Freshness.PERIOD)
def utm(view: View) -> RawQuery[Utm]:
    """Pageviews by source, medium, campaign, content and term."""
    return analysis(Utm.read, view, "utm")


@endpoint("POST", "/reports/goal", fresh=Freshness.PERIOD, effort=Effort.HEAVY)
def goal(view: View, kind: StepKind, value: str) -> RawQuery[Goal]:
    """How often a path was opened or an event happened, and by how many visitors.

    ``*`` at either end of the value is a wildcard, from 3.1 on.
    """
    if not value:
        raise InvalidView("A goal needs a page or an event.")
    return analysis(Goal.read, view, "goal", type=kind, value=value)


@endpoint("POST", "/reports/journey", fresh=Freshness.PERIOD, effort=Effort.HEAVY)
def journey(
    view: View, steps: int = 5, start: str | None = None, end: str | None = None
) -> RawQuery[tuple[Path, ...]]:
    """The paths that most visits began with, of 3 to 7 ``steps``, 100 paths at most."""
    if not 3 <= steps <= 7:
        raise InvalidView("A journey has 3 to 7 steps.")
    return analysis(journey_paths, view, "journey", steps=steps, startStep=start, endStep=end)


@endpoint("POST", "/reports/breakdown", fresh=Freshness.PERIOD, effort=Effort.HEAVY)
def breakdown(view: View, fields: Sequence[BreakdownField]) -> RawQuery[Breakdown]:
    """Totals of pageviews for each combination of the fields, 500 combinations at most."""
    if not fields or not set(fields) <= set(get_args(BreakdownField)):
        raise InvalidView("A breakdown needs one or more of the known fields.")
    return analysis(
        partial(Breakdown.read, fields=tuple(fields)), view, "breakdown", fields=list(fields)
    )


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
