"""Everything that Umami 2.x says otherwise; to be deleted on the day that 2.x is.

Questions and models speak the newest generation's language; ``V2`` says a question the old way
and makes the newest generation's answer of what comes back. 2.18.1 and 2.20.2 are known by
recordings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from umami.capabilities import Capabilities
from umami.compat.dialect import (
    Part,
    Plan,
    restore_steps,
    search_param,
    single,
    split_search,
    summed,
    too_new,
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
from umami.compat.referrers import foreign, without_itself
from umami.endpoint import JSON, Query, Request, canonical_json
from umami.endpoints import sessions, traffic
from umami.endpoints.params import iso_time, uuid_of
from umami.errors import NotOffered
from umami.filter_params import like_literally, step_escaped
from umami.filters import FIELDS, NEWER_FIELDS, Filter
from umami.view import View

RENAMED: Final = {"path": "url", "hostname": "host"}
"""Fields that bore another name: filters, metric types, report fields, funnel steps."""
RESTORED: Final = {old: new for new, old in RENAMED.items()}
SIGNS: Final = {"eq": "", "neq": "!", "c": "~", "dnc": "!~"}
SIGNS_AHEAD: Final = {"eq": ("!", "~"), "neq": ("~",), "c": (), "dnc": ()}
"""With what a value must not begin, or the sign before it would be another."""
CAPABILITIES: Final = Capabilities(
    fields=frozenset(FIELDS) - NEWER_FIELDS,
    operators=frozenset(SIGNS),
    several=False,
    segments=False,
)
"""Segments are known by name here, and by id everywhere else."""
FILTERED: Final = frozenset(
    {"stats", "pageviews", "metrics", "groups", "series", "event_stats", "session_stats", "goal",
     "breakdown"}
)  # fmt: skip
"""What 2.x can filter; on all else it drops filters without a word."""
UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
REPORT_TYPES: Final = {"breakdown": "insights", "goal": "goals"}
RANKED_BY_VIEWS: Final = frozenset({"path", "title", "query", "tag"})
"""What 2.18 ranks by views, and can tell the visitors of by way of a breakdown."""
EDGES: Final = frozenset({"entry", "exit"})
GROUPED: Final = frozenset(
    {"path", "title", "query", "tag", "hostname", "browser", "os", "device", "language", "country",
     "region", "city"}
)  # fmt: skip
"""Fields whose groups a breakdown tells as the newest generation's own question does."""
EMULATED: Final = frozenset(
    {"event_stats", "groups", "website_charts", "revenue_stats", "revenue_chart", "revenue_metrics"}
)
"""Endpoints of 3.x that a plan answers."""
NAMELESS: Final = (None, "", "null")
"""How a row says that it lacks the field."""
NEWEST: Final = 1000
"""So many of the newest rows are all that lists of 2.18 know."""


@dataclass(frozen=True, slots=True)
class V2:
    """The dialect of 2.18 or of 2.20, and of what came before."""

    generation: Generation = Generation.V2_20
    capabilities: Capabilities = CAPABILITIES

    def refusal(self, question: Query[Any]) -> NotOffered | None:
        """Why 2.x cannot answer, where it cannot."""
        sentence = (
            too_new(question, self.generation, EMULATED)
            or self._lacking(question)
            or split_search(question)
            or _beyond_filters(question)
        )
        return NotOffered(sentence, endpoint=question.name) if sentence else None

    def plan(self, question: Query[Any]) -> Request | Plan:
        """How 2.x is asked."""
        planned = _PLANS.get(question.name)
        if planned is not None:
            return planned(question, self)
        return _asking(question)

    def mistakable(self, question: Query[Any]) -> bool:
        """Whether a 3.x would answer something else: it drops what it does not know."""
        search_param = question.name == "events" and question.arguments["search"]
        edge = question.name == "metrics" and question.arguments["field"] in EDGES
        return bool(
            question.filters or search_param or edge or question.name == "event_data_values"
        )

    @property
    def _counted_by_rows(self) -> frozenset[str]:
        """What is ranked by rows, and by nothing else."""
        return EDGES if self.generation < Generation.V2_20 else frozenset()

    def _lacking(self, question: Query[Any]) -> str | None:
        name, asked = question.name, question.arguments
        if name == "session_data_values" and self.generation is Generation.V2_20:
            return "Umami 2.19 and 2.20 fail to list the values of a session’s property."
        if name == "groups" and asked["field"] in {"event", *self._counted_by_rows}:
            return "Umami 2 does not tell the visitors of this."
        if name in ("metrics", "groups") and asked["field"] in NEWER_FIELDS:
            return f"Umami 2 does not rank by {FIELDS[asked['field']]}."
        if name == "revenue_metrics" and asked["by"] != "country":
            return f"Umami 2 does not tell revenue by {asked['by']}."
        if name == "breakdown" and NEWER_FIELDS & set(asked["fields"]):
            return "Umami 2 does not break down by UTM fields."
        if name == "goal" and "*" in asked["value"]:
            return "Umami 2 knows no wildcards in goals."
        if name == "goal" and asked["value"].startswith(SIGNS_AHEAD["eq"]):
            return "Umami 2 takes a sign at the beginning of a goal for an operator."
        return None


