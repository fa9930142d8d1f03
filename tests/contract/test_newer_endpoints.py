"""Endpoints without recordings: how they are parsed, refused and emulated."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from docs.generate import example
from tests.contract.recordings import answered
from tests.contract.samples import (
    ACCOUNT,
    ANNOTATION,
    OTHER,
    PERIOD,
    SAMPLES,
    SEGMENT,
    SITE,
    TEAM,
    TEAM_ROW,
    VIEW,
    VITAL,
    WEBSITE,
    page,
)
from umami.api import (
    account,
    events,
    notes,
    performance,
    revenue,
    segments,
    sessions,
    traffic,
    websites,
)
from umami.api.account import Team
from umami.api.performance import Percentiles
from umami.compat.dialect import Dialect
from umami.compat.generations import Generation
from umami.compat.v3 import V3
from umami.connection import dialect
from umami.endpoint import JSON, REGISTRY, Query, Request
from umami.errors import (
    InvalidView,
    NotFound,
    ServerFault,
    TimedOut,
    Unauthorised,
    UnexpectedAnswer,
)
from umami.period import Period

V2_18, V2_20, V3_0, V3_1 = Generation.V2_18, Generation.V2_20, Generation.V3_0, Generation.V3_1
V3_2, V3_3, V3_4, V3_5 = Generation.V3_2, Generation.V3_3, Generation.V3_4, Generation.V3_5
NOW = datetime(2026, 8, 2, 10, 30, tzinfo=UTC)
FIRST_OFFERED = {
    V2_18: {"me", "teams", "team_websites", "website_charts", "revenue_stats", "revenue_chart",
            "revenue_metrics"},
    V2_20: {"segments", "segment", "create_segment", "update_segment", "delete_segment"},
    V3_0: {"links", "pixels"},
    V3_1: {"boards", "board", "performance_stats", "performance_chart", "performance_metrics",
           "revenue_sessions", "shares", "create_share"},
    V3_2: {"event_data_numeric_stats", "event_data_numeric_series", "event_data_property_series",
           "session_data_stats", "session_data_numeric_stats", "session_data_numeric_series",
           "session_data_property_series"},
    V3_3: set[str](),
    V3_4: {"annotations", "annotation", "create_annotation", "update_annotation",
           "delete_annotation"},
    V3_5: {"browser_errors", "browser_error_stats"},
}  # fmt: skip
"""Since when each of these can be answered, by another route where need be."""


def read(name: str, answer: Any = None) -> Any:
    """The model of an answer, or of the sample."""
    question, sample = SAMPLES[name]
    return question.read(sample if answer is None else answer)


class Server:
    """Answers requests by method and path, and notes them."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> JSON:
        self.requests.append(request)
        answer = self.answers[f"{request.method} {request.path}"]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    @property
    def targets(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.requests]


# Which generation offers what


@pytest.mark.parametrize("name", sorted(set().union(*FIRST_OFFERED.values())))
def test_older_servers_are_refused_with_a_reason(name: str) -> None:
    first = next(generation for generation, names in FIRST_OFFERED.items() if name in names)
    question = example(REGISTRY[name])
    for generation in Generation:
        refusal = dialect(generation).refusal(question)
        assert (refusal is not None) == (generation < first), generation
        if refusal is not None:
            endpoint = REGISTRY[name]
            sentence = f"Umami {generation} has no {endpoint.subject}; they came with "
            assert str(refusal) == f"{sentence}{endpoint.since}."
            assert refusal.endpoint == name
    assert V3(V3_5, cloud=True).refusal(question) is None


def test_reason_names_the_feature_and_its_first_version() -> None:
    refusal = dialect(V3_1).refusal(notes.annotations(VIEW))
    assert str(refusal) == "Umami 3.1 has no annotations; they came with 3.4."


def test_every_newer_endpoint_names_its_subject() -> None:
    nameless = [
        name
        for name, endpoint in REGISTRY.items()
        if endpoint.first_version > V2_18.value and not endpoint.subject
    ]
    assert nameless == []


def test_emulated_endpoints_are_offered_by_every_generation() -> None:
    for name in ("event_stats", "groups", "breakdown", "goal", "currencies"):
        for generation in Generation:
            assert dialect(generation).refusal(example(REGISTRY[name])) is None


# Reading


def test_annotations_are_parsed() -> None:
    (note,) = read("annotations").rows
    assert (note.at, note.all_day, note.note) == (NOW, False, "A new campaign")
    assert read("annotation", {**ANNOTATION, "allDay": None}).all_day
    with pytest.raises(NotFound):
        read("annotation", {**ANNOTATION, "websiteId": TEAM})
    with pytest.raises(NotFound):
        notes.annotation(SITE, OTHER).read(None)


