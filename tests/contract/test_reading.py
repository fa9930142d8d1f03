"""The client sends the recorded requests of every generation and parses every answer by value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import httpx
import pandas as pd
import pytest

from tests.conftest import Some
from tests.contract.asking import NEW, Unspoken, query_of, step
from tests.contract.recordings import (
    DATA,
    ROUTES,
    VERSIONS,
    Line,
    Unrecorded,
    answered,
    answered_lines,
    lines,
    recording,
)
from tests.contract.samples import SAMPLES
from tests.doubles.umami import serve as serve_version
from tests.embedded.conftest import signed_in
from umami.endpoint import JSON, REGISTRY, Request
from umami.errors import NotFound, NotOffered
from umami.period import Period, zone

OWN = {"shop.example.com", "docs.example.com"}
"""Before 3.1 a website is its own referrer by way of its “www.”."""


def number(value: Any) -> Decimal:
    return Decimal(str(value or 0))


def figure(raw: Any) -> Decimal:
    """A number, or 2.x's object of one."""
    return number(raw["value"] if isinstance(raw, dict) else raw)


@pytest.fixture(scope="module")
def beyond() -> Iterator[dict[int, httpx.Client]]:
    """Requests of a dialect without a recording go to the doubles over the same rows."""
    with (
        serve_version("2.18", DATA / "tables") as two,
        serve_version("3.1", DATA / "tables") as three,
        signed_in(two) as old,
        signed_in(three) as new,
    ):
        yield {2: old, 3: new}


def made_up(version: str, line: Line) -> str | None:
    """Why an answer of this kind is not what the client shows, where it is not."""
    query, body = line["query"] or {}, line["body"] or {}
    kind = query.get("type") if line["path"].endswith("/metrics") else None
    if kind and query.get("limit") and version != "v3.1.0":
        return "before 3.1 more is asked, as rows without a value take the place of others"
    if kind == "referrer" and version != "v3.1.0":
        return "before 3.1 a website can be its own referrer"
    if version == "v2.18.1" and kind in ("url", "title", "query", "tag"):
        return "2.18 counts views; a breakdown tells visitors"
    if version == "v3.1.0" and body.get("parameters", {}).get("currency") and "model" in str(body):
        return "3.1 pays no heed to the currency"
    if query.get("unit") == "hour" and query["endAt"] - query["startAt"] > 49 * 3_600_000:
        return "only units that every server keeps are asked for"
    if "-revenue-" in line["name"]:
        params = body.get("dateRange") or body["parameters"]
        length = pd.Timestamp(params["endDate"]) - pd.Timestamp(params["startDate"])
        if params["unit"] == "hour" and length > pd.Timedelta(hours=49):
            return "only units that every server keeps are asked for"
    if query.get("match") == "any":
        return "any of several values is one filter"
    return None


@pytest.mark.parametrize("route", ROUTES)
def test_recorded_answers_are_parsed_by_value(
    route: str, beyond: dict[int, httpx.Client], subtests: pytest.Subtests, some: Some
) -> None:
    for version in VERSIONS:
        for line in some(answered_lines(version, route), 4):
            with subtests.test(f"{version} {line['name']}"):
                check(version, line, beyond)


def check(version: str, line: Line, beyond: dict[int, httpx.Client]) -> None:
    """The client sends this request as recorded and parses its answer by value."""
    source = recording(version)
    met: set[str] = set()

    def ask(request: Request) -> JSON:
        try:
            answer = source.ask(request)
            met.add(source.key(source.line(request), limited=False))
            return answer
        except Unrecorded:
            client = beyond[VERSIONS[version].major]
            content = None if request.body is None else request.body.encode()
            answer = client.request(
                request.method, f"/api{request.path}", params=request.params, content=content
            )
            return answer.raise_for_status().json()

    try:
        question = query_of(line, version)
        model = answered(question, source.dialect, ask)
    except Unspoken:
        return
    except NotOffered as refused:
        assert str(refused).startswith(("Umami", "This server"))  # noqa: PT017
        return
    except NotFound:
        assert line["answer"] in (None, {})
        return
    if made_up(version, line) is None:
        assert source.key(line, limited=False) in met, (
            "the question is not spelled as it was recorded"
        )
        CHECKS[question.name](model, line["answer"], question)
    else:
        assert source.key(line, limited=False) not in met or question.name == "metrics"