def _beyond_filters(question: Query[Any]) -> str | None:
    if not question.filters or question.view is None:
        return None
    if question.name not in FILTERED:
        return "Umami 2 cannot filter this; it can be shown without the filters."
    lacking = question.view.lacking(CAPABILITIES)
    if lacking is not None:
        return lacking
    if any(one.values[0].startswith(SIGNS_AHEAD[one.operator]) for one in question.view.filters):
        return "Umami 2 takes a sign at the beginning of a filter’s value for an operator."
    asked = question.arguments
    if question.name == "goal" and any(one.field == asked["kind"] for one in question.view.filters):
        return f"Umami 2 takes one filter of {FIELDS[asked['kind']]}, which a goal needs."
    return None


def _old(field: str) -> str:
    return RENAMED.get(field, field)


def _new(field: str) -> str:
    return RESTORED.get(field, field)


def _signed(view: View | None) -> tuple[tuple[str, str], ...]:
    """A View's filters as parameters: ``("url", "!/pricing")``."""
    given = view.filters if view else ()
    return tuple(
        (_old(one.field), f"{SIGNS[one.operator]}{like_literally(one)[0]}") for one in given
    )


def _asking(question: Query[Any], **instead: str | int | None) -> Request:
    filters = _signed(question.view) if question.filters else ()
    return question.asking(filters, **{**search_param(question), **instead})


def _stats(question: Query[Any], _own: V2) -> Plan:
    # 2.x always answers for the previous period, too.
    return single(_asking(question, compare=None), _flat_stats)


def _flat_stats(answer: JSON) -> JSON:
    """``{value, prev}``; before 2.12 ``{value, change}``."""

    def before(figure: dict[str, Any]) -> Any:
        return figure["prev"] if "prev" in figure else figure["value"] - figure["change"]

    return {
        **{name: figure["value"] for name, figure in answer.items()},
        "comparison": {name: before(figure) for name, figure in answer.items()},
    }


def _metrics(question: Query[Any], own: V2) -> Plan:
    asked = question.arguments
    field, first = asked["field"], asked["offset"]
    last = first + asked["limit"]
    if field == "referrer" and not asked["search"]:
        return (yield from foreign(question, _ranked, _ranked, "x"))
    if field in RANKED_BY_VIEWS and own.generation < Generation.V2_20:
        groups = yield from _groups_of(question, field)
        ranked = sorted(groups, key=lambda row: -row["visitors"])
        return [{"x": row["name"], "y": row["visitors"]} for row in ranked[first:last]]
    # Languages are summed up from such with countries after a limit, and a row without a value
    # takes the place of one with.
    enough = 10_000 if field == "language" else last + 2
    (rows,) = yield (_asking(question, type=_old(field), limit=enough, offset=None),)
    named = [row for row in rows if row["y"] and row["x"] not in NAMELESS]
    ranked = sorted(named, key=lambda row: -row["y"])[first:last]
    by_rows = field in EDGES and own.generation < Generation.V2_20
    return {"times": ranked} if by_rows else ranked


def _ranked(view: View, field: str, limit: int) -> Request:
    metric: Any = field
    return _asking(traffic.metrics(view, metric, limit=limit), type=_old(field))


def _groups(question: Query[Any], own: V2) -> Plan:
    asked = question.arguments
    field = asked["field"]
    if field in GROUPED:
        groups = yield from _groups_of(question, field)
        ranked = sorted(groups, key=lambda row: (-row["visitors"], -row["visits"]))
        return ranked[asked["offset"] :][: asked["limit"]]
    rows = yield from _metrics(traffic.metrics(**asked), own)
    return [{"name": row["x"], "visitors": row["y"]} for row in rows]