def test_annotation_is_sent_in_the_format_of_umami() -> None:
    at = datetime.fromisoformat("2026-08-02T12:00:00+02:00")
    body = json.loads(notes.create_annotation(SITE, at, "Hello").body or "")
    assert body == {"date": "2026-08-02T10:00:00.000Z", "note": "Hello", "allDay": True}
    for note in ("", "x" * 501):
        with pytest.raises(InvalidView):
            notes.create_annotation(SITE, at, note)
    with pytest.raises(InvalidView):
        notes.create_annotation(SITE, at.replace(tzinfo=None), "Hello")


def test_segments_are_parsed() -> None:
    assert read("segment").parameters == SEGMENT["parameters"]
    assert read("segments").rows == (read("segment"),)
    assert read("segment", {**SEGMENT, "parameters": None}).parameters == {}
    with pytest.raises(NotFound):
        read("segment", {**SEGMENT, "websiteId": TEAM})
    question = segments.update_segment(SITE, OTHER, "cohort", "Buyers", {"match": "all"})
    assert json.loads(question.body or "") == {
        "type": "cohort",
        "name": "Buyers",
        "parameters": {"match": "all"},
    }


def test_website_charts_are_parsed() -> None:
    chart = read("website_charts")[SITE]
    assert chart.visitors == 9
    assert list(chart.frame["visitors"]) == [1, 2, 0, 4, 5, 0]
    assert chart.frame["time"].iloc[1] == pd.Timestamp("2026-08-01 12:00")
    for ids in ([], [SITE] * 21):
        with pytest.raises(InvalidView):
            websites.website_charts(ids, PERIOD)


def test_property_statistics_are_parsed() -> None:
    stats = read("event_data_numeric_stats")
    assert (stats.total, stats.median, stats.minimum, stats.maximum) == (90.5, 20, 10.5, 60)
    nulls = dict.fromkeys(("total", "average", "median", "min", "max"))
    nothing = read("event_data_numeric_stats", nulls)
    assert (nothing.total, nothing.average, nothing.maximum) == (0, 0, 0)
    table = read("session_data_stats").frame
    assert table.to_dict("list") == {
        "value": ["pro", None],
        "visitors": [3, 1],
        "visits": [5, 1],
        "rows": [20, 1],
        "events": [4, 0],
    }


def test_property_series_are_parsed() -> None:
    # The second bucket is an instant, which is the third day in Zurich.
    assert list(read("event_data_numeric_series").frame["value"]) == [30.5, 0, 60]
    averages = read("session_data_numeric_series").frame["value"]
    assert averages.isna().tolist() == [True, False, True]
    assert averages[1] == 41.5
    values = read("event_data_property_series").frame.set_index(["value", "time"])["count"]
    assert values.loc["pro"].tolist() == [2, 0, 0]
    assert values.loc["free"].tolist() == [0, 0, 5]


def test_session_property_set_before_the_period_is_accepted() -> None:
    early = [{"x": "pro", "t": "2026-07-20 00:00:00", "y": 7}]
    inside = SAMPLES["session_data_property_series"][1]
    assert read("session_data_property_series", early + inside).frame["count"].sum() == 3
    assert read("session_data_numeric_series", early).frame["value"].isna().all()
    with pytest.raises(UnexpectedAnswer):
        read("event_data_property_series", early)


def test_repeated_hour_is_summed_unless_it_is_an_average() -> None:
    night = Period.of_days(date(2026, 10, 25), date(2026, 10, 25), "Europe/Zurich", "hour")
    view = replace(VIEW, period=night)
    twice = [{"t": f"2026-10-25T0{hour}:00:00Z", "y": y} for hour, y in ((0, 2), (1, 4))]
    sums = events.event_data_numeric_series(view, "purchase", "price", "sum").read(twice)
    averages = events.event_data_numeric_series(view, "purchase", "price", "avg").read(twice)
    assert sums.frame.set_index("time")["value"]["2026-10-25 02:00"] == 6
    assert averages.frame.set_index("time")["value"]["2026-10-25 02:00"] == 4


def test_performance_is_parsed() -> None:
    stats = read("performance_stats")
    assert stats.vitals["lcp"] == Percentiles(1200.5, 1800, 4000)
    assert stats.vitals["inp"].p95 is None
    assert stats.count == 31
    empty = read("performance_stats", {**dict.fromkeys(stats.vitals), "count": 0})
    assert empty.vitals["cls"] == Percentiles(None, None, None)
    chart = read("performance_chart").frame
    assert chart["p75"].isna().tolist() == [True, False, True]
    table = read("performance_metrics").frame
    assert table["name"].tolist() == ["/", "/pricing"]
    assert table["count"].tolist() == [20, 11]
    with pytest.raises(InvalidView):
        performance.performance_chart(VIEW, "speed")  # type: ignore[arg-type]


