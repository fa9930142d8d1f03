"""The dialects of Umami 3.x: where its versions differ from the newest, and faults to work around.

Recorded answers of 3.0.3 and 3.1.0 verify them; later versions follow their published API.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, get_args

from umami import filter_params
from umami.api import events, reports, sessions, traffic
from umami.api.params import analysis_body
from umami.compat.dialect import (
    Plan,
    missing_before_3_1,
    restore_steps,
    search_param,
    single,
    with_filter,
)
from umami.compat.emulation import (
    event_stats,
    part_of_revenue,
    website_charts,
    websites_of_teams_too,
    without_token,
)
from umami.compat.generations import Generation
from umami.compat.referrers import Ranked, attribution_without_itself, ranking_without_itself
from umami.compat.v3_requests import REVENUE_BY, UTM, V3Requests, first_answers
from umami.endpoint import JSON, Query, Request, canonical_json
from umami.filters import Filter
from umami.period import Period, zone
from umami.view import View

SESSION_FIELDS: Final = frozenset(
    ("browser", "os", "device", "screen", "language", "country", "region", "city", "channel")
)
"""Fields of groups for which every server reports bounces and seconds."""
BROKEN_DOWN: Final[frozenset[str]] = frozenset(get_args(reports.BreakdownField)) - {"event"}
"""Fields that a breakdown can replace groups of; its rows are page views, never events."""
MOST_BROKEN_DOWN: Final = 500
"""Rows in a breakdown at most."""
MISTAKABLE: Final = (
    *("breakdown", "currencies", "event_data_values", "events", "groups", "revenue", "session"),
    *("sessions", "stats"),
)
"""Endpoints for which 2.x or another 3.x accepts the same request with another meaning."""
MISTAKABLE_FIELDS: Final = ("channel", "entry", "exit")
MOST_STEPS: Final = 500
"""Steps in an activity at most."""
NO_REFERRER: Final = "-"
"""A text that is never a domain."""
HOUR: Final = timedelta(hours=1)
PARTS_OF_REVENUE: Final = ("revenue_stats", "revenue_chart", "revenue_metrics")
PERFORMANCE: Final = ("performance_stats", "performance_chart", "performance_metrics")
PERFORMANCE_BY: Final = {
    "path": "pages",
    "title": "pageTitles",
    "device": "devices",
    "browser": "browsers",
}
"""The parts of the performance report before 3.4, by the field that groups them."""


@dataclass(frozen=True, slots=True)
class V3(V3Requests):
    """The dialect of one generation of 3.x."""

    emulated = frozenset({*PARTS_OF_REVENUE, "event_stats", "website_charts"})

    def mistakable(self, query: Query[Any]) -> bool:
        """Whether a server of another version would answer the same request with something else."""
        shifted = self.is_3_0 and query.name == "weekly"
        ranked = query.name == "metrics" and query.arguments["field"] in MISTAKABLE_FIELDS
        return bool(query.filters or shifted or ranked or query.name in MISTAKABLE)

    def missing(self, query: Query[Any]) -> str | None:
        """What this version lacks to answer the query without filters, in a sentence."""
        if not self.is_3_0:
            return None
        if query.name == "revenue_chart" and query.arguments["view"].period.unit in (
            *("minute", "hour"),
        ):
            return "Umami 3.0 adds up revenue by the day, whatever unit is requested."
        if query.name == "weekly" and _hours_ahead(query.arguments["view"].period) is None:
            return (
                "Umami 3.0 reports weekdays and hours in UTC only, and they cannot be converted "
                "for this period and time zone. Choose the time zone UTC."
            )
        return missing_before_3_1(query, "Umami 3.0")


def _me(query: Query[Any], dialect: V3) -> Plan:
    return single(dialect.request(query), without_token)


def _websites(query: Query[Any], dialect: V3) -> Plan:
    def list_request(query: Query[Any]) -> Request:
        teams = {"includeTeams": "true"} if query.name == "websites" else {}
        return dialect.request(query, **teams)

    return websites_of_teams_too(query, list_request)


def _website_charts(query: Query[Any], dialect: V3) -> Request | Plan:
    return website_charts(
        query,
        dialect.request,
        lambda stats: stats["visitors"],
        has_charts=dialect.generation >= Generation.V3_3,
    )


def _metrics(query: Query[Any], dialect: V3) -> Request | Plan:
    return _metrics_3_0(query, dialect) if dialect.is_3_0 else dialect.request(query)


def _groups(query: Query[Any], dialect: V3) -> Request | Plan:
    """From 3.3.1 on, bounces and seconds of a page field are always 0; a breakdown has them."""
    if dialect.is_3_0:
        return _metrics_3_0(query, dialect)
    if query.arguments["field"] in SESSION_FIELDS:
        return dialect.request(query)
    breakdown = _breakdown_of(query) if dialect.generation >= Generation.V3_3 else None
    if breakdown is not None:
        return _groups_of_breakdown(query, dialect, breakdown)
    return single(dialect.request(query), _without_literal_zeros)


def _breakdown_of(query: Query[Any]) -> Query[Any] | None:
    """The breakdown by the query's field over the same rows; ``None`` where there is none."""
    view: View = query.arguments["view"]
    field, search = query.arguments["field"], query.arguments["search"]
    filtered = {filter_.field for filter_ in view.filters}
    if field not in BROKEN_DOWN or (view.match == "any" and len(view.filters) > 1):
        return None
    if search:
        if field in filtered:
            return None
        view = with_filter(view, Filter(field, "c", search))
    elif field == "referrer" and field not in filtered:
        # Any filter by referrer drops rows without a referrer and rows that the website itself
        # referred, as the list of referrers does.
        view = with_filter(view, Filter("referrer", "neq", NO_REFERRER))
    return reports.breakdown(view, (field,))