def _groups_of(question: Query[Any], field: str) -> Part:
    """The totals of each value of a field, from a breakdown; 500 values at most."""
    view = question.view
    assert view is not None
    search = question.arguments["search"]
    if search:
        view = view.filtered(field, search, "c")
    fields = (field, "country") if field in ("region", "city") else (field,)
    (rows,) = yield (_insights(view, fields),)
    groups = [
        {
            "name": row[_old(field)],
            "country": row["country"] if "country" in fields[1:] else None,
            "pageviews": int(row["views"]),
            "totaltime": int(row["totaltime"] or 0),
            **{name: int(row[name]) for name in ("visitors", "visits", "bounces")},
        }
        for row in rows
        if row[_old(field)]
    ]
    if field == "language":
        # The newest generation knows languages without countries; a visitor has one language.
        return summed(groups, lambda row: row["name"][:2].lower())
    return groups


def _insights(view: View, fields: tuple[str, ...]) -> Request:
    body = {
        **_envelope(view),
        "fields": [{"name": _old(one), "type": "string", "label": one} for one in fields],
        "filters": [
            {
                "name": _old(one.field),
                "type": "string",
                "operator": one.operator,
                "value": like_literally(one)[0],
            }
            for one in view.filters
        ],
    }
    return Request("POST", "/reports/insights", (), canonical_json(body))


def _breakdown(question: Query[Any], _own: V2) -> Plan:
    view = question.view
    assert view is not None
    request = _insights(view, tuple(question.arguments["fields"]))
    return single(
        request,
        lambda rows: [{RESTORED.get(key, key): one for key, one in row.items()} for row in rows],
    )


def _typed(question: Query[Any], _own: V2) -> Plan:
    request = _asking(question, type=_old(question.arguments["field"]))
    return single(request, lambda answer: answer)


def _searched(question: Query[Any], _own: V2) -> Request:
    # Up to 2.15 a search was a query.
    search = search_param(question).get("search", question.arguments["search"])
    return _asking(question, query=search)


def _websites(question: Query[Any], dialect: V2) -> Plan:
    def spell(question: Query[Any]) -> Request:
        return _asking(question) if question.name == "teams" else _searched(question, dialect)

    return websites_of_teams_too(question, spell)


def _website_charts(question: Query[Any], _own: V2) -> Request | Plan:
    return website_charts(
        question, _request, lambda stats: stats["visitors"]["value"], offered=False
    )


def _listed(question: Query[Any], own: V2) -> Request | Plan:
    request = _searched(question, own)
    return single(request, _cut) if own.generation < Generation.V2_20 else request


def _cut(page: JSON) -> JSON:
    return {**page, "isCapped": page["count"] == NEWEST}


def _event_values(question: Query[Any], _own: V2) -> Request:
    return _asking(question, event=None, eventName=question.arguments["event"])


def _event_stats(question: Query[Any], _own: V2) -> Plan:
    return event_stats(question.arguments["view"], _request)


def _goal(question: Query[Any], _own: V2) -> Plan:
    """2.x counts times, and without filters; what else a goal is, stats tell with it as a filter.

    Stats know no custom events, and session stats count those on a path among its rows.
    """
    view, kind = question.arguments["view"], question.arguments["kind"]
    reached = with_filter(view, Filter(kind, "eq", question.arguments["value"]))
    rows, totals, everybody, *goals = yield (
        _request(sessions.session_stats(reached)),
        _request(traffic.stats(reached)),
        _request(sessions.session_stats(view)),
        *(() if question.filters else (_analysis(question, "goal"),)),
    )
    return {
        "times": goals[0][0]["result"] if goals else rows["pageviews"]["value"],
        "num": (totals if kind == "path" else rows)["visitors"]["value"],
        "total": everybody["visitors"]["value"],
    }


def _request(question: Query[Any]) -> Request:
    """A question that is one request with signs for filters."""
    return _asking(question)


def _currencies(question: Query[Any], _own: V2) -> Plan:
    view = question.view
    assert view is not None
    query = {"websiteId": uuid_of(view.website), **_range(view)}
    return single(
        Request("GET", "/reports/revenue", tuple(sorted(query.items()))),
        lambda answer: [{"value": row["currency"]} for row in answer],
    )


def _range(view: View) -> dict[str, str]:
    return {"startDate": iso_time(view.period.start), "endDate": iso_time(view.period.end)}


