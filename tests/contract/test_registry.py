"""Every declared endpoint has its row in the docs, and its route in the embedded server."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.routing import Match

from tests.doubles.umami import v2
from umami.connection import dialect
from umami.documentation import DOCUMENTS, example
from umami.embedded.routes import ROUTES
from umami.generations import Generation
from umami.question import REGISTRY, Request

SERVED = (Generation.V2_18, Generation.V3_1, Generation.V3_4)
"""Whose words the embedded server understands."""


@pytest.mark.parametrize("target", DOCUMENTS, ids=lambda target: target.name)
def test_the_tables_are_fresh(target: Path) -> None:
    assert target.read_text() == DOCUMENTS[target](), "run make docs"


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_endpoint_has_a_row(name: str) -> None:
    for target in DOCUMENTS:
        assert f"`{name}" in target.read_text()


@pytest.mark.parametrize("generation", Generation, ids=str)
@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_ranges_are_in_milliseconds(name: str, generation: Generation) -> None:
    """3.x takes ``startDate`` in a query, too, and fails; 2.x wants it for currencies alone."""
    speaks, question = dialect(generation), example(REGISTRY[name])
    if speaks.refusal(question):
        return
    plan = speaks.plan(question)
    for request in (plan,) if isinstance(plan, Request) else next(plan):
        dated = "startDate" in dict(request.query)
        assert dated == (name == "currencies" and generation.major == 2)


@pytest.mark.parametrize("generation", SERVED, ids=str)
@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_endpoint_has_a_route(name: str, generation: Generation) -> None:
    speaks, question = dialect(generation), example(REGISTRY[name])
    if speaks.refusal(question):
        assert question.endpoint.first_version > generation.value
        return
    plan = speaks.plan(question)
    requests = (plan,) if isinstance(plan, Request) else next(plan)
    for request in requests:
        scope = {"type": "http", "method": request.method, "path": f"/api{request.path}"}
        routes = v2.ROUTES if generation.major == 2 else ROUTES
        assert any(route.matches(scope)[0] is Match.FULL for route in routes), request
