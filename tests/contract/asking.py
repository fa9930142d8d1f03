"""Recorded requests of any generation as queries of the client."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from tests.contract.recordings import ID, PLAIN, Line, route
from umami.api import events, reports, revenue, sessions, traffic, websites
from umami.conversion import FunnelStep
from umami.endpoint import Query
from umami.filters import Filter
from umami.period import instant, with_unit
from umami.view import View

NEW = {"url": "path", "host": "hostname"}
OLD_SIGNS = {"!~": "dnc", "~": "c", "!": "neq", "": "eq"}


class Unspoken(Exception):
    """The client has no query for this request."""


def filters(line: Line, *, old: bool) -> Iterator[Filter]:
    """The filters of a recorded query."""
    params = (line["body"] or {}).get("filters") or line["query"] or {}
    for name, text in {} if isinstance(params, list) else params.items():
        if name in PLAIN and not (name == "event" and "event-data" not in line["path"]):
            continue
        if old:
            sign = next(prefix for prefix in OLD_SIGNS if text.startswith(prefix))
            yield Filter(NEW.get(name, name), OLD_SIGNS[sign], text.removeprefix(sign))  # type: ignore[arg-type]
            continue
        matched = re.fullmatch(r"(?:(eq|neq|c|dnc|re|nre)\.)?(.*)", text, re.DOTALL)
        assert matched
        operator = matched[1] or "eq"
        values = matched[2].split(",") if operator in ("eq", "neq") else [matched[2]]
        yield Filter(name.rstrip("0123456789"), operator, *values)  # type: ignore[arg-type]


def view(line: Line, *, filtered: bool = True) -> View:
    """The View of a recorded request; coarsened where servers coarsen the unit."""
    query, body = line["query"] or {}, line["body"] or {}
    params = body.get("dateRange") or body.get("parameters") or query
    if "startDate" in params:
        start, end = pd.Timestamp(params["startDate"]), pd.Timestamp(params["endDate"])
        timezone = params.get("timezone") or body.get("timezone", "UTC")
        period = with_unit(start.to_pydatetime(), end.to_pydatetime(), timezone, params.get("unit"))
        website = body.get("websiteId") or query["websiteId"]
        narrowed = () if line["old"] else tuple(filters(line, old=False))
        return View(website, period, filters=narrowed)
    named = re.search(ID, line["path"])
    assert named
    start, end = instant(query["startAt"]), instant(query["endAt"])
    period = with_unit(start, end, query.get("timezone", "UTC"), query.get("unit"))
    if query.get("excludeBounce"):
        raise Unspoken("bounces cannot be left out")
    joined_filters: list[Filter] = []
    for filter_ in filters(line, old=line["old"]) if filtered else ():
        same = next((other for other in joined_filters if other.field == filter_.field), None)
        if same and same.operator == filter_.operator == "eq" and query.get("match") == "any":
            joined_filters[joined_filters.index(same)] = replace_values(same, filter_)
        else:
            joined_filters.append(filter_)
    joined = "any" if query.get("match") == "any" and len(joined_filters) > 1 else "all"
    compare = query.get("compare") if line["path"].endswith("/stats") else None
    if compare == "yoy":
        raise Unspoken("the year before is a question of its own")
    return View(
        named.group(),
        period,
        comparison="umami" if compare == "prev" else "none",
        filters=tuple(joined_filters),
        match=joined,  # type: ignore[arg-type]
    )


def replace_values(filter_: Filter, other: Filter) -> Filter:
    """Either of two filters of a field is one filter of both their values."""
    return Filter(filter_.field, filter_.operator, *filter_.values, *other.values)


def step(line: Line) -> tuple[Any, str]:
    """Kind and value of a funnel's step, a goal or a conversion."""
    return NEW.get(line["type"], line["type"]), line["value"]