def _groups_of_breakdown(query: Query[Any], dialect: V3, breakdown: Query[Any]) -> Plan:
    (rows,) = yield from first_answers(dialect.forms(breakdown))
    field, first, limit = (query.arguments[name] for name in ("field", "offset", "limit"))
    named = [{**row, "name": row[field], "pageviews": row["views"]} for row in rows if row[field]]
    if named and (len(rows) < MOST_BROKEN_DOWN or len(named) >= first + limit):
        return named[first:][:limit]
    # There are more values than a breakdown lists, or no value belongs to a page view.
    (groups,) = yield (dialect.request(query),)
    by_name = {row["name"]: row for row in named}
    return [by_name.get(row["name"], row) for row in _without_literal_zeros(groups)]


def _without_literal_zeros(rows: JSON) -> JSON:
    """Rows without bounces and seconds where all of them are 0, which carries no information."""
    if any(float(row["bounces"] or 0) or float(row["totaltime"] or 0) for row in rows):
        return rows
    return [{**row, "bounces": None, "totaltime": None} for row in rows]


def _metrics_3_0(query: Query[Any], dialect: V3) -> Plan:
    """3.0 ignores a ``www.``, and a row without a value takes the place of a row with a value."""
    name = "x" if query.name == "metrics" else "name"
    first, limit = query.arguments["offset"], query.arguments["limit"]
    if query.arguments["field"] == "referrer" and not query.arguments["search"]:
        ranked = _top_values(dialect, traffic.metrics if name == "x" else traffic.groups)
        return (yield from ranking_without_itself(query, ranked, _top_values(dialect), name))
    (rows,) = yield (dialect.request(query, limit=first + limit + 2, offset=None),)
    return [row for row in rows if row[name]][first:][:limit]


def _top_values(dialect: V3, endpoint: Any = traffic.metrics) -> Ranked:
    def ranked(view: View, field: str, limit: int) -> Request:
        return dialect.request(endpoint(view, field, limit=limit))

    return ranked


def _events(query: Query[Any], dialect: V3) -> Request:
    """Up to 3.3.0 a self-hosted server compares the search with the whole text."""
    search = search_param(query).get("search")
    if not search or dialect.cloud or dialect.generation >= Generation.V3_4:
        return dialect.request(query)
    return dialect.request(query, search=f"%{search}%")


def _event_stats(query: Query[Any], dialect: V3) -> Request | Plan:
    if not dialect.is_3_0:
        return dialect.request(query)
    return event_stats(query.arguments["view"], dialect.request)


def _event_properties(query: Query[Any], dialect: V3) -> Request | Plan:
    """Up to 3.2 a self-hosted server fails without an event, so there is a request for each."""
    fails = query.arguments["event"] is None and not dialect.cloud
    if fails and dialect.generation < Generation.V3_3:
        return _properties_of_each_event(query, dialect)
    return dialect.request(query)


