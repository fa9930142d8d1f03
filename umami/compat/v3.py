"""Umami 3.x: where its versions differ from the newest, and faults that can be made good.

3.0.3 and 3.1.0 are known by recordings, 3.3 by its published contract.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, get_args

from umami import filter_params
from umami.capabilities import EVERYTHING, Capabilities
from umami.compat.dialect import (
    Part,
    Plan,
    restore_steps,
    search_param,
    single,
    split_search,
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
from umami.endpoints import events, reports, sessions, traffic
from umami.endpoints.params import analysis_body, uuid_of
from umami.errors import NotFound, NotOffered
from umami.filters import FIELDS, NEWER_FIELDS, Filter
from umami.period import Period, zone
from umami.view import View

FIRST: Final = Capabilities(
    fields=frozenset(FIELDS) - NEWER_FIELDS,
    operators=frozenset({"eq", "neq", "c", "dnc"}),
    several=False,
)
"""What 3.0 can narrow by."""
IN_THE_CLOUD: Final = Capabilities(commas=False)
"""The cloud's database has patterns of another kind, so a comma cannot be spelled."""
SESSION_FIELDS: Final = frozenset(
    ("browser", "os", "device", "screen", "language", "country", "region", "city", "channel")
)
"""Fields of groups whose bounces and seconds every server tells."""
BROKEN_DOWN: Final[frozenset[str]] = frozenset(get_args(reports.BreakdownField)) - {"event"}
"""Fields that a breakdown has; its rows are pageviews, so an event is none of them."""
MOST_BROKEN_DOWN: Final = 500
"""Rows that a breakdown lists."""
MISTAKABLE: Final = (
    *("breakdown", "currencies", "event_data_values", "events", "groups", "revenue", "session"),
    *("sessions", "stats"),
)
"""Endpoints that take the same request in every 3.x, or in 2.x, and mean something else by it."""
MISTAKABLE_FIELDS: Final = ("channel", "entry", "exit")
MOST_STEPS: Final = 500
"""Steps that an activity lists."""
NO_REFERRER: Final = "-"
"""A text that is no domain."""
UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
MONEY_BY: Final = ("country", "region", "referrer", "channel")
HOUR: Final = timedelta(hours=1)
PARTS_OF_REVENUE: Final = frozenset({"revenue_stats", "revenue_chart", "revenue_metrics"})
EMULATED: Final = PARTS_OF_REVENUE | {"event_stats", "website_charts"}
"""Endpoints that a plan answers for servers which are older than the endpoint."""