def query_of(line: Line, version: str) -> Query[Any]:
    """The query that sends a recorded request. Raises ``Unspoken``."""
    line = {**line, "old": version.startswith("v2")}
    path, query, body = line["path"].removeprefix("/api"), line["query"] or {}, line["body"] or {}
    ids = re.findall(ID, path)
    kind = route(line)
    params = {**body, **body.get("parameters", {})}
    plain: Callable[[], View] = lambda: view(line, filtered=False)  # noqa: E731
    size = 10 if line["old"] else 20
    paging = {"page": query.get("page", 1), "page_size": query.get("pageSize", size)}
    match kind:
        case "/websites/ID/active":
            return traffic.active(ids[0])
        case "/websites/ID/daterange":
            return websites.daterange(ids[0])
        case "/websites/ID/stats":
            return traffic.stats(view(line))
        case "/websites/ID/pageviews":
            return traffic.pageviews(view(line))
        case "/websites/ID/metrics" | "/websites/ID/metrics/expanded":
            field = NEW.get(query["type"], query["type"])
            if field == "domain":
                raise Unspoken("domains are referrers")
            ask = traffic.metrics if kind.endswith("metrics") else traffic.groups
            return ask(view(line), field, limit=query.get("limit", 500))
        case "/websites/ID/values":
            return traffic.values(plain(), NEW.get(query["type"], query["type"]))
        case "/websites/ID/events":
            return events.events(plain(), search=query.get("search"), **paging)
        case "/websites/ID/events/series":
            return events.series(view(line))
        case "/websites/ID/events/stats":
            return events.event_stats(view(line))
        case "/websites/ID/event-data/events":
            return events.event_data_events(plain(), query.get("event"))
        case "/websites/ID/event-data/fields":
            return events.event_data_fields(plain())
        case "/websites/ID/event-data/properties":
            return events.event_data_properties(plain())
        case "/websites/ID/event-data/values":
            event = query.get("eventName") or query["event"]
            return events.event_data_values(plain(), event, query["propertyName"])
        case "/websites/ID/event-data/stats":
            return events.event_data_stats(plain())
        case "/websites/ID/sessions":
            return sessions.sessions(plain(), search=query.get("search"), **paging)
        case "/websites/ID/sessions/stats":
            return sessions.session_stats(view(line))
        case "/websites/ID/sessions/weekly":
            return sessions.weekly(plain())
        case "/websites/ID/sessions/ID":
            return sessions.session(*ids)
        case "/websites/ID/sessions/ID/activity":
            return sessions.activity(plain(), ids[1])
        case "/websites/ID/sessions/ID/properties":
            return sessions.session_properties(*ids)
        case "/websites/ID/session-data/properties":
            return sessions.session_data_properties(plain())
        case "/websites/ID/session-data/values":
            return sessions.session_data_values(plain(), query["propertyName"])
        case "/reports/revenue" if line["method"] == "GET":
            return revenue.currencies(plain())
        case "/reports/funnel":
            steps = [FunnelStep(*step(part)) for part in params["steps"]]
            return reports.funnel(plain(), steps, params["window"])
        case "/reports/retention":
            return reports.retention(plain())
        case "/reports/utm":
            return reports.utm(plain())
        case "/reports/goals":
            return reports.goal(plain(), *step(body["goals"][0]))
        case "/reports/goal":
            return reports.goal(plain(), *step(body["parameters"]))
        case "/reports/journey":
            return reports.journey(
                plain(), params["steps"], params.get("startStep"), params.get("endStep")
            )
        case "/reports/insights":
            fields = [NEW.get(field["name"], field["name"]) for field in body["fields"]]
            looked = plain()
            for filter_ in body["filters"]:
                name = NEW.get(filter_["name"], filter_["name"])
                looked = looked.filtered(name, filter_["value"], filter_["operator"])
            return reports.breakdown(looked, fields)  # type: ignore[arg-type]
        case "/reports/breakdown":
            return reports.breakdown(plain(), params["fields"])
        case "/reports/revenue":
            return revenue.revenue(plain(), params["currency"])
        case "/reports/attribution":
            old = {"firstClick": "first-click", "lastClick": "last-click"}
            model = old.get(params["model"], params["model"])
            conversion = (
                params["steps"][0] if "steps" in params else {**params, "value": params["step"]}
            )
            return revenue.attribution(
                plain(), model, *step(conversion), params.get("currency")  # type: ignore[arg-type]
            )  # fmt: skip
    raise Unspoken(f"no question for {kind}")
