"""Plans for endpoints that several generations lack, or answer only in part."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any, Final

from umami.api import account, revenue, sessions, traffic, websites
from umami.compat.dialect import Part, Plan, with_filter
from umami.endpoint import JSON, Query, Request
from umami.errors import (
    NotFound,
    NotOffered,
    Rejected,
    ServerFault,
    Unauthorised,
    UnexpectedAnswer,
)
from umami.filters import Filter
from umami.period import Period, zone
from umami.view import View

ToRequest = Callable[[Query[Any]], Request]
"""Makes the single request of a query, for one generation."""
REFUSALS: Final = (Unauthorised, NotFound, NotOffered, Rejected, ServerFault, UnexpectedAnswer)
"""Errors that a retry does not change."""
NO_NAME: Final = "-" * 51
"""Longer than any event's name; a row without a name differs from no value."""
MOST_NAMES: Final = 10_000
ROWS_AT_ONCE: Final = 200


def event_stats(view: View, request: ToRequest) -> Plan:
    """Totals of custom events before 3.1: session stats of the rows that have an event's name, and
    the number of names."""
    with_event = view
    if not any(filter_.field == "event" for filter_ in view.filters):
        with_event = with_filter(view, Filter("event", "neq", NO_NAME))
    totals, names = yield (
        request(sessions.session_stats(with_event)),
        request(traffic.metrics(view, "event", limit=MOST_NAMES)),
    )
    return {
        "data": {
            "events": totals["pageviews"]["value"],
            "visitors": totals["visitors"]["value"],
            "visits": totals["visits"]["value"],
            "uniqueEvents": len(names),
        }
    }


def websites_of_teams_too(query: Query[Any], request: ToRequest) -> Plan:
    """The account's websites and those of its teams, each once.

    2.x lists only the account's own websites; 3.x adds those of teams that the account owns, but
    not of teams that it is a member of. Where a server refuses to list teams, the account's own
    websites remain.
    """
    search, page, size, order = (
        query.arguments[name] for name in ("search", "page", "page_size", "order_by")
    )
    try:
        first_page, first_teams = yield (request(query), request(account.teams()))
    except REFUSALS:
        (first_page,) = yield (request(query),)
        return first_page
    if not isinstance(first_teams, dict) or not first_teams.get("data"):
        return first_page
    rows = yield from _all_rows(
        lambda number: request(websites.websites(search, number, ROWS_AT_ONCE, order))
    )
    for team in (yield from _all_rows(lambda number: request(account.teams(number)), first_teams)):
        rows += yield from _team_rows(team["id"], search, request)
    unique = {row["id"]: row for row in reversed(rows)}
    ordered = sorted(unique.values(), key=lambda row: str(row.get(order) or "").casefold())
    start = (page - 1) * size
    return {
        "data": ordered[start : start + size],
        "count": len(ordered),
        "page": page,
        "pageSize": size,
    }


def _team_rows(team: str, search: str | None, request: ToRequest) -> Part:
    """A team's websites; none where the server refuses to list them."""

    def page(number: int) -> Request:
        return request(account.team_websites(team, search, number, ROWS_AT_ONCE))

    try:
        return (yield from _all_rows(page))
    except REFUSALS:
        return []


def _all_rows(page: Callable[[int], Request], answer: JSON = None) -> Part:
    """The rows of all pages of a list; ``answer`` is its first page, where that is here already."""
    number, rows = 1, []
    if answer is None:
        (answer,) = yield (page(number),)
    while answer["data"]:
        rows += answer["data"]
        if len(rows) >= int(answer["count"]):
            break
        number += 1
        (answer,) = yield (page(number),)
    return rows


def website_charts(
    query: Query[Any], request: ToRequest, visitors: Callable[[JSON], Any], *, has_charts: bool
) -> Request | Plan:
    """Charts of several websites; before 3.3, from the stats and page views of each website.

    Newer servers count from the start of the period in steps of 12 hours, but group by midnight and
    noon of the zone. Their curves are right only for periods where both agree; page views replace
    the others. ``visitors`` extracts the visitors from a website's stats.
    """
    if has_charts and _half_days_align(query.arguments["period"]):
        return request(query)
    return _charts_of_each(query, request, visitors, has_charts=has_charts)


def _charts_of_each(
    query: Query[Any], request: ToRequest, visitors: Callable[[JSON], Any], *, has_charts: bool
) -> Plan:
    views = [View(website, query.arguments["period"]) for website in query.arguments["websites"]]
    pageviews = [request(traffic.pageviews(view)) for view in views]
    if has_charts:
        charts, *curves = yield (request(query), *pageviews)
        totals = [charts["data"].get(view.website, {}).get("total") for view in views]
    else:
        answers = yield (*(request(traffic.stats(view)) for view in views), *pageviews)
        totals = [visitors(answer) for answer in answers[: len(views)]]
        curves = answers[len(views) :]
    return {
        "data": {
            view.website: {"total": total, "sessions": curve["sessions"]}
            for view, total, curve in zip(views, totals, curves, strict=True)
            if total is not None
        }
    }


def _half_days_align(period: Period) -> bool:
    """Whether steps of 12 hours from the start of the period end at midnight and noon of its zone
    all through it, changes of the clocks included."""
    local = zone(period.timezone)
    first = period.start.astimezone(local)
    days = range((period.end - period.start).days + 1)
    moments = [*(period.start + timedelta(days=day) for day in days), period.end]
    offsets = {moment.astimezone(local).utcoffset() for moment in moments}
    return first.time() in (time(0), time(12)) and len(offsets) == 1


def part_of_revenue(query: Query[Any], report_plan: Callable[[Query[Any]], Part]) -> Plan:
    """The part of the report on revenue that the query requests; ``report_plan`` is the plan of the
    whole report."""
    arguments = query.arguments
    report = yield from report_plan(revenue.revenue(arguments["view"], arguments["currency"]))
    if query.name == "revenue_stats":
        return report["total"]
    if query.name == "revenue_chart":
        return {"chart": report["chart"]}
    return report[arguments["by"]]


def without_token(answer: JSON) -> JSON:
    """The account that is signed in; before 3.4 the answer repeats the token, which is dropped."""
    return {name: answer.get(name) for name in ("user", "authType", "apiKey")}