@dataclass(frozen=True, slots=True)
class V3:
    """The dialect of a 3.x generation; ``cloud`` where it is Umami's own service."""

    generation: Generation = Generation.V3_1
    cloud: bool = False

    @property
    def capabilities(self) -> Capabilities:
        """What its servers can narrow an answer by."""
        if self.cloud:
            return IN_THE_CLOUD
        return FIRST if self.first else EVERYTHING

    @property
    def first(self) -> bool:
        """Whether this is 3.0, which has faults and lacks of its own."""
        return self.generation < Generation.V3_1

    def refusal(self, question: Query[Any]) -> NotOffered | None:
        """Why this server cannot answer, where it cannot."""
        sentence = (
            too_new(question, self.generation, EMULATED)
            or self._lacking(question)
            or split_search(question)
        )
        if sentence is None and question.filters and question.view is not None:
            sentence = question.view.lacking(self.capabilities)
        return NotOffered(sentence, endpoint=question.name) if sentence else None

    def plan(self, question: Query[Any]) -> Request | Plan:
        """How this server is asked."""
        planned = _PLANS.get(question.name)
        if planned is not None:
            return planned(question, self)
        return self.asking(question)

    def mistakable(self, question: Query[Any]) -> bool:
        """Whether a server of another version would answer something else."""
        turned = self.first and question.name == "weekly"
        ranked = question.name == "metrics" and question.arguments["field"] in MISTAKABLE_FIELDS
        return bool(question.filters or turned or ranked or question.name in MISTAKABLE)

    def asking(self, question: Query[Any], **instead: str | int | None) -> Request:
        """The question as one request, with this generation's filters."""
        search = {} if self.cloud else search_param(question)
        return question.asking(self.filters(question), **{**search, **instead})

    def hosts(self, view: View, field: str, limit: int) -> Request:
        """Asks for the values of a field."""
        metric: Any = field
        return self.asking(traffic.metrics(view, metric, limit=limit))

    def filters(self, question: Query[Any]) -> tuple[tuple[str, str], ...]:
        """The question's filters as parameters."""
        if question.view is None or not question.filters:
            return question.filters
        if self.cloud:
            # Its database looks for the text itself.
            return filter_params.filters(question.view, patterns=False)
        if not self.first:
            return question.filters
        # To 3.0 a comma is a comma, where later ones see two values.
        alone = replace(question.view, filters=())
        plain = (
            (one.field, f"{one.operator}.{filter_params.like_literally(one)[0]}")
            for one in question.view.filters
        )
        return (*filter_params.filters(alone), *plain)

    def _lacking(self, question: Query[Any]) -> str | None:
        name, asked = question.name, question.arguments
        if not self.first:
            return None
        if name in ("metrics", "groups") and asked["field"] in NEWER_FIELDS:
            return f"Umami 3.0 does not rank by {FIELDS[asked['field']]}."
        if name == "breakdown" and NEWER_FIELDS & set(asked["fields"]):
            return "Umami 3.0 does not break down by UTM fields."
        if name == "goal" and "*" in asked["value"]:
            return "Umami 3.0 knows no wildcards in goals."
        if name == "revenue_metrics" and asked["by"] != "country":
            return f"Umami 3.0 does not tell revenue by {asked['by']}."
        if name == "revenue_chart" and asked["view"].period.unit in ("minute", "hour"):
            return "Umami 3.0 adds up revenue by the day, whatever unit it is asked for."
        if name == "weekly" and _hours_ahead(asked["view"].period) is None:
            return (
                "Umami 3.0 tells weekdays and hours in UTC only, and this period and time zone "
                "cannot be reckoned from that. Choose the time zone UTC."
            )
        return None


def _me(question: Query[Any], dialect: V3) -> Plan:
    return single(dialect.asking(question), without_token)


def _websites(question: Query[Any], dialect: V3) -> Plan:
    def spell(question: Query[Any]) -> Request:
        if question.name == "websites":
            return dialect.asking(question, includeTeams="true")
        return dialect.asking(question)

    return websites_of_teams_too(question, spell)


def _website_charts(question: Query[Any], dialect: V3) -> Request | Plan:
    return website_charts(
        question,
        dialect.asking,
        lambda stats: stats["visitors"],
        offered=dialect.generation >= Generation.V3_3,
    )


def _metrics(question: Query[Any], own: V3) -> Request | Plan:
    return _first_metrics(question, own) if own.first else own.asking(question)


def _groups(question: Query[Any], own: V3) -> Request | Plan:
    """From 3.3.1 on, bounces and seconds of a page field are a literal 0; a breakdown has them."""
    if own.first:
        return _first_metrics(question, own)
    if question.arguments["field"] in SESSION_FIELDS:
        return own.asking(question)
    broken_down = _broken_down(question, own) if own.generation >= Generation.V3_3 else None
    if broken_down is not None:
        return _groups_of_breakdown(question, own, broken_down)
    return single(own.asking(question), _without_literal_zeros)


