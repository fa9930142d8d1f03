"""Every declared endpoint is documented and has a route in the embedded server."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.routing import Match

from docs.generate import DOCS, DOCUMENTS, example
from tests.doubles.umami import v2
from umami.compat.generations import Generation
from umami.connection import dialect
from umami.embedded.routes import ROUTES
from umami.endpoint import REGISTRY, Request

SERVED = (Generation.V2_18, Generation.V3_1, Generation.V3_5)
"""Whose words the embedded server understands."""


@pytest.mark.parametrize("target", DOCUMENTS, ids=lambda target: target.name)
def test_generated_documents_are_current(target: Path) -> None:
    assert target.read_text() == DOCUMENTS[target](), "run make docs"


@pytest.mark.parametrize("name", ["api.md", "compatibility.md"])
def test_every_endpoint_is_documented(name: str) -> None:
    text = (DOCS / name).read_text()
    assert [name for name in REGISTRY if f"`{name}" not in text] == []


REFERENCE = """
POST /api/auth/login
POST /api/auth/verify
GET /api/websites
POST /api/websites
GET /api/websites/:websiteId
POST /api/websites/:websiteId
DELETE /api/websites/:websiteId
POST /api/websites/:websiteId/reset
GET /api/websites/:websiteId/active
GET /api/websites/:websiteId/stats
GET /api/websites/:websiteId/pageviews
GET /api/websites/:websiteId/metrics
GET /api/websites/:websiteId/events/series
GET /api/websites/:websiteId/events
GET /api/websites/:websiteId/event-data/events
GET /api/websites/:websiteId/event-data/fields
GET /api/websites/:websiteId/event-data/values
GET /api/websites/:websiteId/event-data/stats
GET /api/websites/:websiteId/sessions
GET /api/websites/:websiteId/sessions/stats
GET /api/websites/:websiteId/sessions/:sessionId
GET /api/websites/:websiteId/sessions/:sessionId/activity
GET /api/websites/:websiteId/sessions/:sessionId/properties
GET /api/websites/:websiteId/session-data/properties
GET /api/websites/:websiteId/session-data/values
GET /api/websites/:websiteId/sessions/weekly
GET /api/realtime/:websiteId
GET /api/reports
GET /api/reports/:reportId
DELETE /api/reports/:reportId
GET /api/reports/revenue
POST /api/reports/insights
POST /api/reports/funnel
POST /api/reports/retention
POST /api/reports/utm
POST /api/reports/goals
POST /api/reports/journey
POST /api/reports/revenue
POST /api/reports/attribution
POST /api/send
"""
"""Every route of the API reference of Umami 2; the client must be able to ask each of them."""


def test_every_route_of_umami_2_is_documented() -> None:
    """The documents derive routes from the dialects, so every listed route is really requested."""
    text = (DOCS / "api.md").read_text()
    assert [line for line in REFERENCE.strip().splitlines() if f"`{line}`" not in text] == []


def test_documents_name_the_route_of_each_version() -> None:
    text = (DOCS / "api.md").read_text()
    retention = next(line for line in text.splitlines() if line.startswith("| `retention("))
    assert (
        "2.18–3.3 `POST /api/reports/retention` · "
        "from 3.4 `GET /api/websites/:websiteId/retention`" in retention
    )
    stats = next(line for line in text.splitlines() if line.startswith("| `stats("))
    assert "| `GET /api/websites/:websiteId/stats` |" in stats


@pytest.mark.parametrize("generation", Generation, ids=str)
def test_ranges_are_in_milliseconds(generation: Generation) -> None:
    """3.x accepts ``startDate`` in a query and fails; 2.x needs it for currencies only."""
    speaks = dialect(generation)
    dated = set()
    for name, endpoint in REGISTRY.items():
        question = example(endpoint)
        if not speaks.refusal(question):
            plan = speaks.plan(question)
            requests = (plan,) if isinstance(plan, Request) else next(plan)
            within = {"startDate" in dict(request.params) for request in requests}
            assert len(within) == 1, name
            dated |= {name} if within == {True} else set()
    assert dated == ({"currencies"} if generation.major == 2 else set())


@pytest.mark.parametrize("generation", SERVED, ids=str)
def test_every_endpoint_has_an_embedded_route(generation: Generation) -> None:
    speaks = dialect(generation)
    routes = v2.ROUTES if generation.major == 2 else ROUTES
    for name, endpoint in REGISTRY.items():
        question = example(endpoint)
        if speaks.refusal(question):
            assert endpoint.extension or endpoint.first_version > generation.value, name
            continue
        plan = speaks.plan(question)
        for request in (plan,) if isinstance(plan, Request) else next(plan):
            scope = {"type": "http", "method": request.method, "path": f"/api{request.path}"}
            assert any(route.matches(scope)[0] is Match.FULL for route in routes), request
