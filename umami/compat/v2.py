"""The dialect of Umami 2.x; delete this module and ``v2_requests`` when support for 2.x ends.

Recorded answers of 2.18.1 and 2.20.2 verify it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from umami.api import sessions, traffic
from umami.capabilities import Capabilities
from umami.compat import v2_requests
from umami.compat.dialect import (
    Dialect,
    Part,
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
from umami.compat.referrers import attribution_without_itself, ranking_without_itself
from umami.compat.v2_requests import (
    AMBIGUOUS_STARTS,
    RESTORED,
    SIGNS,
    new_name,
    old_name,
    report,
    request,
    restore_report,
)
from umami.endpoint import JSON, Query, Request
from umami.filters import FIELDS, NEWER_FIELDS, Filter
from umami.view import View

CAPABILITIES: Final = Capabilities(
    fields=frozenset(FIELDS) - NEWER_FIELDS,
    operators=frozenset(SIGNS),
    several=False,
    # 2.x filters by a segment's name, later versions by its id.
    segments=False,
)
FILTERED: Final = frozenset(
    {"stats", "pageviews", "metrics", "groups", "series", "event_stats", "session_stats", "goal",
     "breakdown"}
)  # fmt: skip
"""Endpoints that 2.x can filter; it ignores the filters of all others without an error."""
UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
RANKED_BY_VIEWS: Final = frozenset({"path", "title", "query", "tag"})
"""Fields that 2.18 ranks by views; a breakdown reports their visitors."""
EDGES: Final = frozenset({"entry", "exit"})
GROUPED: Final = RANKED_BY_VIEWS | {
    *("hostname", "browser", "os", "device", "language", "country", "region", "city")
}
"""Fields whose groups a breakdown reports as the newest generation's endpoint does."""
NO_VALUE: Final = (None, "", "null")
"""How a row shows that it lacks the field."""
COUNTED: Final = ("pageviews", "totaltime", "visitors", "visits", "bounces")
NEWEST: Final = 1000
"""Rows at most in the lists of 2.18, the newest ones."""


@dataclass(frozen=True, slots=True)
class V2(Dialect):
    """The dialect of 2.18 and older, or of 2.19 and 2.20."""

    generation: Generation = Generation.V2_20

    emulated = frozenset(
        {"event_stats", "groups", "website_charts", "revenue_stats", "revenue_chart",
         "revenue_metrics"}
    )  # fmt: skip

    @property
    def capabilities(self) -> Capabilities:
        """What 2.x can filter by."""
        return CAPABILITIES

    def mistakable(self, query: Query[Any]) -> bool:
        """Whether 3.x would answer the same request with something else."""
        searched = query.name == "events" and query.arguments["search"]
        edge = query.name == "metrics" and query.arguments["field"] in EDGES
        return bool(query.filters or searched or edge or query.name == "event_data_values")

    def request(self, query: Query[Any], /, **overrides: str | int | None) -> Request:
        """The query as one request to 2.x."""
        return request(query, **overrides)

    @property
    def before_2_19(self) -> bool:
        """Whether pages are ranked by views and lists end after the newest rows."""
        return self.generation < Generation.V2_20

    def missing(self, query: Query[Any]) -> str | None:
        """What 2.x lacks to answer the query without filters, in a sentence."""
        arguments = query.arguments
        if sentence := missing_before_3_1(query, "Umami 2"):
            return sentence
        match query.name:
            case "session_data_values" if not self.before_2_19:
                return "Umami 2.19 and 2.20 fail to list the values of a session’s property."
            case "groups" if arguments["field"] in {"event", *(EDGES if self.before_2_19 else ())}:
                return "Umami 2 does not report the visitors of this."
            case "goal" if arguments["value"].startswith(AMBIGUOUS_STARTS["eq"]):
                return "Umami 2 treats a sign at the beginning of a goal as an operator."
        return None

    def unsupported_filters(self, query: Query[Any]) -> str | None:
        """Why 2.x cannot apply the query's filters, in a sentence."""
        view, arguments = query.view, query.arguments
        if not query.filters or view is None:
            return None
        if query.name not in FILTERED:
            return "Umami 2 cannot filter this; it can be shown without the filters."
        lacking = view.lacking(CAPABILITIES)
        if lacking is not None:
            return lacking
        if any(f.values[0].startswith(AMBIGUOUS_STARTS[f.operator]) for f in view.filters):
            return "Umami 2 treats a sign at the beginning of a filter’s value as an operator."
        if query.name == "goal" and any(f.field == arguments["kind"] for f in view.filters):
            field = FIELDS[arguments["kind"]]
            return f"Umami 2 takes one filter of {field}, which the goal itself needs."
        return None


def _stats(query: Query[Any], _: V2) -> Plan:
    # 2.x always includes the previous period.
    return single(request(query, compare=None), _flat_stats)