def _broken_down(question: Query[Any], own: V3) -> Query[Any] | None:
    """The breakdown by the question's field over the same rows; ``None`` where there is none."""
    view: View = question.arguments["view"]
    field, search = question.arguments["field"], question.arguments["search"]
    filters = {one.field for one in view.filters}
    if field not in BROKEN_DOWN or (view.match == "any" and len(view.filters) > 1):
        return None
    if search:
        if field in filters:
            return None
        view = with_filter(view, Filter(field, "c", search))
    elif field == "referrer" and field not in filters:
        # Any filter by referrer leaves out visits that the website referred to itself, and rows
        # without a referrer, as the list of referrers does.
        view = with_filter(view, Filter("referrer", "neq", NO_REFERRER))
    return reports.breakdown(view, (field,))


def _groups_of_breakdown(question: Query[Any], own: V3, broken_down: Query[Any]) -> Plan:
    (rows,) = yield from _either(*_forms(broken_down, own))
    field = question.arguments["field"]
    first, last = question.arguments["offset"], question.arguments["limit"]
    named = [{**row, "name": row[field], "pageviews": row["views"]} for row in rows if row[field]]
    if named and (len(rows) < MOST_BROKEN_DOWN or len(named) >= first + last):
        return named[first:][:last]
    # There are more values than a breakdown lists, or none is of a pageview.
    (listed,) = yield (own.asking(question),)
    by_name = {row["name"]: row for row in named}
    return [by_name.get(row["name"], row) for row in _without_literal_zeros(listed)]


def _without_literal_zeros(rows: JSON) -> JSON:
    """Rows without bounces and seconds where every one of them says 0, which tells nothing."""
    if any(float(row["bounces"] or 0) or float(row["totaltime"] or 0) for row in rows):
        return rows
    return [{**row, "bounces": None, "totaltime": None} for row in rows]


def _first_metrics(question: Query[Any], own: V3) -> Plan:
    """3.0 overlooks a ``www.``, and a row without a value takes the place of one with."""
    name = "x" if question.name == "metrics" else "name"
    first, last = question.arguments["offset"], question.arguments["limit"]
    if question.arguments["field"] == "referrer" and not question.arguments["search"]:
        ask: Any = traffic.metrics if question.name == "metrics" else traffic.groups

        def ranked(view: View, field: str, limit: int) -> Request:
            return own.asking(ask(view, field, limit=limit))

        return (yield from foreign(question, ranked, own.hosts, name))
    (rows,) = yield (own.asking(question, limit=first + last + 2, offset=None),)
    return [row for row in rows if row[name]][first:][:last]


def _events(question: Query[Any], own: V3) -> Request:
    """A self-hosted server compares the search with the whole text up to 3.3.0."""
    search = search_param(question).get("search")
    if not search or own.cloud or own.generation >= Generation.V3_4:
        return own.asking(question)
    return own.asking(question, search=f"%{search}%")


def _event_stats(question: Query[Any], own: V3) -> Request | Plan:
    if not own.first:
        return own.asking(question)
    return event_stats(question.arguments["view"], own.asking)


def _properties_of_events(question: Query[Any], own: V3) -> Request | Plan:
    """Without an event a self-hosted 3.x fails up to 3.2, so each event is asked for its own."""
    fails = question.arguments["event"] is None and not own.cloud
    if fails and own.generation < Generation.V3_3:
        return _each_events_properties(question, own)
    return own.asking(question)


def _each_events_properties(question: Query[Any], own: V3) -> Plan:
    view = question.view
    assert view is not None
    (known,) = yield (own.asking(events.event_data_properties(view)),)
    names = sorted({row["eventName"] for row in known})
    answers = yield tuple(own.asking(events.event_data_events(view, name)) for name in names)
    totals: dict[tuple[str, str, int], int] = {}
    for row in (row for rows in answers for row in rows):
        of = (row["eventName"], row["propertyName"], row["dataType"])
        totals[of] = totals.get(of, 0) + int(row["total"])
    return [
        {"eventName": event, "propertyName": name, "dataType": kind, "total": total}
        for (event, name, kind), total in sorted(totals.items())
    ]