def _properties_of_each_event(query: Query[Any], dialect: V3) -> Plan:
    view: View = query.arguments["view"]
    (properties,) = yield (dialect.request(events.event_data_properties(view)),)
    names = sorted({row["eventName"] for row in properties})
    answers = yield tuple(dialect.request(events.event_data_events(view, name)) for name in names)
    totals: dict[tuple[str, str, int], int] = {}
    for row in (row for rows in answers for row in rows):
        key = (row["eventName"], row["propertyName"], row["dataType"])
        totals[key] = totals.get(key, 0) + int(row["total"])
    return [
        {"eventName": event, "propertyName": name, "dataType": data_type, "total": total}
        for (event, name, data_type), total in sorted(totals.items())
    ]


def _event_values(query: Query[Any], dialect: V3) -> Request:
    """From 3.3 on ``eventName`` is the name, and ``event`` would be a filter beside it."""
    if dialect.generation >= Generation.V3_3 or dialect.cloud:
        return dialect.request(query, eventName=query.arguments["event"], event=None)
    return dialect.request(query)


def _activity(query: Query[Any], dialect: V3) -> Request | Plan:
    """From 3.3 on the figures of a session cover all sessions that share its distinct ids."""
    if dialect.generation < Generation.V3_3:
        return dialect.request(query)
    return _stitched_activity(query, dialect)


def _stitched_activity(query: Query[Any], dialect: V3) -> Plan:
    view, session = query.arguments["view"], query.arguments["session"]
    detail, steps = yield (
        dialect.request(sessions.session(view.website, session)),
        dialect.request(query),
    )
    distinct_ids = detail.get("distinctIds") or list(filter(None, [detail.get("distinctId")]))
    if int(detail.get("stitchedSessionCount") or 1) < 2 or not distinct_ids:
        return steps
    answers = yield tuple(dialect.request(query, distinctId=id_) for id_ in distinct_ids)
    stitched = {step["eventId"]: step for rows in (steps, *answers) for step in rows}
    newest = sorted(stitched.values(), key=lambda step: str(step["createdAt"]), reverse=True)
    return newest[:MOST_STEPS]


def _weekly(query: Query[Any], dialect: V3) -> Request | Plan:
    if not dialect.is_3_0:
        return dialect.request(query)
    hours = _hours_ahead(query.arguments["view"].period) or 0
    return single(dialect.request(query), lambda week: _shifted_week(week, hours))


def _shifted_week(week: JSON, hours: int) -> JSON:
    """Days of 24 counts in UTC, from Sunday on, for a clock that is ``hours`` ahead."""
    counts = [count for day in week for count in day]
    return [
        [counts[(24 * day + hour - hours) % len(counts)] for hour in range(24)] for day in range(7)
    ]


def _hours_ahead(period: Period) -> int | None:
    """Whole hours that the zone is ahead of UTC all through the period, or ``None``."""
    local = zone(period.timezone)

    def offset(moment: datetime) -> timedelta:
        return moment.astimezone(local).utcoffset() or timedelta()

    first = offset(period.start)
    moment = period.start
    while moment < period.end:
        moment = min(moment + timedelta(days=1), period.end)
        if offset(moment) != first:
            return None
    return None if first % HOUR else first // HOUR


def _goal(query: Query[Any], dialect: V3) -> Plan:
    """3.x counts visitors; session stats with the goal as a filter count the times."""
    stats = sessions.session_stats(query.arguments["view"])
    filter_ = _goal_filter(query, dialect)
    others = (
        # 3.0 counts only visitors with a row of the goal's kind as all visitors.
        *([dialect.request(stats)] if dialect.is_3_0 else []),
        *([stats.to_request((*dialect.filters(stats), filter_))] if filter_ else []),
    )
    forms = tuple((*form, *others) for form in dialect.forms(query))
    goal, *counts = yield from first_answers(forms)
    return {
        "times": counts[-1]["pageviews"]["value"] if filter_ else None,
        "num": goal["num"],
        "total": counts[0]["visitors"]["value"] if dialect.is_3_0 else goal["total"],
    }


def _goal_filter(query: Query[Any], dialect: V3) -> tuple[str, str] | None:
    """The parameter that filters by a goal; ``None`` where no filter can express it."""
    view, kind, value = (query.arguments[name] for name in ("view", "kind", "value"))
    same = sum(filter_.field == kind for filter_ in view.filters)
    start, end = value.startswith("*"), value.endswith("*")
    if (
        (view.match == "any" and view.filters)
        or (dialect.is_3_0 and same)
        or (dialect.cloud and (start or end))
    ):
        return None
    if start or end:
        middle = filter_params.regex_escaped(value.removeprefix("*").removesuffix("*"))
        text = f"re.(?c){'' if start else '^'}{middle}{'' if end else '$'}"
    elif dialect.is_3_0:
        text = f"eq.{value}"
    else:
        text = filter_params.encode(Filter(kind, "eq", value))
    return f"{kind}{same or ''}", text