def test_revenue_is_parsed() -> None:
    stats = read("revenue_stats")
    assert stats.total == Decimal("120.50")
    assert (stats.orders, stats.visitors, stats.of_visitors) == (4, 3, 40)
    assert stats.average == Decimal("30.125")
    chart = read("revenue_chart")
    assert chart["amount"].tolist() == [0, 120.5, 0]
    regions = read("revenue_metrics")
    assert regions["name"].tolist() == ["CH-ZH", "DE-BE"]
    assert regions["country"].tolist() == ["CH", "DE"]
    (session,) = read("revenue_sessions").rows
    assert (session.views, session.events) == (6, 1)
    assert dict(SAMPLES["revenue_stats"][0].params)["currency"] == "EUR"


def test_account_and_team_lists_are_parsed() -> None:
    who = read("me")
    assert (who.account.username, who.kind, who.key) == ("ada", "api-key", "dashboard")
    assert read("me", {"user": None}).account is None
    (team,) = read("teams").rows
    assert team == Team(TEAM, "Marketing", NOW)
    assert "secret" not in repr(team)
    assert read("team_websites").rows[0].team_id == TEAM
    assert read("boards").rows == (read("board"),)
    assert read("links").rows[0].url == "https://shop.example/sale"
    assert read("pixels").rows[0].slug == "news2026"
    share = read("shares").rows[0]
    assert (share.slug, share.parameters) == ("a1b2c3d4e5f6a7b8", {"overview": True})


def test_browser_errors_are_parsed() -> None:
    (error,) = read("browser_errors").rows
    assert (error.occurrences, error.visits, error.last) == (12, 7, NOW)
    stats = read("browser_error_stats")
    assert stats.days["occurrences"].tolist() == [12]
    nothing = {"occurrences": 0, "visits": 0, "issues": 0, "firstSeen": None, "lastSeen": None}
    assert len(read("browser_error_stats", {**nothing, "series": []}).days) == 0


# What is made of other answers


@pytest.mark.parametrize("generation", Generation, ids=str)
def test_tokens_are_dropped_from_the_model(generation: Generation) -> None:
    server = Server({"GET /me": {"user": ACCOUNT, "token": "secret", "authKey": "secret"}})
    plan = dialect(generation).plan(account.me())
    assert not isinstance(plan, Request)
    next(plan)
    with pytest.raises(StopIteration) as end:
        plan.send([server(account.me().request)])
    assert end.value.value == {"user": ACCOUNT, "authType": None, "apiKey": None}


SUMMARY = SAMPLES["performance_stats"][1]
REPORT_ON_PERFORMANCE = {
    "chart": [{"t": "2026-08-02 00:00:00", **VITAL}],
    "summary": SUMMARY,
    "pages": [{"name": "/", **VITAL, "count": 20}, {"name": "/pricing", **VITAL, "count": "11"}],
    "pageTitles": [{"name": "Home", **VITAL, "count": 20}],
    "devices": [],
    "browsers": [],
}


@pytest.mark.parametrize("generation", [V3_1, V3_3], ids=str)
def test_performance_before_3_4_uses_one_report(generation: Generation) -> None:
    server = Server({"POST /reports/performance": REPORT_ON_PERFORMANCE})
    speaks = dialect(generation)
    view = VIEW.filtered("country", "DE")
    stats = answered(performance.performance_stats(view), speaks, server)
    assert stats == read("performance_stats")
    chart = answered(performance.performance_chart(view, "inp"), speaks, server)
    assert chart.frame.equals(read("performance_chart").frame)
    for field, names in (("path", ["/"]), ("title", ["Home"])):
        question = performance.performance_metrics(view, field, limit=1)  # type: ignore[arg-type]
        assert answered(question, speaks, server).frame["name"].tolist() == names
    bodies = [json.loads(request.body or "") for request in server.requests]
    assert {body["type"] for body in bodies} == {"performance"}
    assert bodies[0]["filters"] == {"country": "eq.DE"}
    assert bodies[1]["parameters"]["metric"] == "inp"
    assert bodies[1]["parameters"]["unit"] == "day"