def _envelope(view: View) -> dict[str, Any]:
    return {
        "websiteId": uuid_of(view.website),
        "timezone": view.period.timezone,
        "dateRange": _range(view),
    }


def _analysis(question: Query[Any], kind: str, **changed: Any) -> Request:
    """An analysis as 2.x wants it asked; ``changed`` parameters count instead of its own."""
    view = question.view
    assert view is not None
    given = {**json.loads(question.body or "{}")["parameters"], **changed}
    given = {name: one for name, one in given.items() if one is not None}
    if kind == "funnel":
        steps = [{**one, "value": step_escaped(one["value"])} for one in given["steps"]]
        given = {**given, "steps": steps}
    envelope = _envelope(view)
    if "unit" in given:
        envelope["dateRange"] = {**envelope["dateRange"], "unit": given["unit"]}
    body = {**envelope, **_OLD_PARAMETERS[kind](given)}
    return Request("POST", f"/reports/{REPORT_TYPES.get(kind, kind)}", (), canonical_json(body))


def _analysed(question: Query[Any], _own: V2) -> Plan:
    return single(
        _analysis(question, question.name), _READ.get(question.name, lambda answer: answer)
    )


def _funnel(question: Query[Any], own: V2) -> Plan:
    return restore_steps(question, (yield from _analysed(question, own)))


def _revenue(question: Query[Any], _own: V2) -> Plan:
    """Its visitors are among all of the period, which session stats tell."""
    money, everybody = yield (
        _analysis(question, "revenue"),
        _request(sessions.session_stats(question.arguments["view"].unfiltered())),
    )
    visitors = everybody["visitors"]["value"]
    return {**money, "total": {**money["total"], "total_sessions": visitors}}


def _part_of_revenue(question: Query[Any], dialect: V2) -> Plan:
    return part_of_revenue(question, lambda whole: _revenue(whole, dialect))


def _attribution(question: Query[Any], _own: V2) -> Plan:
    """With a currency 2.x tells money instead of visitors, so it is asked for both."""
    visitors = _analysis(question, "attribution", currency=None)
    money = None if question.arguments["currency"] is None else _analysis(question, "attribution")
    return (yield from without_itself(question, visitors, money, _ranked))


def _utm_lists(answer: JSON) -> JSON:
    """Maps of value to views up to 2.18; from 2.19 rows of raw query strings."""
    if isinstance(answer, dict):
        # A parameter that nobody used is left out.
        if not all(name.startswith("utm_") for name in answer):
            raise ValueError("not a map of UTM parameters")
        counted: dict[str, dict[str, int]] = {name: dict(answer.get(name, {})) for name in UTM}
    else:
        counted = {name: {} for name in UTM}
        for row in answer:
            for name, value in dict(parse_qsl(row["url_query"])).items():
                if name in counted:
                    counted[name][value] = counted[name].get(value, 0) + int(row["num"])
    return {
        name: [{"utm": value, "views": views} for value, views in values.items() if value]
        for name, values in counted.items()
    }


def _data_stats(answer: JSON) -> JSON:
    """An object; the reference has a list of one, with ``fields`` for ``properties``."""
    found = answer[0] if isinstance(answer, list) else answer
    return {"properties": found.get("fields"), **found}


def _saving(question: Query[Any], _own: V2) -> Plan:
    """A saved report in 2.x's words; ``_saved`` reads it back."""
    body = json.loads(question.body or "{}")
    kind = body["type"]
    old = {**body, "type": REPORT_TYPES.get(kind, kind)}
    # Whoever saves parameters of their own gets them back as they were.
    with suppress(LookupError):
        old["parameters"] = {**body["parameters"], **_OLD_PARAMETERS[kind](body["parameters"])}
    request = Request(question.endpoint.method, question.path, question.query, canonical_json(old))
    return single(request, _saved)


def _saved(report: JSON) -> JSON:
    if report is None:
        return None
    kind = next((new for new, old in REPORT_TYPES.items() if old == report["type"]), report["type"])
    given = report["parameters"]
    given = json.loads(given) if isinstance(given, str) else given
    told, restore = _NEW_PARAMETERS.get(kind, ("", dict))
    if isinstance(given, dict) and told in given:
        # Whatever others have saved is listed, understood or not.
        with suppress(LookupError, TypeError, AttributeError, ValueError):
            given = {**given, **restore(given)}
    return {**report, "type": kind, "parameters": given}


def _steps(given: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{**one, "type": names.get(one["type"], one["type"])} for one in given]


