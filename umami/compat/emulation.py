"""Plans for endpoints that several generations lack, or answer only in part."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time
from functools import partial
from typing import Any, Final

from umami.api import account, revenue, sessions, traffic, websites
from umami.compat.dialect import (
    PARTS_OF_REVENUE,
    Dialect,
    Part,
    Plan,
    Planner,
    before,
    translated,
    with_filters,
)
from umami.compat.generations import V3_0, V3_1, V3_2, V3_3
from umami.endpoint import JSON, Query, Request
from umami.errors import NotFound, NotOffered, Rejected, ServerFault, Unauthorised, UnexpectedAnswer
from umami.filters import Filter
from umami.period import Period, zone
from umami.view import View

REFUSALS: Final = (Unauthorised, NotFound, NotOffered, Rejected, ServerFault, UnexpectedAnswer)
"""Errors that a retry does not change."""
NO_NAME: Final = "-" * 51
"""Longer than any event's name; a row without a name differs from no value."""
MOST_NAMES: Final = 10_000
MOST_HOSTS: Final = 500
ROWS_AT_ONCE: Final = 200
WWW: Final = "www."


def _event_stats(query: Query[Any], dialect: Dialect) -> Plan:
    """Totals of custom events before 3.1: session stats of rows with a name, and how many names."""
    view = with_event = query.arguments["view"]
    if not any(filter_.field == "event" for filter_ in view.filters):
        with_event = with_filters(view, Filter("event", "neq", NO_NAME))
    totals, names = yield (
        dialect.request(sessions.session_stats(with_event)),
        dialect.request(traffic.metrics(view, "event", limit=MOST_NAMES)),
    )
    return {
        "data": {
            "events": totals["pageviews"]["value"],
            "visitors": totals["visitors"]["value"],
            "visits": totals["visits"]["value"],
            "uniqueEvents": len(names),
        }
    }


def _websites_of_teams_too(query: Query[Any], dialect: Dialect) -> Plan:
    """The account's websites and those of its teams, each once. 2.x lists only the account's own
    websites; 3.x adds those of teams that the account owns, but not of teams that it is a member
    of. Where a server refuses to list teams, the account's own websites remain."""
    search, page, size, order = (
        query.arguments[name] for name in ("search", "page", "page_size", "order_by")
    )
    try:
        first_page, first_teams = yield (dialect.request(query), dialect.request(account.teams()))
    except REFUSALS:
        (first_page,) = yield (dialect.request(query),)
        return first_page
    if not isinstance(first_teams, dict) or not first_teams.get("data"):
        return first_page
    page_of_all = partial(websites.websites, search, page_size=ROWS_AT_ONCE, order_by=order)
    rows = yield from _all_rows(dialect, page_of_all)
    for team in (yield from _all_rows(dialect, account.teams, first_teams)):
        page_of_team = partial(account.team_websites, team["id"], search, page_size=ROWS_AT_ONCE)
        try:
            rows += yield from _all_rows(dialect, page_of_team)
        except REFUSALS:
            continue
    unique = {row["id"]: row for row in reversed(rows)}
    ordered = sorted(unique.values(), key=lambda row: str(row.get(order) or "").casefold())
    start = (page - 1) * size
    return {
        "data": ordered[start : start + size],
        "count": len(ordered),
        "page": page,
        "pageSize": size,
    }


def _all_rows(dialect: Dialect, page: Callable[[int], Query[Any]], answer: JSON = None) -> Part:
    """The rows of all pages of a list; ``answer`` is its first page, where that is here already.

    A list ends with a page that repeats the one before, as of a proxy that drops the page's number.
    """
    number, rows, before = 1, [], None
    if answer is None:
        (answer,) = yield (dialect.request(page(number)),)
    while answer["data"] and answer != before:
        rows += answer["data"]
        before = answer
        if len(rows) >= int(answer["count"]):
            break
        number += 1
        (answer,) = yield (dialect.request(page(number)),)
    return rows


def _every_segment(query: Query[Any], dialect: Dialect) -> Plan:
    """The segments or cohorts of all pages. Umami takes no number of a page here: it lists the
    first 20, and how many there are."""

    def page(number: int) -> Query[Any]:
        paging = (("page", str(number)), ("pageSize", str(ROWS_AT_ONCE)))
        return replace(query, params=(*query.params, *paging))

    (first,) = yield (dialect.request(page(1)),)
    rows = yield from _all_rows(dialect, page, first)
    return {"data": rows, "count": first["count"]}


def _website_charts(query: Query[Any], dialect: Dialect) -> Request | Plan:
    """Charts of several websites; before 3.3, from the stats and page views of each website. Newer
    servers count from the start of the period in steps of 12 hours, but group by midnight and noon
    of the zone. Their curves are right only for periods where both agree; page views replace the
    others."""
    has_charts = dialect.generation >= V3_3
    if has_charts and _half_days_align(query.arguments["period"]):
        return dialect.request(query)
    return _charts_of_each(query, dialect, has_charts=has_charts)


def _charts_of_each(query: Query[Any], dialect: Dialect, *, has_charts: bool) -> Plan:
    views = [View(website, query.arguments["period"]) for website in query.arguments["websites"]]
    pageviews = [dialect.request(traffic.pageviews(view)) for view in views]
    if has_charts:
        charts, *curves = yield (dialect.request(query), *pageviews)
        totals = [charts["data"].get(view.website, {}).get("total") for view in views]
    else:
        answers = yield (*(dialect.request(traffic.stats(view)) for view in views), *pageviews)
        visitors = [answer["visitors"] for answer in answers[: len(views)]]
        # 2.x adds the previous period to each figure.
        totals = [count["value"] if isinstance(count, dict) else count for count in visitors]
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
    first = period.start.astimezone(zone(period.timezone)).time()
    return first in (time(0), time(12)) and len(period.utc_offsets) == 1