REVENUE: dict[Generation, Any] = {
    V2_20: {
        "chart": [{"x": "purchase", "t": "2026-08-02 00:00:00", "y": "120.50"}],
        "country": [{"name": "DE", "value": "120.50"}],
        "total": {"sum": "120.50", "count": 4, "unique_count": 3},
        "table": [],
    },
    V3_1: {
        "chart": [{"x": "purchase", "t": "2026-08-02 00:00:00", "y": "120.50", "count": 4}],
        "country": [{"name": "DE", "value": "120.50"}],
        "region": [{"country": "DE", "name": "DE-BE", "value": "120.50"}],
        "referrer": [],
        "channel": [],
        "total": {"sum": "120.50", "count": 4, "unique_count": 3, "total_sessions": 40},
    },
}
REVENUE[V2_18] = REVENUE[V2_20]
REVENUE[V3_0] = {**REVENUE[V2_20], "total": {**REVENUE[V2_20]["total"], "average": 30.125}}


@pytest.mark.parametrize("generation", REVENUE, ids=str)
def test_revenue_before_3_2_uses_one_report(generation: Generation) -> None:
    names = ("pageviews", "visitors", "visits", "countries", "events")
    visitors = {name: {"value": 40} for name in names}
    server = Server(
        {
            "POST /reports/revenue": REVENUE[generation],
            f"GET /websites/{SITE}/sessions/stats": visitors,
        }
    )
    speaks = dialect(generation)
    assert answered(revenue.revenue_stats(VIEW, "EUR"), speaks, server) == read("revenue_stats")
    chart = answered(revenue.revenue_chart(VIEW, "EUR"), speaks, server)
    assert chart.equals(read("revenue_chart"))
    countries = answered(revenue.revenue_metrics(VIEW, "EUR", "country"), speaks, server)
    assert countries[["name", "amount"]].to_dict("list") == {"name": ["DE"], "amount": [120.5]}
    by_region = revenue.revenue_metrics(VIEW, "EUR", "region")
    if generation is V3_1:
        assert answered(by_region, speaks, server)["name"].tolist() == ["DE-BE"]
    else:
        assert "region" in str(speaks.refusal(by_region))


def test_revenue_of_3_0_is_by_day_only() -> None:
    hours = Period.of_days(date(2026, 8, 1), date(2026, 8, 1), "UTC", "hour")
    question = revenue.revenue_chart(replace(VIEW, period=hours), "EUR")
    assert "by the day" in str(dialect(V3_0).refusal(question))
    assert dialect(V3_1).refusal(question) is None


def flat(generation: Generation, visitors: int) -> JSON:
    """A website's stats."""
    names = ("pageviews", "visitors", "visits", "bounces", "totaltime")
    if generation.major == 2:
        return {name: {"value": visitors, "prev": 0} for name in names}
    return dict.fromkeys(names, visitors)


CURVE = {
    "pageviews": [],
    "sessions": [{"x": "2026-08-01 00:00:00", "y": 4}, {"x": "2026-08-03 00:00:00", "y": "6"}],
}


@pytest.mark.parametrize("generation", [V2_18, V2_20, V3_0, V3_2], ids=str)
def test_charts_before_3_3_are_derived_from_stats_and_pageviews(generation: Generation) -> None:
    sites = {SITE: 9, OTHER: 5}
    server = Server(
        {f"GET /websites/{site}/stats": flat(generation, count) for site, count in sites.items()}
        | {f"GET /websites/{site}/pageviews": CURVE for site in sites}
    )
    charts = answered(websites.website_charts(list(sites), PERIOD), dialect(generation), server)
    assert {site: chart.visitors for site, chart in charts.items()} == sites
    assert charts[SITE].frame["visitors"].tolist() == [4, 0, 6]
    assert len(server.requests) == 4


SUMMER_TIME_ENDS = Period.of_days(date(2026, 10, 24), date(2026, 10, 26), "Europe/Zurich")


@pytest.mark.parametrize(
    ("period", "whole"),
    [
        (PERIOD, True),
        (replace(PERIOD, start=datetime(2026, 8, 1, 10, tzinfo=UTC)), True),
        (replace(PERIOD, start=datetime(2026, 8, 1, 9, tzinfo=UTC)), False),
        (SUMMER_TIME_ENDS, False),
    ],
    ids=["midnight", "noon", "eleven", "end of summer time"],
)
def test_wrong_chart_of_the_server_is_replaced_by_pageviews(period: Period, whole: bool) -> None:
    curve = {"pageviews": [], "sessions": [{"x": str(period.axis()[1]), "y": 3}]}
    server = Server(
        {
            "GET /websites/charts": {"data": {SITE: {"total": 9, "values": [0, 0, 9]}}},
            f"GET /websites/{SITE}/pageviews": curve,
        }
    )
    charts = answered(websites.website_charts([SITE], period), dialect(V3_3), server)
    assert charts[SITE].visitors == 9
    assert charts[SITE].frame["visitors"].sum() == (9 if whole else 3)
    assert len(server.requests) == (1 if whole else 2)