def _analysis(query: Query[Any], dialect: V3) -> Plan:
    (answer,) = yield from first_answers(dialect.forms(query))
    return answer


def _funnel(query: Query[Any], dialect: V3) -> Plan:
    return restore_steps(query, (yield from _analysis(query, dialect)))


def _utm(query: Query[Any], dialect: V3) -> Plan:
    answers = yield from first_answers(dialect.forms(query))
    return answers[0] if len(answers) == 1 else dict(zip(UTM, answers, strict=True))


def _revenue(query: Query[Any], dialect: V3) -> Plan:
    if dialect.is_3_0:
        return (yield from _revenue_3_0(query, dialect))
    answers = yield from first_answers(dialect.forms(query))
    if len(answers) == 1:
        return answers[0]
    chart, total, *parts = answers
    return {**chart, "total": total, **dict(zip(REVENUE_BY, parts, strict=True))}


def _revenue_3_0(query: Query[Any], dialect: V3) -> Plan:
    view: View = query.arguments["view"]
    money, all_visitors = yield (
        dialect.post(query),
        dialect.request(sessions.session_stats(view.unfiltered())),
    )
    total = {**money["total"], "total_sessions": all_visitors["visitors"]["value"]}
    # 3.0 adds up whole days, whatever unit is requested.
    chart = money["chart"] if view.period.unit in ("day", "month", "year") else None
    return {**money, "chart": chart, "total": total}


def _part_of_revenue(query: Query[Any], dialect: V3) -> Request | Plan:
    """Before 3.2, a part of the whole report on revenue."""
    if dialect.generation >= Generation.V3_2:
        return dialect.request(query)
    return part_of_revenue(query, lambda whole: _revenue(whole, dialect))


def _performance(query: Query[Any], dialect: V3) -> Request | Plan:
    """Before 3.4, a part of one report that holds all performance figures."""
    if dialect.generation >= Generation.V3_4:
        return dialect.request(query)
    arguments = query.arguments
    view: View = arguments["view"]
    body = analysis_body(view, "performance", unit=view.period.unit, metric=arguments.get("vital"))
    body["filters"] = dict(dialect.filters(query))
    request = Request("POST", "/reports/performance", (), canonical_json(body))
    if query.name == "performance_stats":
        return single(request, lambda answer: answer["summary"])
    if query.name == "performance_chart":
        return request
    part = PERFORMANCE_BY[arguments["field"]]
    return single(request, lambda answer: answer[part][: arguments["limit"]])


def _attribution(query: Query[Any], dialect: V3) -> Request | Plan:
    """With a currency, 3.0 reports money instead of visitors; later versions always visitors."""
    if not dialect.is_3_0:
        return _analysis(query, dialect)
    post = dialect.post(query)
    body = json.loads(post.body or "{}")
    money = None if body["parameters"].pop("currency", None) is None else post
    visitors = replace(post, body=canonical_json(body))
    return attribution_without_itself(query, visitors, money, _top_values(dialect))


def _currencies(query: Query[Any], dialect: V3) -> Request | Plan:
    if dialect.is_3_0:
        return dialect.request(query)
    return single(
        dialect.request(query),
        # From 3.1 on, a currency in lower case is the same currency.
        lambda rows: [{"value": value} for value in sorted({row["value"].upper() for row in rows})],
    )


V3.plans = {
    "me": _me,
    "websites": _websites,
    "website_charts": _website_charts,
    "metrics": _metrics,
    "groups": _groups,
    "events": _events,
    "event_stats": _event_stats,
    "event_data_events": _event_properties,
    "event_data_values": _event_values,
    "weekly": _weekly,
    "activity": _activity,
    "currencies": _currencies,
    "goal": _goal,
    "utm": _utm,
    "revenue": _revenue,
    "attribution": _attribution,
    **dict.fromkeys(PARTS_OF_REVENUE, _part_of_revenue),
    **dict.fromkeys(PERFORMANCE, _performance),
    "funnel": _funnel,
    **dict.fromkeys(("retention", "journey", "breakdown"), _analysis),
}
