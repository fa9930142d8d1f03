"""The dialect of Umami 2.x; delete this module, ``v2_requests`` and ``v2_segments`` when support
for 2.x ends. Recorded answers of 2.18.1 and 2.20.2 verify it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from umami.api import sessions, traffic
from umami.api.segments import Segment
from umami.compat import emulation, v2_requests, v2_segments
from umami.compat.dialect import (
    Dialect,
    Part,
    Plan,
    before,
    restore_steps,
    single,
    translated,
    with_filters,
)
from umami.compat.generations import V2_18, V2_20, Generation
from umami.compat.v2_requests import (
    AMBIGUOUS_STARTS,
    SIGNS,
    new_name,
    old_name,
    report,
    restore_report,
)
from umami.endpoint import JSON, Query, Request
from umami.filters import FIELDS, Filter
from umami.texts import N_, Message
from umami.view import View

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


@dataclass(frozen=True)
class V2(Dialect):
    """The dialect of 2.18 and older, or of 2.19 and 2.20."""

    generation: Generation = V2_20

    def mistakable(self, query: Query[Any]) -> bool:
        searched = query.name == "events" and query.arguments["search"]
        edge = query.name == "metrics" and query.arguments["field"] in EDGES
        return bool(query.filters or searched or edge or query.name == "event_data_values")

    def filters(self, query: Query[Any]) -> tuple[tuple[str, str], ...]:
        """The query's filters as parameters, with a sign for the operator."""
        return tuple(
            (old_name(filter_.field), f"{SIGNS[filter_.operator]}{filter_.literal_values[0]}")
            for filter_ in (query.view.filters if query.view and query.filters else ())
        )

    def renamed(self, query: Query[Any]) -> Mapping[str, str | None]:
        arguments = query.arguments
        match query.name:
            case "websites" | "team_websites" | "events" | "sessions":
                # Up to 2.15 the parameter of a search was called query.
                return {"query": self.search(query)}
            case "metrics" | "values":
                return {"type": old_name(arguments["field"])}
            case "event_data_values":
                return {"event": None, "eventName": arguments["event"]}
            case "stats":
                # 2.x always includes the previous period.
                return {"compare": None}
        return {}

    def report(self, query: Query[Any]) -> Request:
        return report(query)

    def missing(self, query: Query[Any]) -> str | None:
        arguments = query.arguments
        if sentence := super().missing(query):
            return sentence
        match query.name:
            case "session_data_values" if self.generation != V2_18:
                return N_("Umami 2.19 and 2.20 fail to list the values of a session’s property.")
            case "groups" if arguments["field"] == "event" or (
                self.generation == V2_18 and arguments["field"] in EDGES
            ):
                return N_("Umami 2 does not report the visitors of this.")
            case "goal" if arguments["value"].startswith(AMBIGUOUS_STARTS["eq"]):
                return N_("Umami 2 treats a sign at the beginning of a goal as an operator.")
        return None

    def expand(self, query: Query[Any], saved: Iterable[Segment]) -> Query[Any]:
        return v2_segments.expand(query, saved, self.capabilities, self.refusal)

    def unsupported_filters(self, query: Query[Any]) -> str | None:
        view, arguments = query.view, query.arguments
        if not query.filters or view is None:
            return None
        if query.name not in FILTERED:
            return N_("Umami 2 cannot filter this; it can be shown without the filters.")
        lacking = view.lacking(self.capabilities)
        if lacking is not None:
            return lacking
        if any(f.values[0].startswith(AMBIGUOUS_STARTS[f.operator]) for f in view.filters):
            return N_("Umami 2 treats a sign at the beginning of a filter’s value as an operator.")
        if query.name == "goal" and any(f.field == arguments["kind"] for f in view.filters):
            field = FIELDS[arguments["kind"]]
            return Message(
                "Umami 2 takes one filter of {field}, which the goal itself needs.",
                field=Message(field),
            )
        return None


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
        return (yield from emulation.referrers_before_3_1(query, dialect))
    if field in RANKED_BY_VIEWS and dialect.generation == V2_18:
        groups = yield from _groups_of(query, field)
        ranked = sorted(groups, key=lambda row: -row["visitors"])
        return [{"x": row["name"], "y": row["visitors"]} for row in ranked[first:last]]
    # The server adds up languages of several countries after the limit, and a row without a value
    # takes the place of a row with a value.
    limit = 10_000 if field == "language" else last + 2
    (rows,) = yield (dialect.request(query, limit=limit, offset=None),)
    named = [row for row in rows if row["y"] and row["x"] not in NO_VALUE]
    ranked = sorted(named, key=lambda row: -row["y"])[first:last]
    return {"times": ranked} if field in EDGES and dialect.generation == V2_18 else ranked


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
    column = old_name(field)
    fields = (field, "country") if field in ("region", "city") else (field,)
    (rows,) = yield (v2_requests.insights(view, fields),)
    groups = [
        {
            "name": row[column],
            "country": row["country"] if "country" in fields[1:] else None,
            "pageviews": int(row["views"]),
            "totaltime": int(row["totaltime"] or 0),
            **{name: int(row[name]) for name in ("visitors", "visits", "bounces")},
        }
        for row in rows
        if row[column]
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


def _goal(query: Query[Any], dialect: V2) -> Plan:
    """2.x counts times, and only without filters; stats with the goal as a filter report the rest.
    Stats do not count custom events; session stats count events on a path among its rows."""
    view, kind = query.arguments["view"], query.arguments["kind"]
    reached = with_filters(view, Filter(kind, "eq", query.arguments["value"]))
    rows, totals, all_visitors, *goals = yield (
        dialect.request(sessions.session_stats(reached)),
        dialect.request(traffic.stats(reached)),
        dialect.request(sessions.session_stats(view)),
        *(() if query.filters else (report(query),)),
    )
    return {
        "times": goals[0][0]["result"] if goals else rows["pageviews"]["value"],
        "num": (totals if kind == "path" else rows)["visitors"]["value"],
        "total": all_visitors["visitors"]["value"],
    }


def _funnel(query: Query[Any], _: V2) -> Plan:
    (rows,) = yield (report(query),)
    return restore_steps(query, [{**row, "type": new_name(row["type"])} for row in rows])


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


V2.plans = {
    **emulation.SHARED_PLANS,
    "daterange": translated(
        lambda answer: {"startDate": answer["mindate"], "endDate": answer["maxdate"]}
    ),
    "active": translated(lambda answer: {"visitors": answer["x"]} if "x" in answer else answer),
    "stats": translated(_flat_stats),
    "metrics": _metrics,
    "groups": _groups,
    **dict.fromkeys(
        ("events", "sessions"),
        before(V2_20, translated(lambda page: {**page, "isCapped": page["count"] == NEWEST})),
    ),
    "event_data_stats": translated(_data_stats),
    "session": translated(
        lambda answer: {"region": answer.get("subdivision1"), **answer} if answer else {}
    ),
    "activity": translated(lambda rows: [{"eventId": row.get("id"), **row} for row in rows]),
    "segments": translated(
        lambda answer: {
            "data": [v2_segments.restore_segment(row) for row in answer],
            "count": len(answer),
        }
    ),
    **dict.fromkeys(
        ("segment", "create_segment", "update_segment"),
        translated(v2_segments.restore_segment),
    ),
    "currencies": lambda query, _: single(
        v2_requests.currencies(query.arguments["view"]),
        lambda rows: [{"value": row["currency"]} for row in rows],
    ),
    "funnel": _funnel,
    **dict.fromkeys(("retention", "journey"), lambda query, _: report(query)),
    "utm": lambda query, _: single(report(query), _utm_lists),
    "goal": _goal,
    "breakdown": _breakdown,
    "revenue": emulation.revenue_before_3_1,
    "attribution": emulation.attribution_before_3_1,
    "reports": translated(
        lambda answer: {**answer, "data": [restore_report(row) for row in answer["data"]]}
    ),
    "report": translated(restore_report),
    **dict.fromkeys(
        ("create_report", "update_report"),
        lambda query, _: single(v2_requests.save_report(query), restore_report),
    ),
}
