"""The dialects of Umami 3.x: where its versions differ from the newest, and faults to work around.
Recorded answers of 3.0.3 and 3.1.0 verify them; later versions follow their published API."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, get_args

from umami.api import events, reports, sessions
from umami.api.params import analysis_body
from umami.compat import emulation
from umami.compat.dialect import (
    Dialect,
    Part,
    Plan,
    as_it_is,
    before,
    restore_steps,
    single,
    translated,
    with_filters,
)
from umami.compat.generations import V3_0, V3_1, V3_3, V3_4, Generation
from umami.endpoint import JSON, Query, Request, canonical_json
from umami.errors import NotFound, NotOffered
from umami.filters import Filter, regex_escaped, step_escaped
from umami.normal_forms import uuid_of
from umami.period import Period
from umami.texts import N_
from umami.view import View

UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
REVENUE_BY: Final = ("country", "region", "referrer", "channel")
ROUTES: Final[dict[str, tuple[tuple[str, str, dict[str, str]], ...]]] = {
    "funnel": (("funnels/stats", "steps window", {}),),
    "retention": (("retention", "timezone", {}),),
    "utm": tuple(("utm/metrics", "", {"type": name}) for name in UTM),
    "goal": (("goals/stats", "type value rows", {}),),
    "journey": (("journeys", "steps startStep endStep", {}),),
    "breakdown": (("breakdown", "fields", {}),),
    "attribution": (("attribution", "model type step", {}),),
    "revenue": (
        ("revenue/chart", "currency unit timezone", {}),
        ("revenue/stats", "currency", {}),
        *(("revenue/metrics", "currency", {"type": field}) for field in REVENUE_BY),
    ),
}
"""The routes of each analysis under the website from 3.4 on: the parameters that they take
unchanged (lists as JSON text), and fixed parameters."""
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
PERFORMANCE: Final = ("performance_stats", "performance_chart", "performance_metrics")
PERFORMANCE_BY: Final = {
    "path": "pages",
    "title": "pageTitles",
    "device": "devices",
    "browser": "browsers",
}
"""The parts of the performance report before 3.4, by the field that groups them."""


@dataclass(frozen=True)
class V3(Dialect):
    """The dialect of one generation of 3.x, or of Umami Cloud."""

    generation: Generation = V3_1

    def renamed(self, query: Query[Any]) -> Mapping[str, str | None]:
        whole_text = query.name == "events" and self.generation < V3_4 and not self.cloud
        if whole_text and (search := self.search(query)):
            # Up to 3.3.0 a self-hosted server compares the search with the whole text.
            return {"search": f"%{search}%"}
        if query.name == "event_data_values" and (self.cloud or self.generation >= V3_3):
            # From 3.3 on ``eventName`` is the name, and ``event`` would be a filter beside it.
            return {"eventName": query.arguments["event"], "event": None}
        return {"includeTeams": "true"} if query.name == "websites" else {}

    def filters(self, query: Query[Any]) -> tuple[tuple[str, str], ...]:
        if query.view is None or not query.filters:
            return query.filters
        if self.cloud:
            # Its database searches for the text itself, not for a LIKE pattern.
            return query.view.filter_params(patterns=False)
        if self.generation != V3_0:
            return query.filters
        # Up to 3.0 a comma is part of the value; later versions split the value there.
        saved = replace(query.view, filters=()).filter_params()
        plain = (
            (filter_.field, f"{filter_.operator}.{filter_.literal_values[0]}")
            for filter_ in query.view.filters
        )
        return (*saved, *plain)

    def forms(self, query: Query[Any]) -> tuple[tuple[Request, ...], ...]:
        """The forms in which these servers take an analysis, the preferred form first. Up to 3.3
        that is one POST request. From 3.4 on it is one GET request under the website, except for
        UTM and revenue, which take five or six; a server without the first gets the second."""
        post = (self.report(query),)
        if self.generation < V3_4:
            return (post,)
        gets = self._gets(query)
        return (gets, post) if len(gets) == 1 else (post, gets)

    def report(self, query: Query[Any]) -> Request:
        body = {**self._body(query), "filters": dict(self.filters(query))}
        post = Request("POST", query.path, query.params, canonical_json(body))
        return self.by_visit(query, post)

    def _gets(self, query: Query[Any]) -> tuple[Request, ...]:
        """An analysis as GET requests under the website."""
        view: View = query.arguments["view"]
        body = self._body(query)["parameters"]
        period = {"startAt": view.period.start_at, "endAt": view.period.end_at}
        common = {**period, **dict(self.filters(query))}
        requests = []
        for route, names, fixed in ROUTES[query.name]:
            params = {**common, **{name: body[name] for name in names.split() if name in body}}
            texts = (
                (name, json.dumps(value) if isinstance(value, list | dict) else str(value))
                for name, value in {**params, **fixed}.items()
            )
            path = f"/websites/{uuid_of(view.website)}/{route}"
            request = Request("GET", path, tuple(sorted(texts)))
            requests.append(self.by_visit(query, request))
        return tuple(requests)

    def _body(self, query: Query[Any]) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(query.body or "{}")
        params = body["parameters"]
        if query.name == "revenue" and self.generation != V3_0:
            params["currency"] = params["currency"].upper()
        if query.name == "goal":
            params["value"] = step_escaped(params["value"])
        if query.name == "funnel":
            for step in params["steps"]:
                step["value"] = step_escaped(step["value"])
        if query.name == "attribution" and self.generation != V3_0:
            # From 3.1 on a currency has no effect.
            params.pop("currency", None)
        return body

    def mistakable(self, query: Query[Any]) -> bool:
        shifted = self.generation == V3_0 and query.name == "weekly"
        ranked = query.name == "metrics" and query.arguments["field"] in MISTAKABLE_FIELDS
        return bool(query.filters or shifted or ranked or query.name in MISTAKABLE)

    def missing(self, query: Query[Any]) -> str | None:
        if self.generation == V3_0 and query.name in ("revenue_chart", "weekly"):
            period = query.arguments["view"].period
            if query.name == "revenue_chart" and period.unit in ("minute", "hour"):
                return N_("Umami 3.0 adds up revenue by the day, whatever unit is requested.")
            if query.name == "weekly" and _hours_ahead(period) is None:
                return N_(
                    "Umami 3.0 reports weekdays and hours in UTC only, and they cannot be converted"
                    " for this period and time zone. Choose the time zone UTC."
                )
        return super().missing(query)


def _first_answers(forms: tuple[tuple[Request, ...], ...]) -> Part:
    """The answers to the first form that the server has; Umami Cloud answers 404 to the others."""
    *others, last = forms
    for form in others:
        try:
            return (yield form)
        except (NotOffered, NotFound):
            continue
    return (yield last)


def _groups(query: Query[Any], dialect: V3) -> Request | Plan:
    """From 3.3.1 on, bounces and seconds of a page field are always 0; a breakdown has them."""
    if query.arguments["field"] in SESSION_FIELDS or dialect.extended:
        return dialect.request(query)
    breakdown = _breakdown_of(query) if dialect.generation >= V3_3 else None
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
        view = with_filters(view, Filter(field, "c", search))
    elif field == "referrer" and field not in filtered:
        # Any filter by referrer drops rows without a referrer and rows that the website itself
        # referred, as the list of referrers does.
        view = with_filters(view, Filter("referrer", "neq", NO_REFERRER))
    return reports.breakdown(view, (field,))


def _groups_of_breakdown(query: Query[Any], dialect: V3, breakdown: Query[Any]) -> Plan:
    (rows,) = yield from _first_answers(dialect.forms(breakdown))
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


def _ranking_3_0(query: Query[Any], dialect: V3) -> Plan:
    """3.0 ignores a ``www.``, and a row without a value takes the place of a row with a value."""
    name = "x" if query.name == "metrics" else "name"
    first, limit = query.arguments["offset"], query.arguments["limit"]
    if query.arguments["field"] == "referrer" and not query.arguments["search"]:
        return (yield from emulation.referrers_before_3_1(query, dialect))
    (rows,) = yield (dialect.request(query, limit=first + limit + 2, offset=None),)
    return [row for row in rows if row[name]][first:][:limit]


def _event_properties(query: Query[Any], dialect: V3) -> Request | Plan:
    """Up to 3.2 a self-hosted server fails without an event, so there is a request for each."""
    if query.arguments["event"] is not None or dialect.cloud:
        return dialect.request(query)
    return _properties_of_each_event(query, dialect)


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


def _stitched_activity(query: Query[Any], dialect: V3) -> Plan:
    """From 3.3 on the figures of a session cover all sessions that share its distinct ids."""
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


def _weekly_in_utc(query: Query[Any], dialect: V3) -> Plan:
    """Days of 24 counts, from Sunday on; the server counts in UTC whatever zone is requested."""
    (week,) = yield (dialect.request(query),)
    hours = _hours_ahead(query.arguments["view"].period) or 0
    counts = [count for day in week for count in day]
    return [
        [counts[(24 * day + hour - hours) % len(counts)] for hour in range(24)] for day in range(7)
    ]


def _hours_ahead(period: Period) -> int | None:
    """Whole hours that the zone is ahead of UTC all through the period, or ``None``."""
    offset, *others = period.utc_offsets
    return None if others or offset % HOUR else offset // HOUR


def _goal(query: Query[Any], dialect: V3) -> Plan:
    """3.x counts visitors; session stats with the goal as a filter count the times."""
    stats = sessions.session_stats(query.arguments["view"])
    filters = _goal_filters(query, dialect)
    others = (
        # 3.0 counts only visitors with a row of the goal's kind as all visitors.
        *([dialect.request(stats)] if dialect.generation == V3_0 else []),
        *([stats.to_request((*dialect.filters(stats), *filters))] if filters else []),
    )
    forms = tuple((*form, *others) for form in dialect.forms(query))
    goal, *counts = yield from _first_answers(forms)
    return {
        "times": counts[-1]["pageviews"]["value"] if filters else None,
        "num": goal["num"],
        "total": counts[0]["visitors"]["value"] if dialect.generation == V3_0 else goal["total"],
    }


def _goal_filters(query: Query[Any], dialect: V3) -> tuple[tuple[str, str], ...]:
    """The parameters that filter by a goal; none where no filter can express it."""
    view, kind, value = (query.arguments[name] for name in ("view", "kind", "value"))
    if rows := query.arguments["rows"]:
        # The parameters would have to have other numbers beside a filter on the same field.
        fields = _fields(view) & {name.rstrip("0123456789") for name, _text in rows}
        alone = not view.filters or (view.match == "all" and not fields)
        views = (("eventType", "1"),) if kind == "channel" else ()
        return (*rows, *views) if alone and not query.whole_visits else ()
    same = sum(filter_.field == kind for filter_ in view.filters)
    start, end = value.startswith("*"), value.endswith("*")
    if (
        (view.match == "any" and view.filters)
        or query.whole_visits
        or (dialect.generation == V3_0 and same)
        or (dialect.cloud and (start or end))
    ):
        return ()
    if start or end:
        middle = regex_escaped(value.removeprefix("*").removesuffix("*"))
        text = f"re.(?c){'' if start else '^'}{middle}{'' if end else '$'}"
    elif dialect.generation == V3_0:
        text = f"eq.{value}"
    else:
        text = Filter(kind, "eq", value).param()
    return ((f"{kind}{same or ''}", text),)


def _fields(view: View) -> set[str]:
    return {filter_.field for filter_ in view.filters}


def _analysis(query: Query[Any], dialect: V3) -> Plan:
    (answer,) = yield from _first_answers(dialect.forms(query))
    return answer


def _funnel(query: Query[Any], dialect: V3) -> Plan:
    return restore_steps(query, (yield from _analysis(query, dialect)))


def _utm(query: Query[Any], dialect: V3) -> Plan:
    answers = yield from _first_answers(dialect.forms(query))
    return answers[0] if len(answers) == 1 else dict(zip(UTM, answers, strict=True))


def _revenue(query: Query[Any], dialect: V3) -> Plan:
    answers = yield from _first_answers(dialect.forms(query))
    if len(answers) == 1:
        return answers[0]
    chart, total, *parts = answers
    return {**chart, "total": total, **dict(zip(REVENUE_BY, parts, strict=True))}


def _performance(query: Query[Any], dialect: V3) -> Request | Plan:
    """Before 3.4, a part of one report that holds all performance figures."""
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


def _in_capitals(rows: JSON) -> JSON:
    """From 3.1 on, a currency in lower case is the same currency."""
    return [{"value": value} for value in sorted({row["value"].upper() for row in rows})]


V3.plans = {
    **emulation.SHARED_PLANS,
    "metrics": before(V3_1, _ranking_3_0),
    "groups": before(V3_1, _ranking_3_0, _groups),
    "event_data_events": before(V3_3, _event_properties),
    "weekly": before(V3_1, _weekly_in_utc),
    "activity": before(V3_3, as_it_is, _stitched_activity),
    "currencies": before(V3_1, as_it_is, translated(_in_capitals)),
    "goal": _goal,
    "utm": _utm,
    "revenue": before(V3_1, emulation.revenue_before_3_1, _revenue),
    "attribution": before(V3_1, emulation.attribution_before_3_1, _analysis),
    **dict.fromkeys(PERFORMANCE, before(V3_4, _performance)),
    "funnel": _funnel,
    **dict.fromkeys(("retention", "journey", "breakdown"), _analysis),
}
