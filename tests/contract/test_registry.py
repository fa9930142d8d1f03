"""Every declared endpoint has its row in the docs and its route in the embedded server."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.routing import Match

from tests.contract.test_any_answer import EXAMPLES
from umami import v2
from umami.documentation import TARGET, document
from umami.embedded.faces import FACES
from umami.question import REGISTRY

NEWER = {"segments"}
"""What 2.18, whose spelling the embedded server has, does not offer."""


def test_the_table_of_endpoints_is_fresh() -> None:
    assert Path(TARGET).read_text() == document(), "run make docs"


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_endpoint_has_a_row(name: str) -> None:
    assert f"| `{name}(" in TARGET.read_text()


@pytest.mark.parametrize("name", sorted(set(REGISTRY) - NEWER))
def test_every_endpoint_has_a_route(name: str) -> None:
    request = v2.spell(EXAMPLES[name][0])
    scope = {"type": "http", "method": request.method, "path": f"/api{request.path}"}
    assert any(route.matches(scope)[0] is Match.FULL for route in FACES[2].routes)
