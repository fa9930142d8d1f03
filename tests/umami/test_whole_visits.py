"""Filters that keep whole visits: asked for where the server has them, refused elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.umami import serve as serve_version
from umami.api import conversions, events, performance, reports, revenue, sessions, traffic
from umami.client import Client, connect
from umami.conversion import FunnelStep
from umami.embedded.server import serve
from umami.endpoint import REGISTRY, Query
from umami.errors import NotOffered
from umami.filters import Filter
from umami.period import Period
from umami.settings import Settings
from umami.view import View
from umami.view_parsing import parse

TABLES = Path(__file__).parents[1] / "contract" / "data" / "tables"
SHOP: str = json.loads((TABLES.parent / "websites.json").read_text())["shop"]
PERIOD = Period.of_days(date(2026, 8, 1), date(2026, 9, 30), "UTC")
BY_ROW = View(SHOP, PERIOD, filters=(Filter("referrer", "eq", "google.com"),))
BY_VISIT = replace(BY_ROW, whole_visits=True)
STEPS = (
    reports.FunnelStep(kind="path", value="/products*"),
    reports.FunnelStep(kind="event", value="purchase"),
)


def queries(view: View) -> dict[str, Query[Any]]:
    """A query of each endpoint whose answers a View's filters apply to."""
    made = [
        traffic.stats(view),
        traffic.pageviews(view),
        traffic.metrics(view, "path"),
        traffic.groups(view, "path"),
        events.events(view),
        events.series(view),
        events.event_stats(view),
        events.event_data_events(view),
        events.event_data_fields(view),
        events.event_data_properties(view),
        events.event_data_values(view, "purchase", "revenue"),
        events.event_data_stats(view),
        events.event_data_numeric_stats(view, "purchase", "revenue"),
        events.event_data_numeric_series(view, "purchase", "revenue"),
        events.event_data_property_series(view, "purchase", "currency"),
        sessions.sessions(view),
        sessions.session_stats(view),
        sessions.weekly(view),
        sessions.session_data_properties(view),
        sessions.session_data_values(view, "plan"),
        sessions.session_data_stats(view, "plan"),
        sessions.session_data_numeric_stats(view, "age"),
        sessions.session_data_numeric_series(view, "age"),
        sessions.session_data_property_series(view, "plan"),
        reports.funnel(view, STEPS, 60),
        reports.retention(view),
        reports.goal(view, "event", "purchase"),
        reports.journey(view),
        reports.breakdown(view, ("path",)),
        reports.utm(view),
        revenue.attribution(view, "first-click", "event", "purchase"),
        revenue.revenue(view, "EUR"),
        revenue.currencies(view),
        revenue.revenue_stats(view, "EUR"),
        revenue.revenue_chart(view, "EUR"),
        revenue.revenue_metrics(view, "EUR", "country"),
        revenue.revenue_sessions(view, "EUR"),
        performance.performance_stats(view),
        performance.performance_chart(view),
        performance.performance_metrics(view, "path"),
    ]
    return {query.name: query for query in made}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Client]]:
    """Clients of an embedded server and of a server that answers as 3.1."""
    with ExitStack() as stack:
        running = {
            "embedded": stack.enter_context(serve(TABLES, password="umami")),
            "3.1": stack.enter_context(serve_version("3.1", TABLES)),
        }
        yield {
            name: stack.enter_context(
                connect(Settings(api=f"{server.url}/api", username="admin", password="umami"))
            )
            for name, server in running.items()
        }


def test_every_filtered_endpoint_is_among_the_queries() -> None:
    filtered = {name for name, endpoint in REGISTRY.items() if endpoint.filtered}
    extensions = {"visit_groups", "credit", "steps_around", "internal_tags", "parts_of_visits"}
    assert filtered - queries(BY_ROW).keys() == extensions


@pytest.mark.slow
def test_only_an_embedded_server_keeps_whole_visits(servers: dict[str, Client]) -> None:
    assert servers["embedded"].capabilities.whole_visits
    assert not servers["3.1"].capabilities.whole_visits


@pytest.mark.parametrize("name", sorted(queries(BY_ROW)))
def test_every_filtered_query_is_answered_by_visit(servers: dict[str, Client], name: str) -> None:
    servers["embedded"].ask(queries(BY_VISIT)[name])


def test_bounces_are_those_of_the_visits(servers: dict[str, Client]) -> None:
    client = servers["embedded"]
    rows, visits = (client.ask(traffic.stats(view)).current for view in (BY_ROW, BY_VISIT))
    assert rows.visits == visits.visits > 100
    assert rows.bounces > visits.bounces > 0
    assert rows.views < visits.views
    assert rows.seconds < visits.seconds


def test_a_filter_of_visits_needs_no_other_question(servers: dict[str, Client]) -> None:
    german = replace(BY_ROW, filters=(Filter("country", "eq", "DE"),))
    client = servers["embedded"]
    answers = [
        client.ask(traffic.stats(replace(german, whole_visits=whole))) for whole in (False, True)
    ]
    assert answers[0] == answers[1]


def test_another_server_is_not_asked_for_whole_visits(servers: dict[str, Client]) -> None:
    with pytest.raises(NotOffered, match="keep only the matching parts of visits"):
        servers["3.1"].ask(traffic.stats(BY_VISIT))


def test_a_link_is_read_by_what_the_server_can(servers: dict[str, Client]) -> None:
    now = datetime(2026, 10, 1, tzinfo=UTC)
    params = {"filter": ["referrer.eq.google.com", "event.eq.purchase"]}
    views = {
        name: parse(params, now=now, websites=[SHOP], capabilities=client.capabilities).view
        for name, client in servers.items()
    }
    assert views["embedded"].keeps_whole_visits
    assert views["embedded"].keeps_views
    assert not views["3.1"].keeps_whole_visits
    assert not views["3.1"].keeps_views


@pytest.mark.parametrize("step", [FunnelStep("path", "/pricing"), FunnelStep("event", "purchase")])
def test_visits_by_time_add_up_to_the_count_of_a_goal(
    servers: dict[str, Client], step: FunnelStep
) -> None:
    client, view = servers["embedded"], replace(BY_VISIT, filters=())
    goal = client.ask(reports.goal(view, step.kind, step.value))
    by_time = client.ask(conversions.visit_groups(view, "time", step))
    (total,) = client.ask(conversions.visit_groups(view, None, step)).frame.to_dict("records")
    assert goal.times == total["times"] == by_time.frame["times"].sum() > 0
    assert goal.visitors == total["converters"]