def _part_of_revenue(query: Query[Any], dialect: Dialect) -> Plan:
    """The part of the report on revenue that the query requests, from the whole report."""
    arguments = query.arguments
    plan = dialect.plan(revenue.revenue(arguments["view"], arguments["currency"]))
    assert not isinstance(plan, Request)
    report = yield from plan
    if query.name == "revenue_stats":
        return report["total"]
    if query.name == "revenue_chart":
        return {"chart": report["chart"]}
    return report[arguments["by"]]


def revenue_before_3_1(query: Query[Any], dialect: Dialect) -> Plan:
    """The report on revenue with the visitors of the whole period, from session stats."""
    view: View = query.arguments["view"]
    money, all_visitors = yield (
        dialect.report(query),
        dialect.request(sessions.session_stats(view.unfiltered())),
    )
    # 3.0 adds up whole days, whatever unit is requested.
    whole_days = dialect.generation == V3_0 and view.period.unit in ("minute", "hour")
    return {
        **money,
        "chart": None if whole_days else money["chart"],
        "total": {**money["total"], "total_sessions": all_visitors["visitors"]["value"]},
    }


def attribution_before_3_1(query: Query[Any], dialect: Dialect) -> Plan:
    """An attribution without the website itself as a referrer (see ``referrers_before_3_1``). That
    is exact where the website has one name, with and without ``www.``. Several names may refer to
    each other, so they stay. With a currency the server reports money instead of visitors, so both
    reports are requested."""
    currencies = dict.fromkeys((None, query.arguments["currency"]))
    attributions = [
        dialect.report(revenue.attribution(**{**query.arguments, "currency": currency}))
        for currency in currencies
    ]
    hosts = traffic.metrics(query.arguments["view"], "hostname", limit=MOST_HOSTS)
    hostnames, *answers = yield (dialect.request(hosts), *attributions)
    names = {str(row["x"]).removeprefix(WWW) for row in hostnames}
    itself = names if len(names) == 1 else set()
    visitors, *money = (
        {**answer, "referrer": [row for row in answer["referrer"] if row["name"] not in itself]}
        for answer in answers
    )
    return {**visitors, "money": money[0]} if money else visitors


def referrers_before_3_1(query: Query[Any], dialect: Dialect) -> Part:
    """The ranking of referrers that a query requests, without the website itself. Umami leaves out
    rows whose referrer is the page's own hostname. Before 3.1 it does not recognise
    ``shop.example`` as the host ``www.shop.example``, so such names stay in the list. The ranking
    of hostnames shows which they are; a filter shows how often each is a referrer of other
    hosts."""
    view, limit, offset = (query.arguments[key] for key in ("view", "limit", "offset"))
    endpoint, name, measure = (
        (traffic.metrics, "x", "y")
        if query.name == "metrics"
        else (traffic.groups, "name", "visitors")
    )
    rows, hostnames = yield (
        dialect.request(endpoint(view, "referrer", limit=max(MOST_HOSTS, limit + offset))),
        dialect.request(traffic.metrics(view, "hostname", limit=MOST_HOSTS)),
    )
    all_hosts = {str(row["x"]) for row in hostnames}
    bare_hosts = {host.removeprefix(WWW) for host in all_hosts if host.startswith(WWW)}
    suspects = [row for row in rows if row[name] in bare_hosts]
    corrected: dict[str, list[Any]] = {}
    host = next((filter_ for filter_ in view.filters if filter_.field == "hostname"), None)
    if {host.removeprefix(WWW) for host in all_hosts} == bare_hosts and len(bare_hosts) == 1:
        # The website has one name, so every visit from that name comes from the website itself.
        corrected = {row[name]: [] for row in suspects}
    elif host is not None and host.operator == "eq":
        corrected = {row[name]: [] for row in suspects if WWW + row[name] in host.values}
    elif suspects and not any(f.field in ("referrer", "hostname") for f in view.filters):
        # Rows that a domain referred to other hosts than its ``www.``.
        referred = [
            with_filters(
                view,
                Filter("referrer", "eq", row[name]),
                Filter("hostname", "neq", WWW + row[name]),
            )
            for row in suspects
        ]
        answers = yield tuple(
            dialect.request(endpoint(other, "referrer", limit=1)) for other in referred
        )
        corrected = {row[name]: answer for row, answer in zip(suspects, answers, strict=True)}
    remaining = [
        row for listed in rows for row in corrected.get(listed[name], [listed]) if row[name]
    ]
    return sorted(remaining, key=lambda row: -int(row[measure]))[offset:][:limit]


def _without_token(answer: JSON) -> JSON:
    """The account that is signed in; before 3.4 the answer repeats the token, which is dropped."""
    return {name: answer.get(name) for name in ("user", "authType", "apiKey")}


SHARED_PLANS: Final[dict[str, Planner]] = {
    "me": translated(_without_token),
    "websites": _websites_of_teams_too,
    "website_charts": _website_charts,
    "event_stats": before(V3_1, _event_stats),
    "segments": _every_segment,
    **dict.fromkeys(PARTS_OF_REVENUE, before(V3_2, _part_of_revenue)),
}
"""Plans of all dialects."""
