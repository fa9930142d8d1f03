"""A share link of Umami that is limited to some sections: the other pages are hidden."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from access.permissions import ALL
from components import navigation, umami_server
from tests.pages.conftest import SHOP, TABLES, open_page, said
from tests.support.fault_proxy import Answer, Between, Exchange, between
from umami.api import websites
from umami.client import connect
from umami.embedded.server import serve
from umami.settings import Settings

LINK = "summer2026"


@pytest.fixture
def limited(bare: pytest.MonkeyPatch) -> Iterator[Between]:
    """A server whose share link shows the overview only, as 3.2 and newer limit it."""
    with serve(TABLES, password="umami") as running, between(running.url) as proxy:
        account = Settings(api=f"{running.url}/api", username="admin", password="umami")
        with connect(account) as client:
            client.ask(websites.update_website(SHOP, "Shop", "shop.example.com", share_id=LINK))
        path = f"/api/share/{LINK}"
        link = httpx.get(running.url + path).raise_for_status().json()
        link["parameters"] = {"overview": True, "events": False}
        proxy.known = {("GET", path, None): Answer(200, json.dumps(link).encode())}
        proxy.befall(refuse, where=lambda target: "/sessions" in target or "/events/" in target)
        bare.setenv("UMAMI_SHARE_URL", f"{proxy.url}/share/{LINK}")
        yield proxy


def refuse(exchange: Exchange) -> None:
    error = {"error": {"message": "Unauthorized", "code": "unauthorized", "status": 401}}
    exchange.send(Answer(401, json.dumps(error).encode()))


@pytest.mark.slow
def test_pages_outside_the_share_link_are_hidden(limited: Between) -> None:
    app = open_page()
    assert not app.exception
    assert [area.name for area in navigation.opened(ALL)[:1]] == ["overview"]
    assert "sessions" not in [area.name for area in navigation.opened(ALL)]
    assert umami_server.shared_sections() == frozenset({"overview"})
    assert [tile.label for tile in app.metric][:2] == ["Views", "Visitors"]
    assert "The share link does not show this" in said(app)
    assert "Check the credentials" not in said(app)