def _event_values(question: Query[Any], own: V3) -> Request:
    """From 3.3 on ``eventName`` is the name and ``event`` would be a filter beside it."""
    if own.generation >= Generation.V3_3 or own.cloud:
        return own.asking(question, eventName=question.arguments["event"], event=None)
    return own.asking(question)


def _activity(question: Query[Any], own: V3) -> Request | Plan:
    """From 3.3 on the figures of a session cover all sessions that share its distinct ids."""
    if own.generation < Generation.V3_3:
        return own.asking(question)
    return _stitched_activity(question, own)


def _stitched_activity(question: Query[Any], own: V3) -> Plan:
    view, session = question.arguments["view"], question.arguments["session"]
    detail, steps = yield (
        own.asking(sessions.session(view.website, session)),
        own.asking(question),
    )
    distinct_ids = detail.get("distinctIds") or list(filter(None, [detail.get("distinctId")]))
    if int(detail.get("stitchedSessionCount") or 1) < 2 or not distinct_ids:
        return steps
    answers = yield tuple(own.asking(question, distinctId=one) for one in distinct_ids)
    stitched = {step["eventId"]: step for rows in (steps, *answers) for step in rows}
    newest = sorted(stitched.values(), key=lambda step: str(step["createdAt"]), reverse=True)
    return newest[:MOST_STEPS]


def _weekly(question: Query[Any], own: V3) -> Request | Plan:
    if not own.first:
        return own.asking(question)
    view = question.view
    assert view is not None
    ahead = _hours_ahead(view.period) or 0
    return single(own.asking(question), lambda week: _turned(week, ahead))


def _turned(week: JSON, hours: int) -> JSON:
    """A week told in UTC, from Sunday's first hour on, as a clock so many hours ahead has it."""
    flat = [count for day in week for count in day]
    size = len(flat)
    return [[flat[(24 * day + hour - hours) % size] for hour in range(24)] for day in range(7)]


def _hours_ahead(period: Period) -> int | None:
    """Whole hours the zone is ahead of UTC all through the period, or ``None``."""
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


def _goal(question: Query[Any], own: V3) -> Plan:
    """3.x counts visitors; times are told by session stats with the goal as a filter."""
    counted = sessions.session_stats(question.arguments["view"])
    reached = _reached(question, own)
    others = (
        # 3.0 counts those who did anything of the goal's kind.
        *([own.asking(counted)] if own.first else []),
        *([] if reached is None else [counted.asking((*own.filters(counted), reached))]),
    )
    goal, *counts = yield from _either(*((*form, *others) for form in _forms(question, own)))
    return {
        "times": None if reached is None else counts[-1]["pageviews"]["value"],
        "num": goal["num"],
        "total": counts[0]["visitors"]["value"] if own.first else goal["total"],
    }


def _reached(question: Query[Any], own: V3) -> tuple[str, str] | None:
    """The filter for what reaches a goal, as a parameter, where there can be one."""
    view, kind, value = (question.arguments[name] for name in ("view", "kind", "value"))
    same = sum(one.field == kind for one in view.filters)
    wildcard = value.startswith("*") or value.endswith("*")
    if (view.match == "any" and view.filters) or (own.first and same) or (own.cloud and wildcard):
        return None
    text = f"eq.{value}" if own.first else filter_params.spell(Filter(kind, "eq", value))
    if wildcard:
        start, end = ("" if value.startswith("*") else "^"), ("" if value.endswith("*") else "$")
        middle = filter_params.escaped(value.removeprefix("*").removesuffix("*"))
        text = f"re.(?c){start}{middle}{end}"
    return f"{kind}{same or ''}", text


