"""The client asks 2.x as it was recorded, and reads every recorded answer by value."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from umami import v2
from umami.endpoints import events, reports, sessions, traffic, websites
from umami.models.reports import FunnelStep
from umami.period import Period, instant, with_unit
from umami.question import REGISTRY, Question
from umami.view import Filter, View

DATA = Path(__file__).parent / "data"
GENERATIONS = ("v2.18.1", "v2.20.2")
ID = "[0-9a-f]{8}-[0-9a-f-]{27}"
NEW = {"url": "path", "host": "hostname"}
PLAIN = {"startAt", "endAt", "unit", "timezone", "type", "limit", "page", "pageSize", "search"}
Line = dict[str, Any]


def lines(generation: str) -> list[Line]:
    with gzip.open(DATA / f"{generation}.jsonl.gz", "rt") as recorded:
        return [line for line in map(json.loads, recorded) if line["status"] == 200]


RECORDED = [
    pytest.param(line, id=f"{generation}-{line['name']}")
    for generation in GENERATIONS
    for line in lines(generation)
]


def number(value: Any) -> Decimal:
    return Decimal(str(value or 0))


def filters(query: Line) -> Iterator[Filter]:
    """The filters of a recorded query, which 2.x spells with signs."""
    for name, text in query.items():
        if name not in PLAIN:
            sign = next(one for one in ("!~", "~", "!", "") if text.startswith(one))
            operator = {"!~": "dnc", "~": "c", "!": "neq", "": "eq"}[sign]
            yield Filter(NEW.get(name, name), operator, text.removeprefix(sign))  # type: ignore[arg-type]


def view(line: Line, *, filtered: bool = True) -> View:
    """What a recorded question looks at; a unit that servers coarsen is coarsened."""
    query, body = line["query"] or {}, line["body"] or {}
    website = re.search(ID, line["path"])
    if "dateRange" in body or "startDate" in query:
        given = body.get("dateRange") or query
        start, end = pd.Timestamp(given["startDate"]), pd.Timestamp(given["endDate"])
        period = with_unit(
            start.to_pydatetime(),
            end.to_pydatetime(),
            body.get("timezone", "UTC"),
            given.get("unit"),
        )
        return View(body.get("websiteId") or query["websiteId"], period)
    assert website
    period = with_unit(
        instant(query["startAt"]), instant(query["endAt"]), query.get("timezone", "UTC"),
        query.get("unit"),
    )  # fmt: skip
    found = tuple(filters(query)) if filtered else ()
    return View(website.group(), period, filters=found)


def step(given: Line) -> tuple[Any, str]:
    return ("path" if given["type"] == "url" else "event"), given["value"]


def asked(line: Line) -> Question[Any]:
    """The question that a recorded line asks."""
    path, query, body = line["path"].removeprefix("/api"), line["query"] or {}, line["body"] or {}
    ids = re.findall(ID, path)
    kind = re.sub(ID, "ID", path)
    plain: Callable[[], View] = lambda: view(line, filtered=False)  # noqa: E731
    paging = {"page": query.get("page", 1), "page_size": query.get("pageSize", 10)}
    match kind:
        case "/websites/ID/active":
            return traffic.active(ids[0])
        case "/websites/ID/daterange":
            return websites.daterange(ids[0])
        case "/websites/ID/stats":
            return traffic.stats(view(line))
        case "/websites/ID/pageviews":
            return traffic.pageviews(view(line))
        case "/websites/ID/metrics":
            field = NEW.get(query["type"], query["type"])
            return traffic.metrics(view(line), field, limit=query.get("limit", 500))
        case "/websites/ID/values":
            return traffic.values(plain(), NEW.get(query["type"], query["type"]))
        case "/websites/ID/events":
            return events.events(plain(), search=query.get("search"), **paging)
        case "/websites/ID/events/series":
            return events.series(view(line))
        case "/websites/ID/event-data/events":
            return events.event_data_events(plain(), query.get("event"))
        case "/websites/ID/event-data/fields":
            return events.event_data_fields(plain())
        case "/websites/ID/event-data/properties":
            return events.event_data_properties(plain())
        case "/websites/ID/event-data/values":
            return events.event_data_values(plain(), query["eventName"], query["propertyName"])
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
            return reports.currencies(plain())
        case "/reports/funnel":
            steps = [FunnelStep(*step(one)) for one in body["steps"]]
            return reports.funnel(plain(), steps, body["window"])
        case "/reports/retention":
            return reports.retention(plain())
        case "/reports/utm":
            return reports.utm(plain())
        case "/reports/goals":
            return reports.goal(plain(), *step(body["goals"][0]))
        case "/reports/journey":
            return reports.journey(
                plain(), body["steps"], body.get("startStep"), body.get("endStep")
            )
        case "/reports/insights":
            fields = [NEW.get(one["name"], one["name"]) for one in body["fields"]]
            looked = plain()
            for one in body["filters"]:
                name = NEW.get(one["name"], one["name"])
                looked = looked.filtered(name, one["value"], one["operator"])
            return reports.breakdown(looked, fields)  # type: ignore[arg-type]
        case "/reports/revenue":
            return reports.revenue(plain(), body["currency"])
        case "/reports/attribution":
            model = {"firstClick": "first-click", "lastClick": "last-click"}[body["model"]]
            return reports.attribution(
                plain(), model, *step(body["steps"][0]), body.get("currency")  # type: ignore[arg-type]
            )  # fmt: skip
    raise AssertionError(f"no question for {kind}")


IGNORED = {"label", "goal", "num", "offset", "value_", "unit"}
"""What 2.x does not look at, or only gives back."""


def comparable(body: Any) -> Any:
    """A body without what has no effect on the answer."""
    if isinstance(body, dict):
        kept = {key: comparable(one) for key, one in body.items() if key not in IGNORED}
        if "startDate" in kept:
            kept.pop("value", None)
        return kept
    return [comparable(one) for one in body] if isinstance(body, list) else body


@pytest.mark.parametrize("line", RECORDED)
def test_the_question_is_spelled_as_recorded(line: Line) -> None:
    request = v2.spell(asked(line))
    assert (request.method, f"/api{request.path}") == (line["method"], line["path"])
    optional = {"limit", "unit", "page", "pageSize", "query"}
    want = {key: str(one) for key, one in (line["query"] or {}).items()}
    have = dict(request.query)
    assert {key: one for key, one in have.items() if key not in optional} == {
        key: one for key, one in want.items() if key not in optional
    }
    assert comparable(json.loads(request.body or "null")) == comparable(line["body"])


@pytest.mark.parametrize("line", RECORDED)
def test_the_answer_is_read_by_value(line: Line) -> None:
    question = asked(line)
    model = question.read(v2.read(question, line["answer"]))
    CHECKS[question.name](model, line["answer"], question)


def buckets(rows: list[Line], at: str, period: Period) -> dict[pd.Timestamp, Decimal]:
    """A sparse series as a mapping, nothing lost."""
    found: dict[pd.Timestamp, Decimal] = {}
    for row in rows:
        time = pd.Timestamp(row[at])
        assert time in period.axis()
        found[time] = found.get(time, Decimal(0)) + number(row["y"])
    return found


def check_stats(model: Any, raw: Any, _question: Any) -> None:
    assert (
        model.current.views,
        model.current.visitors,
        model.current.visits,
        model.current.bounces,
        model.current.seconds,
    ) == tuple(
        number(raw[name]["value"])
        for name in ("pageviews", "visitors", "visits", "bounces", "totaltime")
    )


def check_pageviews(model: Any, raw: Any, question: Any) -> None:
    period = question.arguments["view"].period
    frame = model.frame.set_index("time")
    assert list(frame.index) == list(period.axis())
    for column, name in (("views", "pageviews"), ("sessions", "sessions")):
        want = buckets(raw[name], "x", period)
        assert {time: count for time, count in frame[column].items() if count} == want


def check_metrics(model: Any, raw: Any, _question: Any) -> None:
    counted = zip(model.frame["name"], model.frame["count"], strict=True)
    have = sorted((str(name), count) for name, count in counted)
    assert have == sorted((str(row["x"]), int(number(row["y"]))) for row in raw if row["y"])
    assert list(model.frame["count"]) == sorted(model.frame["count"], reverse=True)
    if len(model.frame):
        assert model.frame["share"].sum() == pytest.approx(1)
    countries = {row["x"]: row.get("country") for row in raw}
    assert all(
        countries[name] == country
        for name, country in zip(model.frame["name"], model.frame["country"], strict=True)
    )


def check_series(model: Any, raw: Any, question: Any) -> None:
    period = question.arguments["view"].period
    have = {
        (time, event): count for time, event, count in model.frame.itertuples(index=False) if count
    }
    assert have == {(pd.Timestamp(row["t"]), row["x"]): number(row["y"]) for row in raw}
    assert len(model.frame) == len(period.axis()) * len({row["x"] for row in raw})


def check_page(model: Any, raw: Any, _question: Any) -> None:
    assert [row.id for row in model.rows] == [row["id"] for row in raw["data"]]
    assert (model.count, model.page) == (number(raw["count"]), number(raw["page"]))


def check_events(model: Any, raw: Any, question: Any) -> None:
    check_page(model, raw, question)
    for event, row in zip(model.rows, raw["data"], strict=True):
        assert event.at == pd.Timestamp(row["createdAt"])
        assert (event.kind, event.name, event.path, event.session, event.referrer) == (
            row["eventType"],
            row["eventName"],
            row["urlPath"],
            row["sessionId"],
            row["referrerDomain"],
        )


def check_sessions(model: Any, raw: Any, question: Any) -> None:
    check_page(model, raw, question)
    for one, row in zip(model.rows, raw["data"], strict=True):
        check_session(one, row, question)


def check_session(model: Any, raw: Any, _question: Any) -> None:
    assert (model.first, model.last) == (pd.Timestamp(raw["firstAt"]), pd.Timestamp(raw["lastAt"]))
    assert (model.visits, model.views) == (number(raw["visits"]), number(raw["views"]))
    assert model.seconds == number(raw.get("totaltime"))
    for name in ("browser", "os", "device", "screen", "language", "country", "region", "city"):
        assert getattr(model, name) == raw[name]
    assert model.hostname == raw.get("hostname")


def check_session_stats(model: Any, raw: Any, _question: Any) -> None:
    assert (model.rows, model.visitors, model.visits, model.countries, model.events) == tuple(
        number(raw[name]["value"])
        for name in ("pageviews", "visitors", "visits", "countries", "events")
    )


def check_activity(model: Any, raw: Any, _question: Any) -> None:
    assert [(one.id, one.visit, one.at, one.path, one.name) for one in model] == [
        (
            row["id"],
            row["visitId"],
            pd.Timestamp(row["createdAt"]),
            row["urlPath"],
            row["eventName"],
        )
        for row in raw
    ]


def check_session_properties(model: Any, raw: Any, _question: Any) -> None:
    assert [(one.name, one.type) for one in model] == [
        (row["dataKey"], row["dataType"]) for row in raw
    ]
    for one, row in zip(model, raw, strict=True):
        want = float(row["numberValue"]) if row["dataType"] == 2 else row["stringValue"]
        assert one.value == want


def check_weekly(model: Any, raw: Any, _question: Any) -> None:
    assert model.frame.loc[6].tolist() == raw[0]
    assert model.frame.loc[0].tolist() == raw[1]
    assert model.frame.to_numpy().sum() == sum(map(sum, raw))


def check_properties(model: Any, raw: Any, _question: Any) -> None:
    assert [(one.event, one.name, one.type, one.value, one.total) for one in model] == [
        (
            row.get("eventName"),
            row["propertyName"],
            row.get("dataType"),
            row.get("propertyValue", row.get("value")),
            number(row["total"]),
        )
        for row in raw
    ]


def check_values(total: str) -> Callable[[Any, Any, Any], None]:
    def check(model: Any, raw: Any, _question: Any) -> None:
        assert [(one.value, getattr(one, total)) for one in model] == [
            (row["value"], number(row[total])) for row in raw
        ]

    return check


def check_data_stats(model: Any, raw: Any, _question: Any) -> None:
    assert (model.events, model.properties, model.records) == (
        number(raw["events"]),
        number(raw["properties"]),
        number(raw["records"]),
    )


def check_daterange(model: Any, raw: Any, _question: Any) -> None:
    want = [raw["mindate"] and pd.Timestamp(raw["mindate"]), raw["maxdate"] and pd.Timestamp(raw["maxdate"])]  # fmt: skip  # noqa: E501
    assert [model.start, model.end] == want


def check_active(model: Any, raw: Any, _question: Any) -> None:
    assert model.visitors == number(raw["visitors"])


def check_funnel(model: Any, raw: Any, _question: Any) -> None:
    assert [
        (one.visitors, one.previous, one.dropped, one.drop_off, one.remaining) for one in model
    ] == [
        (row["visitors"], row["previous"], row["dropped"], row["dropoff"], row["remaining"])
        for row in raw
    ]
    assert [(one.step.kind, one.step.value) for one in model] == [step(row) for row in raw]


def check_retention(model: Any, raw: Any, _question: Any) -> None:
    have = list(model.frame.itertuples(index=False))
    assert [(row.cohort, row.day, row.size, row.returned) for row in have] == [
        (pd.Timestamp(row["date"]), row["day"], row["visitors"], row["returnVisitors"])
        for row in raw
    ]
    assert [row.share * 100 for row in have] == pytest.approx([row["percentage"] for row in raw])
    assert model.triangle.to_numpy().sum() == pytest.approx(model.frame["share"].sum())


def check_utm(model: Any, raw: Any, _question: Any) -> None:
    have = {(row.parameter, row.value): row.views for row in model.frame.itertuples()}
    if isinstance(raw, dict):
        want = {
            (name.removeprefix("utm_"), value): views
            for name, values in raw.items()
            for value, views in values.items()
        }
        assert have == want
        return
    for name in ("source", "medium", "campaign", "content", "term"):
        told = sum(number(row["num"]) for row in raw if f"utm_{name}=" in row["url_query"])
        assert sum(views for (parameter, _), views in have.items() if parameter == name) == told


def check_goal(model: Any, raw: Any, _question: Any) -> None:
    assert model.times == number(raw[0]["result"])
    assert model.visitors is None


def check_journey(model: Any, raw: Any, _question: Any) -> None:
    want: dict[tuple[str, ...], int] = {}
    for row in raw:
        steps = tuple(item for item in row["items"] if item is not None)
        want[steps] = want.get(steps, 0) + row["count"]
    assert {one.steps: one.visits for one in model} == want
    assert [one.visits for one in model] == sorted(want.values(), reverse=True)


def check_breakdown(model: Any, raw: Any, _question: Any) -> None:
    measures = {name: name for name in ("views", "visitors", "visits", "bounces")}
    measures["totaltime"] = "seconds"
    for name, column in measures.items():
        assert list(model.frame[column]) == [number(row[name]) for row in raw]
    for name in {key for row in raw for key in row} - set(measures):
        have = list(model.frame[NEW.get(name, name)])
        assert [None if pd.isna(one) else one for one in have] == [row[name] for row in raw]


def check_revenue(model: Any, raw: Any, _question: Any) -> None:
    assert (model.total, model.orders, model.visitors) == (
        number(raw["total"]["sum"]),
        raw["total"]["count"],
        raw["total"]["unique_count"],
    )
    assert model.chart["amount"].sum() == pytest.approx(
        float(sum(number(row["y"]) for row in raw["chart"]))
    )
    have = dict(zip(model.countries["name"], model.countries["amount"], strict=True))
    assert have == {row["name"]: float(row["value"]) for row in raw["country"]}


def check_currencies(model: Any, raw: Any, _question: Any) -> None:
    assert list(model) == sorted(row["currency"] for row in raw)


def check_attribution(model: Any, raw: Any, _question: Any) -> None:
    names = {"paidAds": "paid ads"}
    want = {
        (names.get(part, part.removeprefix("utm_")), row["name"]): float(row["value"])
        for part, rows in raw.items()
        if part != "total"
        for row in rows
    }
    assert {(row.part, row.name): row.value for row in model.frame.itertuples(index=False)} == want
    assert (model.conversions, model.visitors, model.visits) == tuple(raw["total"].values())


CHECKS: dict[str, Callable[[Any, Any, Any], None]] = {
    "active": check_active,
    "activity": check_activity,
    "attribution": check_attribution,
    "breakdown": check_breakdown,
    "currencies": check_currencies,
    "daterange": check_daterange,
    "event_data_events": check_properties,
    "event_data_fields": check_properties,
    "event_data_properties": check_properties,
    "event_data_stats": check_data_stats,
    "event_data_values": check_values("total"),
    "events": check_events,
    "funnel": check_funnel,
    "goal": check_goal,
    "journey": check_journey,
    "metrics": check_metrics,
    "pageviews": check_pageviews,
    "retention": check_retention,
    "revenue": check_revenue,
    "series": check_series,
    "session": check_session,
    "session_data_properties": check_properties,
    "session_data_values": check_values("total"),
    "session_properties": check_session_properties,
    "session_stats": check_session_stats,
    "sessions": check_sessions,
    "stats": check_stats,
    "utm": check_utm,
    "values": check_values("count"),
    "weekly": check_weekly,
}
UNRECORDED = {
    "create_report",
    "create_website",
    "delete_report",
    "delete_website",
    "login",
    "realtime",
    "report",
    "reports",
    "reset_website",
    "segments",
    "send_event",
    "send_identity",
    "send_pageview",
    "update_report",
    "update_website",
    "verify",
    "website",
    "websites",
}
"""Endpoints that no recording has; ``test_unrecorded.py`` asks them of the embedded server."""


def test_every_endpoint_is_recorded_or_known_not_to_be() -> None:
    assert set(CHECKS) | UNRECORDED == set(REGISTRY)
    asked_names = {asked(case.values[0]).name for case in RECORDED}  # type: ignore[arg-type]
    assert asked_names == set(CHECKS)