def buckets(rows: list[Line], at: str, period: Period) -> dict[pd.Timestamp, Decimal]:
    """A sparse series as a mapping, nothing lost."""
    sums: dict[pd.Timestamp, Decimal] = {}
    for row in rows:
        time = pd.Timestamp(row[at])
        assert time in period.axis()
        sums[time] = sums.get(time, Decimal(0)) + number(row["y"])
    return sums


def check_stats(model: Any, raw: Any, _question: Any) -> None:
    assert (
        model.current.views,
        model.current.visitors,
        model.current.visits,
        model.current.bounces,
        model.current.seconds,
    ) == tuple(
        figure(raw[name]) for name in ("pageviews", "visitors", "visits", "bounces", "totaltime")
    )
    if model.previous:
        before = raw.get("comparison") or {name: pair["prev"] for name, pair in raw.items()}
        assert (model.previous.views, model.previous.visitors, model.previous.seconds) == tuple(
            number(before[name]) for name in ("pageviews", "visitors", "totaltime")
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
    named = [row for row in raw if row["y"] and row["x"] not in (None, "", "null")]
    assert sorted(counted) == sorted((row["x"], int(number(row["y"]))) for row in named)
    assert list(model.frame["count"]) == sorted(model.frame["count"], reverse=True)
    countries = {row["x"]: row.get("country") for row in raw}
    assert all(
        countries[name] == country
        for name, country in zip(model.frame["name"], model.frame["country"], strict=True)
    )


def check_groups(model: Any, raw: Any, question: Any) -> None:
    field = question.arguments["field"]
    theirs = ("pageviews", "visitors", "visits", "bounces", "totaltime")
    columns = ["name", "country", "views", "visitors", "visits", "bounces", "seconds"]
    have = {tuple(row) for row in model.frame[columns].astype(object).to_numpy()}
    assert have == {
        (row["name"], row.get("country"), *(number(row[name]) for name in theirs))
        for row in raw
        if row["name"] and not (field == "referrer" and row["name"] in OWN)
    }


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
    for session, row in zip(model.rows, raw["data"], strict=True):
        check_session(session, row, question)


def check_session(model: Any, raw: Any, _question: Any) -> None:
    assert (model.first, model.last) == (pd.Timestamp(raw["firstAt"]), pd.Timestamp(raw["lastAt"]))
    assert (model.visits, model.views) == (number(raw["visits"]), number(raw["views"]))
    assert model.seconds == (number(raw["totaltime"]) if "totaltime" in raw else None)
    for name in ("browser", "os", "device", "screen", "language", "country", "region", "city"):
        assert getattr(model, name) == raw[name]
    host = raw.get("hostname")
    assert model.hostname == (", ".join(host) if isinstance(host, list) else host)
    assert model.events == (number(raw["events"]) if "events" in raw else None)


def check_session_stats(model: Any, raw: Any, _question: Any) -> None:
    assert (model.rows, model.visitors, model.visits, model.countries, model.events) == tuple(
        number(raw[name]["value"])
        for name in ("pageviews", "visitors", "visits", "countries", "events")
    )


def check_activity(model: Any, raw: Any, _question: Any) -> None:
    assert [(event.id, event.visit, event.at, event.path, event.name) for event in model] == [
        (
            row.get("id") or row["eventId"],
            row["visitId"],
            pd.Timestamp(row["createdAt"]),
            row["urlPath"],
            row["eventName"],
        )
        for row in raw
    ]


def check_session_properties(model: Any, raw: Any, _question: Any) -> None:
    assert [(property_.name, property_.type) for property_ in model] == [
        (row["dataKey"], row["dataType"]) for row in raw
    ]
    for property_, row in zip(model, raw, strict=True):
        want = float(row["numberValue"]) if row["dataType"] == 2 else row["stringValue"]
        assert property_.value == want


def check_weekly(model: Any, raw: Any, question: Any) -> None:
    hours = [count for day in [*raw[1:], raw[0]] for count in day]
    have = [int(count) for count in model.frame.to_numpy().ravel()]
    period = question.view.period
    offset = period.start.astimezone(zone(period.timezone)).utcoffset()
    ahead = int(offset.total_seconds() // 3600)
    # 3.0 answers in UTC whatever zone is asked.
    assert have in (hours, hours[-ahead:] + hours[:-ahead])


def as_2_writes(value: str | None) -> str | None:
    """A date's text, which 3.x writes as an instant."""
    matched = re.fullmatch(r"(....-..-..)T(..:00:00)Z", value or "")
    return f"{matched[1]} {matched[2]}" if matched else value


def check_event_stats(model: Any, raw: Any, _question: Any) -> None:
    names = ("events", "visitors", "visits", "uniqueEvents")
    assert (model.times, model.visitors, model.visits, model.names) == tuple(
        number(raw["data"][name]) for name in names
    )


def check_properties(model: Any, raw: Any, _question: Any) -> None:
    assert [
        (property_.event, property_.name, property_.type, property_.value, property_.total)
        for property_ in model
    ] == [
        (
            row.get("eventName"),
            row["propertyName"],
            row.get("dataType"),
            as_2_writes(row.get("propertyValue", row.get("value"))),
            number(row["total"]),
        )
        for row in raw
    ]


def check_values(total: str) -> Callable[[Any, Any, Any], None]:
    def check(model: Any, raw: Any, _question: Any) -> None:
        assert [(item.value, getattr(item, total)) for item in model] == [
            (as_2_writes(row["value"]), number(row[total])) for row in raw
        ]

    return check


def check_data_stats(model: Any, raw: Any, _question: Any) -> None:
    assert (model.events, model.properties, model.records) == (
        number(raw["events"]),
        number(raw["properties"]),
        number(raw["records"]),
    )


def check_daterange(model: Any, raw: Any, _question: Any) -> None:
    first, last = raw.values()
    want = [first and pd.Timestamp(first), last and pd.Timestamp(last)]
    assert [model.start, model.end] == want


def check_active(model: Any, raw: Any, _question: Any) -> None:
    assert model.visitors == number(raw["visitors"])


def check_funnel(model: Any, raw: Any, _question: Any) -> None:
    assert [
        (part.visitors, part.previous, part.dropped, part.drop_off, part.remaining)
        for part in model
    ] == [
        (row["visitors"], row["previous"], row["dropped"], row["dropoff"], row["remaining"])
        for row in raw
    ]
    assert [(part.step.kind, part.step.value) for part in model] == [step(row) for row in raw]


def check_retention(model: Any, raw: Any, _question: Any) -> None:
    have = list(model.frame.itertuples(index=False))
    # With filters 3.x counts days before the cohort's, too.
    raw = [row for row in raw if row["day"] >= 0]
    assert [(row.cohort, row.day, row.size, row.returned) for row in have] == [
        (pd.Timestamp(row["date"]), row["day"], row["visitors"], row["returnVisitors"])
        for row in raw
    ]
    assert [row.share * 100 for row in have] == pytest.approx([row["percentage"] for row in raw])
    assert model.triangle.to_numpy().sum() == pytest.approx(model.frame["share"].sum())


def check_utm(model: Any, raw: Any, _question: Any) -> None:
    have = {(row.parameter, row.value): row.views for row in model.frame.itertuples()}
    if isinstance(raw, list):
        for name in ("source", "medium", "campaign", "content", "term"):
            want = sum(number(row["num"]) for row in raw if f"utm_{name}=" in row["url_query"])
            assert sum(views for (parameter, _), views in have.items() if parameter == name) == want
        return
    counted = {
        name: values if isinstance(values, dict) else {row["utm"]: row["views"] for row in values}
        for name, values in raw.items()
    }
    assert have == {
        (name.removeprefix("utm_"), value): views
        for name, values in counted.items()
        for value, views in values.items()
        if value
    }


def check_goal(model: Any, raw: Any, _question: Any) -> None:
    if isinstance(raw, list):
        assert model.times == number(raw[0]["result"])
    else:
        assert model.visitors == number(raw["num"])
    assert model.of_visitors is not None
    # 3.0 cannot tell times where its one filter of the field is taken.
    assert model.visitors <= model.of_visitors
    assert model.times is None or model.visitors <= model.times


def check_journey(model: Any, raw: Any, _question: Any) -> None:
    want: dict[tuple[str, ...], int] = {}
    for row in raw:
        steps = tuple(item for item in row["items"] if item is not None)
        want[steps] = want.get(steps, 0) + row["count"]
    assert {path.steps: path.visits for path in model} == want
    assert [path.visits for path in model] == sorted(want.values(), reverse=True)


def check_breakdown(model: Any, raw: Any, _question: Any) -> None:
    measures = {name: name for name in ("views", "visitors", "visits", "bounces")}
    measures["totaltime"] = "seconds"
    for name, column in measures.items():
        assert list(model.frame[column]) == [number(row[name]) for row in raw]
    for name in {key for row in raw for key in row} - set(measures):
        have = list(model.frame[NEW.get(name, name)])
        assert [None if pd.isna(value) else value for value in have] == [row[name] for row in raw]


def check_revenue(model: Any, raw: Any, question: Any) -> None:
    assert (model.total, model.orders, model.visitors) == (
        number(raw["total"]["sum"]),
        raw["total"]["count"],
        raw["total"]["unique_count"],
    )
    if model.chart is None:
        assert question.view.period.unit == "hour"
    else:
        assert model.chart["amount"].sum() == pytest.approx(
            float(sum(number(row["y"]) for row in raw["chart"]))
        )
    parts = {"country": "countries", "region": "regions", "referrer": "referrers"}
    for name, ours in {**parts, "channel": "channels"}.items():
        frame = getattr(model, ours)
        if name not in raw:
            assert frame is None
            continue
        have = dict(zip(frame["name"], frame["amount"], strict=True))
        assert have == {row["name"]: float(row["value"]) for row in raw[name]}
    if "total_sessions" in raw["total"]:
        assert model.of_visitors == number(raw["total"]["total_sessions"])


def check_currencies(model: Any, raw: Any, _question: Any) -> None:
    assert list(model) == sorted(row["currency"] for row in raw)


def check_attribution(model: Any, raw: Any, question: Any) -> None:
    names = {"paidAds": "paid ads"}
    want = {
        (names.get(part, part.removeprefix("utm_")), row["name"]): float(row["value"])
        for part, rows in raw.items()
        if part != "total"
        for row in rows
        if row["name"]
    }
    value = "amount" if question.arguments["currency"] else "visitors"
    rows = model.frame[model.frame[value].notna()]
    have = {(row.part, row.name): getattr(row, value) for row in rows.itertuples(index=False)}
    assert have == {
        (part, name): count
        for (part, name), count in want.items()
        if not (part == "referrer" and name in OWN)
    }
    if value == "visitors":
        assert (model.conversions, model.visitors, model.visits) == tuple(raw["total"].values())


CHECKS: dict[str, Callable[[Any, Any, Any], None]] = {
    "active": check_active,
    "activity": check_activity,
    "attribution": check_attribution,
    "breakdown": check_breakdown,
    "currencies": check_currencies,
    "daterange": check_daterange,
    "event_stats": check_event_stats,
    "groups": check_groups,
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


def test_every_endpoint_has_recordings_or_samples() -> None:
    assert set(CHECKS) | set(SAMPLES) == set(REGISTRY)
    spoken = set()
    for version in VERSIONS:
        for line in lines(version):
            if line["status"] == 200:
                with suppress(Unspoken):
                    spoken.add(query_of(line, version).name)
    assert spoken == set(CHECKS)