def _chosen(*names: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda given: {name: given[name] for name in names if name in given}


def _new_goal(given: Mapping[str, Any]) -> dict[str, Any]:
    goals = [
        {"type": _new(one["type"]), "value": one["value"], "target": one.get("goal")}
        for one in given["goals"]
    ]
    return {**goals[0], "goals": goals}


def _new_attribution(given: Mapping[str, Any]) -> dict[str, Any]:
    (first,) = _steps(given["steps"][:1], RESTORED)
    models = {old: new for new, old in MODELS.items()}
    return {
        "model": models.get(given["model"], given["model"]),
        "type": first["type"],
        "step": first["value"],
    }


MODELS: Final = {"first-click": "firstClick", "last-click": "lastClick"}

_OLD_PARAMETERS: Final[dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "funnel": lambda given: {
        **_chosen("window")(given),
        "steps": [_chosen("type", "value")(one) for one in _steps(given["steps"], RENAMED)],
    },
    "retention": lambda _given: {},
    "utm": lambda _given: {},
    # The server only echoes the target, but wants one.
    "goal": lambda given: {
        "goals": [
            {
                "type": _old(given["type"]),
                "value": given["value"],
                "goal": given.get("target") or 1,
            }
        ]
    },
    "journey": _chosen("steps", "startStep", "endStep"),
    "breakdown": lambda given: {
        "fields": [{"name": _old(one), "type": "string", "label": one} for one in given["fields"]]
    },
    "revenue": _chosen("currency"),
    "attribution": lambda given: {
        "model": MODELS[given["model"]],
        "steps": [{"type": _old(given["type"]), "value": given["step"]}],
        **_chosen("currency")(given),
    },
}
"""The parameters of an analysis, from the newest generation's."""

_NEW_PARAMETERS: Final[dict[str, tuple[str, Callable[[Mapping[str, Any]], dict[str, Any]]]]] = {
    "funnel": ("steps", lambda given: {"steps": _steps(given["steps"], RESTORED)}),
    "goal": ("goals", _new_goal),
    "breakdown": (
        "fields",
        lambda given: {"fields": [_new(one["name"]) for one in given["fields"]]},
    ),
    "attribution": ("steps", _new_attribution),
}
"""The newest generation's parameters, from those that were saved, and which of them says it."""

_READ: Final[dict[str, Callable[[JSON], JSON]]] = {
    "funnel": lambda answer: [
        {**row, "type": RESTORED.get(row["type"], row["type"])} for row in answer
    ],
    "utm": _utm_lists,
}


def _reads(read: Callable[[JSON], JSON]) -> Callable[[Query[Any], V2], Plan]:
    """A plan that only reads in its own way."""
    return lambda question, _own: single(_asking(question), read)


_PLANS: Final[dict[str, Callable[[Query[Any], V2], Request | Plan]]] = {
    "me": _reads(without_token),
    "websites": _websites,
    "website_charts": _website_charts,
    "team_websites": _searched,
    "daterange": _reads(
        lambda answer: {"startDate": answer["mindate"], "endDate": answer["maxdate"]}
    ),
    "active": _reads(lambda answer: {"visitors": answer["x"]} if "x" in answer else answer),
    "stats": _stats,
    "metrics": _metrics,
    "groups": _groups,
    "values": _typed,
    "events": _listed,
    "event_stats": _event_stats,
    "event_data_values": _event_values,
    "event_data_stats": _reads(_data_stats),
    "sessions": _listed,
    "session": _reads(
        lambda answer: {"region": answer.get("subdivision1"), **answer} if answer else {}
    ),
    "activity": _reads(lambda rows: [{"eventId": row.get("id"), **row} for row in rows]),
    "segments": _reads(lambda answer: {"data": answer, "count": len(answer)}),
    "currencies": _currencies,
    "funnel": _funnel,
    "retention": _analysed,
    "utm": _analysed,
    "journey": _analysed,
    "goal": _goal,
    "breakdown": _breakdown,
    "revenue": _revenue,
    "revenue_stats": _part_of_revenue,
    "revenue_chart": _part_of_revenue,
    "revenue_metrics": _part_of_revenue,
    "attribution": _attribution,
    "reports": _reads(lambda answer: {**answer, "data": [_saved(one) for one in answer["data"]]}),
    "report": _reads(_saved),
    "create_report": _saving,
    "update_report": _saving,
}
"""How 2.x is asked what it is asked otherwise."""