def _forms(question: Query[Any], own: V3) -> tuple[tuple[Request, ...], ...]:
    """The forms in which this server takes an analysis, the better one first.

    Up to 3.3 that is one POST. From 3.4 on it is a GET under the website, but for UTM and revenue,
    which take five or six GETs; a server that lacks the first form is asked in the other.
    """
    post = (_posted(question, own),)
    if own.generation < Generation.V3_4:
        return (post,)
    gets = _analyses(question, own)
    return (gets, post) if len(gets) == 1 else (post, gets)


def _either(*forms: tuple[Request, ...]) -> Part:
    """The answers to the first form that the server has; Umami Cloud says “not found” of others."""
    *others, last = forms
    for form in others:
        try:
            return (yield form)
        except (NotOffered, NotFound):
            continue
    return (yield last)


def _posted(question: Query[Any], own: V3) -> Request:
    """An analysis as one POST, its filters in the body."""
    body = _body(question, own)
    body["filters"] = dict(own.filters(question))
    return replace(own.asking(question), body=canonical_json(body))


def _analyses(question: Query[Any], own: V3) -> tuple[Request, ...]:
    """An analysis as GET requests under the website."""
    view: View = question.arguments["view"]
    common = {
        "startAt": view.period.start_at,
        "endAt": view.period.end_at,
        **dict(own.filters(question)),
    }
    return tuple(
        Request(
            "GET",
            f"/websites/{uuid_of(view.website)}/{route}",
            tuple(sorted((name, str(one)) for name, one in {**common, **query}.items())),
        )
        for route, query in _UNDER_WEBSITE[question.name](_body(question, own)["parameters"])
    )


def _body(question: Query[Any], own: V3) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(question.body or "{}")
    parameters = body["parameters"]
    if question.name == "revenue" and not own.first:
        parameters["currency"] = parameters["currency"].upper()
    if question.name == "goal":
        parameters["value"] = filter_params.step_escaped(parameters["value"])
    if question.name == "funnel":
        for step in parameters["steps"]:
            step["value"] = filter_params.step_escaped(step["value"])
    if question.name == "attribution" and not own.first:
        # From 3.1 on a currency has no effect.
        parameters.pop("currency", None)
    return body


Routed = tuple[str, dict[str, Any]]


def _moved(route: str, *names: str) -> Callable[[dict[str, Any]], list[Routed]]:
    """A route that takes these parameters as they are, lists as JSON text."""

    def routed(given: dict[str, Any]) -> list[Routed]:
        kept = {name: given[name] for name in names if name in given}
        query = {
            name: json.dumps(one) if isinstance(one, list) else one for name, one in kept.items()
        }
        return [(route, query)]

    return routed


_UNDER_WEBSITE: Final[dict[str, Callable[[dict[str, Any]], list[Routed]]]] = {
    "funnel": _moved("funnels/stats", "steps", "window"),
    "retention": _moved("retention", "timezone"),
    "utm": lambda _given: [("utm/metrics", {"type": name}) for name in UTM],
    "goal": _moved("goals/stats", "type", "value"),
    "journey": _moved("journeys", "steps", "startStep", "endStep"),
    "breakdown": _moved("breakdown", "fields"),
    "attribution": _moved("attribution", "model", "type", "step"),
    "revenue": lambda given: [
        ("revenue/chart", _of(given, "currency", "unit", "timezone")),
        ("revenue/stats", _of(given, "currency")),
        *(("revenue/metrics", {**_of(given, "currency"), "type": part}) for part in MONEY_BY),
    ],
}
"""From 3.3 on: the routes under the website, and what they are asked."""


def _of(given: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: given[name] for name in names}


def _analysed(question: Query[Any], own: V3) -> Plan:
    (answer,) = yield from _either(*_forms(question, own))
    return answer


def _funnel(question: Query[Any], own: V3) -> Plan:
    return restore_steps(question, (yield from _analysed(question, own)))


def _utm(question: Query[Any], own: V3) -> Plan:
    answers = yield from _either(*_forms(question, own))
    return answers[0] if len(answers) == 1 else dict(zip(UTM, answers, strict=True))