# The websites of teams


def paged(*rows: Any, size: int = 2) -> Callable[[Request], JSON]:
    """A list that comes in pages of ``size`` at most."""

    def answer(request: Request) -> JSON:
        query = dict(request.params)
        taken = min(size, int(query["pageSize"]))
        start = (int(query["page"]) - 1) * taken
        return {"data": [*rows[start:][:taken]], "count": len(rows), "page": int(query["page"])}

    return answer


def site(number: int, team: str | None = None) -> dict[str, Any]:
    identifier = f"{number:08}-0000-4000-8000-000000000000"
    return {**WEBSITE, "id": identifier, "name": f"Site {number}", "teamId": team}


@pytest.mark.parametrize("generation", [V2_18, V2_20, V3_0, V3_5], ids=str)
def test_websites_of_teams_are_listed_once(generation: Generation) -> None:
    server = Server(
        {
            "GET /websites": paged(site(1), site(3), site(5, TEAM)),
            "GET /me/teams": paged(TEAM_ROW, {**TEAM_ROW, "id": OTHER}, {**TEAM_ROW, "id": SITE}),
            f"GET /teams/{TEAM}/websites": paged(site(5, TEAM), site(2, TEAM), site(4, TEAM)),
            f"GET /teams/{OTHER}/websites": Unauthorised("not a member any more"),
            f"GET /teams/{SITE}/websites": paged(site(6, SITE)),
        }
    )
    speaks = dialect(generation)
    everything = answered(websites.websites(), speaks, server)
    assert [row.name for row in everything.rows] == [f"Site {number}" for number in range(1, 7)]
    assert everything.count == 6
    second = answered(websites.websites(page=2, page_size=4), speaks, server)
    assert [row.name for row in second.rows] == ["Site 5", "Site 6"]
    assert (second.count, second.page, second.page_size) == (6, 2, 4)
    first = server.requests[0]
    assert dict(first.params).get("includeTeams") == ("true" if generation.major == 3 else None)


@pytest.mark.parametrize("generation", [V2_18, V3_5], ids=str)
def test_search_includes_websites_of_teams(generation: Generation) -> None:
    server = Server(
        {
            "GET /websites": paged(),
            "GET /me/teams": paged(TEAM_ROW),
            f"GET /teams/{TEAM}/websites": paged(site(2, TEAM)),
        }
    )
    answered(websites.websites(search="site"), dialect(generation), server)
    for request in server.requests:
        searched = request.path != "/me/teams"
        assert (dict(request.params).get("search") == "site") == searched
        old = generation.major == 2 and searched
        assert (dict(request.params).get("query") == "site") == old


@pytest.mark.parametrize("generation", [V2_18, V3_5], ids=str)
@pytest.mark.parametrize(
    "problem", [Unauthorised("401"), NotFound("404"), ServerFault("500")], ids=str
)
def test_own_websites_remain_where_teams_are_refused(
    generation: Generation, problem: Exception
) -> None:
    server = Server({"GET /websites": page(WEBSITE), "GET /me/teams": problem})
    listed = answered(websites.websites(), dialect(generation), server)
    assert [row.id for row in listed.rows] == [SITE]


def test_transient_fault_of_teams_fails_the_list_of_websites() -> None:
    """A transient error is retried, and an older list is shown meanwhile."""
    server = Server({"GET /websites": page(WEBSITE), "GET /me/teams": TimedOut("slow")})
    with pytest.raises(TimedOut):
        answered(websites.websites(), dialect(V3_5), server)


@pytest.mark.parametrize("generation", Generation, ids=str)
def test_no_team_requests_for_accounts_without_teams(generation: Generation) -> None:
    server = Server({"GET /websites": page(WEBSITE), "GET /me/teams": page()})
    speaks: Dialect = dialect(generation)
    assert answered(websites.websites(), speaks, server) == read("websites")
    assert server.targets == ["GET /websites", "GET /me/teams"]
    server.answers["GET /me/teams"] = {}
    assert answered(websites.websites(), speaks, server) == read("websites")


def test_query_of_several_websites_names_them_all() -> None:
    charts: Query[Any] = websites.website_charts([SITE, OTHER], PERIOD)
    assert (charts.website, charts.websites) == (None, (SITE, OTHER))
    assert traffic.stats(VIEW).websites == (SITE,)
    assert sessions.session(SITE, OTHER).websites == (SITE,)
    assert account.me().websites == ()