def _flat_stats(answer: JSON) -> JSON:
    """Translate ``{value, prev}``; before 2.12 ``{value, change}``."""
    return {
        **{name: figure["value"] for name, figure in answer.items()},
        "comparison": {
            name: figure["prev"] if "prev" in figure else figure["value"] - figure["change"]
            for name, figure in answer.items()
        },
    }


def _metrics(query: Query[Any], dialect: V2) -> Plan:
    arguments = query.arguments
    field, first = arguments["field"], arguments["offset"]
    last = first + arguments["limit"]
    if field == "referrer" and not arguments["search"]:
        return (yield from ranking_without_itself(query, _top_values, _top_values, "x"))
    if field in RANKED_BY_VIEWS and dialect.before_2_19:
        groups = yield from _groups_of(query, field)
        ranked = sorted(groups, key=lambda row: -row["visitors"])
        return [{"x": row["name"], "y": row["visitors"]} for row in ranked[first:last]]
    # The server adds up languages of several countries after the limit, and a row without a value
    # takes the place of a row with a value.
    limit = 10_000 if field == "language" else last + 2
    (rows,) = yield (request(query, type=old_name(field), limit=limit, offset=None),)
    named = [row for row in rows if row["y"] and row["x"] not in NO_VALUE]
    ranked = sorted(named, key=lambda row: -row["y"])[first:last]
    return {"times": ranked} if field in EDGES and dialect.before_2_19 else ranked


def _top_values(view: View, field: str, limit: int) -> Request:
    metric: Any = field
    return request(traffic.metrics(view, metric, limit=limit), type=old_name(field))


def _groups(query: Query[Any], dialect: V2) -> Plan:
    arguments = query.arguments
    field = arguments["field"]
    if field in GROUPED:
        groups = yield from _groups_of(query, field)
        ranked = sorted(groups, key=lambda row: (-row["visitors"], -row["visits"]))
        return ranked[arguments["offset"] :][: arguments["limit"]]
    rows = yield from _metrics(traffic.metrics(**arguments), dialect)
    return [{"name": row["x"], "visitors": row["y"]} for row in rows]


def _groups_of(query: Query[Any], field: str) -> Part:
    """The totals of each value of a field, from a breakdown; 500 values at most."""
    view: View = query.arguments["view"]
    search = query.arguments["search"]
    if search:
        view = view.filtered(field, search, "c")
    fields = (field, "country") if field in ("region", "city") else (field,)
    (rows,) = yield (v2_requests.insights(view, fields),)
    groups = [
        {
            "name": row[old_name(field)],
            "country": row["country"] if "country" in fields[1:] else None,
            "pageviews": int(row["views"]),
            "totaltime": int(row["totaltime"] or 0),
            **{name: int(row[name]) for name in ("visitors", "visits", "bounces")},
        }
        for row in rows
        if row[old_name(field)]
    ]
    # The newest generation drops the country of a language; a visitor has one language.
    return _sum_by_language(groups) if field == "language" else groups


def _sum_by_language(rows: Iterable[JSON]) -> list[JSON]:
    sums: dict[str, dict[str, int]] = {}
    for row in rows:
        total = sums.setdefault(row["name"][:2].lower(), dict.fromkeys(COUNTED, 0))
        for column in COUNTED:
            total[column] += row[column]
    return [{"name": name, "country": None, **total} for name, total in sums.items()]


def _breakdown(query: Query[Any], _: V2) -> Plan:
    fields = tuple(query.arguments["fields"])
    return single(
        v2_requests.insights(query.arguments["view"], fields),
        lambda rows: [{new_name(key): value for key, value in row.items()} for row in rows],
    )


def _values(query: Query[Any], _: V2) -> Request:
    return request(query, type=old_name(query.arguments["field"]))


def _searched(query: Query[Any], _: V2) -> Request:
    # Up to 2.15 the parameter of a search was called query.
    search = search_param(query).get("search", query.arguments["search"])
    return request(query, query=search)


def _websites(query: Query[Any], dialect: V2) -> Plan:
    def list_request(query: Query[Any]) -> Request:
        return request(query) if query.name == "teams" else _searched(query, dialect)

    return websites_of_teams_too(query, list_request)


def _website_charts(query: Query[Any], _: V2) -> Request | Plan:
    return website_charts(
        query, request, lambda stats: stats["visitors"]["value"], has_charts=False
    )


def _page(query: Query[Any], dialect: V2) -> Request | Plan:
    searched = _searched(query, dialect)
    if not dialect.before_2_19:
        return searched
    return single(searched, lambda page: {**page, "isCapped": page["count"] == NEWEST})


def _event_values(query: Query[Any], _: V2) -> Request:
    return request(query, event=None, eventName=query.arguments["event"])


def _event_stats(query: Query[Any], _: V2) -> Plan:
    return event_stats(query.arguments["view"], request)