def _revenue(question: Query[Any], own: V3) -> Plan:
    if own.first:
        return (yield from _first_revenue(question, own))
    answers = yield from _either(*_forms(question, own))
    if len(answers) == 1:
        return answers[0]
    chart, total, *parts = answers
    return {**chart, "total": total, **dict(zip(MONEY_BY, parts, strict=True))}


def _first_revenue(question: Query[Any], own: V3) -> Plan:
    view: View = question.arguments["view"]
    money, everybody = yield (
        _posted(question, own),
        own.asking(sessions.session_stats(view.unfiltered())),
    )
    visitors = everybody["visitors"]["value"]
    # Whatever unit is asked, 3.0 adds up days.
    chart = money["chart"] if view.period.unit in ("day", "month", "year") else None
    return {**money, "chart": chart, "total": {**money["total"], "total_sessions": visitors}}


def _part_of_revenue(question: Query[Any], dialect: V3) -> Request | Plan:
    """Before 3.2 a part of the answer to the whole question."""
    if dialect.generation >= Generation.V3_2:
        return dialect.asking(question)
    return part_of_revenue(question, lambda whole: _revenue(whole, dialect))


def _performance(question: Query[Any], dialect: V3) -> Request | Plan:
    """Before 3.4 one report tells it all."""
    if dialect.generation >= Generation.V3_4:
        return dialect.asking(question)
    arguments = question.arguments
    view: View = arguments["view"]
    unit, vital = view.period.unit, arguments.get("vital")
    body = analysis_body(view, "performance", unit=unit, metric=vital)
    body["filters"] = dict(dialect.filters(question))
    request = Request("POST", "/reports/performance", (), canonical_json(body))
    if question.name == "performance_stats":
        return single(request, lambda answer: answer["summary"])
    if question.name == "performance_chart":
        return request
    part = PERFORMANCE_BY[arguments["field"]]
    return single(request, lambda answer: answer[part][: arguments["limit"]])


PERFORMANCE_BY: Final = {
    "path": "pages",
    "title": "pageTitles",
    "device": "devices",
    "browser": "browsers",
}
"""The parts of the report before 3.4, by the field that they are grouped by."""


def _attribution(question: Query[Any], own: V3) -> Request | Plan:
    """With a currency 3.0 tells money instead of visitors, later ones visitors all the same."""
    if not own.first:
        return _analysed(question, own)
    asked = _posted(question, own)
    body = json.loads(asked.body or "{}")
    currency = body["parameters"].pop("currency", None)
    alone = replace(asked, body=canonical_json(body))
    return without_itself(question, alone, None if currency is None else asked, own.hosts)


def _currencies(question: Query[Any], own: V3) -> Request | Plan:
    if own.first:
        return own.asking(question)
    return single(
        own.asking(question),
        # From 3.1 on the same currency in small letters is the same.
        lambda rows: [{"value": value} for value in sorted({row["value"].upper() for row in rows})],
    )


_PLANS: Final[dict[str, Callable[[Query[Any], V3], Request | Plan]]] = {
    "me": _me,
    "websites": _websites,
    "website_charts": _website_charts,
    "metrics": _metrics,
    "groups": _groups,
    "events": _events,
    "event_stats": _event_stats,
    "event_data_events": _properties_of_events,
    "event_data_values": _event_values,
    "weekly": _weekly,
    "activity": _activity,
    "currencies": _currencies,
    "goal": _goal,
    "utm": _utm,
    "revenue": _revenue,
    "attribution": _attribution,
    **dict.fromkeys(PARTS_OF_REVENUE, _part_of_revenue),
    **dict.fromkeys(
        ("performance_stats", "performance_chart", "performance_metrics"), _performance
    ),
    "funnel": _funnel,
    **dict.fromkeys(("retention", "journey", "breakdown"), _analysed),
}
"""How it is asked what it is asked otherwise than as it is."""