def _goal(query: Query[Any], _: V2) -> Plan:
    """2.x counts times, and only without filters; stats with the goal as a filter report the rest.

    Stats do not count custom events; session stats count events on a path among its rows.
    """
    view, kind = query.arguments["view"], query.arguments["kind"]
    reached = with_filter(view, Filter(kind, "eq", query.arguments["value"]))
    rows, totals, all_visitors, *goals = yield (
        request(sessions.session_stats(reached)),
        request(traffic.stats(reached)),
        request(sessions.session_stats(view)),
        *(() if query.filters else (report(query, "goal"),)),
    )
    return {
        "times": goals[0][0]["result"] if goals else rows["pageviews"]["value"],
        "num": (totals if kind == "path" else rows)["visitors"]["value"],
        "total": all_visitors["visitors"]["value"],
    }


def _currencies(query: Query[Any], _: V2) -> Plan:
    return single(
        v2_requests.currencies(query.arguments["view"]),
        lambda rows: [{"value": row["currency"]} for row in rows],
    )


def _report(query: Query[Any], _: V2) -> Request:
    return report(query, query.name)


def _utm(query: Query[Any], _: V2) -> Plan:
    return single(report(query, "utm"), _utm_lists)


def _funnel(query: Query[Any], _: V2) -> Plan:
    (rows,) = yield (report(query, "funnel"),)
    return restore_steps(
        query, [{**row, "type": RESTORED.get(row["type"], row["type"])} for row in rows]
    )


def _revenue(query: Query[Any], _: V2) -> Plan:
    """Session stats add the visitors of the whole period."""
    money, all_visitors = yield (
        report(query, "revenue"),
        request(sessions.session_stats(query.arguments["view"].unfiltered())),
    )
    total = {**money["total"], "total_sessions": all_visitors["visitors"]["value"]}
    return {**money, "total": total}


def _part_of_revenue(query: Query[Any], dialect: V2) -> Plan:
    return part_of_revenue(query, lambda whole: _revenue(whole, dialect))


def _attribution(query: Query[Any], _: V2) -> Plan:
    """With a currency 2.x reports money instead of visitors, so both reports are requested."""
    visitors = report(query, "attribution", currency=None)
    money = None if query.arguments["currency"] is None else report(query, "attribution")
    return (yield from attribution_without_itself(query, visitors, money, _top_values))


def _utm_lists(answer: JSON) -> JSON:
    """Translate maps of value to views (up to 2.18) or rows of raw query strings (from 2.19)."""
    if isinstance(answer, dict):
        # The map lacks parameters that no page view has.
        if not all(name.startswith("utm_") for name in answer):
            raise ValueError("not a map of UTM parameters")
        views: dict[str, dict[str, int]] = {name: dict(answer.get(name, {})) for name in UTM}
    else:
        views = {name: {} for name in UTM}
        for row in answer:
            for name, value in dict(parse_qsl(row["url_query"])).items():
                if name in views:
                    views[name][value] = views[name].get(value, 0) + int(row["num"])
    return {
        name: [{"utm": value, "views": count} for value, count in values.items() if value]
        for name, values in views.items()
    }


def _data_stats(answer: JSON) -> JSON:
    """Accept an object, or a list with one object that has ``fields`` instead of ``properties``."""
    stats = answer[0] if isinstance(answer, list) else answer
    return {"properties": stats.get("fields"), **stats}


def _save_report(query: Query[Any], _: V2) -> Plan:
    return single(v2_requests.save_report(query), restore_report)


def _translated(translate: Callable[[JSON], JSON]) -> Callable[[Query[Any], V2], Plan]:
    """A plan that sends the query as it is and translates the answer."""
    return lambda query, _: single(request(query), translate)


V2.plans = {
    "me": _translated(without_token),
    "websites": _websites,
    "website_charts": _website_charts,
    "team_websites": _searched,
    "daterange": _translated(
        lambda answer: {"startDate": answer["mindate"], "endDate": answer["maxdate"]}
    ),
    "active": _translated(lambda answer: {"visitors": answer["x"]} if "x" in answer else answer),
    "stats": _stats,
    "metrics": _metrics,
    "groups": _groups,
    "values": _values,
    "events": _page,
    "event_stats": _event_stats,
    "event_data_values": _event_values,
    "event_data_stats": _translated(_data_stats),
    "sessions": _page,
    "session": _translated(
        lambda answer: {"region": answer.get("subdivision1"), **answer} if answer else {}
    ),
    "activity": _translated(lambda rows: [{"eventId": row.get("id"), **row} for row in rows]),
    "segments": _translated(lambda answer: {"data": answer, "count": len(answer)}),
    "currencies": _currencies,
    "funnel": _funnel,
    "retention": _report,
    "utm": _utm,
    "journey": _report,
    "goal": _goal,
    "breakdown": _breakdown,
    "revenue": _revenue,
    **dict.fromkeys(("revenue_stats", "revenue_chart", "revenue_metrics"), _part_of_revenue),
    "attribution": _attribution,
    "reports": _translated(
        lambda answer: {**answer, "data": [restore_report(row) for row in answer["data"]]}
    ),
    "report": _translated(restore_report),
    "create_report": _save_report,
    "update_report": _save_report,
}
