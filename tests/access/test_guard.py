"""The guarded client over a real server: what is refused is not sent, whatever ids are combined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from access.permissions import EVERYTHING, AuthorizedClient, Forbidden, Permissions
from tests.support.fault_proxy import Between, between
from umami.api import account, segments, websites
from umami.client import Client, connect
from umami.compat.generations import Generation
from umami.embedded.server import serve
from umami.errors import NotFound
from umami.period import Period
from umami.settings import Settings

TABLES = Path(__file__).parent.parent / "contract" / "data" / "tables"
SHOP = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
DOCS = "31e8662e-b0ee-4259-b469-24ee0ae1d001"
PERIOD = Period.of_days(date(2026, 8, 1), date(2026, 8, 3), "UTC")
RUNS_THE_SHOP = Permissions((replace(EVERYTHING, websites=frozenset({SHOP})),))


@pytest.fixture(scope="module")
def proxy() -> Iterator[Between]:
    with serve(TABLES, password="umami") as running, between(running.url) as way:
        yield way


@pytest.fixture
def client(proxy: Between) -> Iterator[Client]:
    settings = Settings(
        api=f"{proxy.url}/api", username="admin", password="umami", generation=Generation.V3_4
    )
    with connect(settings) as client:
        yield client


def test_a_segment_of_another_website_is_not_changed(client: Client, proxy: Between) -> None:
    guarded = AuthorizedClient(client, RUNS_THE_SHOP)
    mine, other = (
        client.ask(segments.create_segment(site, "segment", "Germans", {"filters": []}))
        for site in (SHOP, DOCS)
    )
    proxy.passed.clear()
    for question in (
        segments.update_segment(SHOP, other.id, "segment", "Mine now", {}),
        segments.delete_segment(SHOP, other.id),
    ):
        with pytest.raises(NotFound):
            guarded.ask(question)
    with pytest.raises(Forbidden):
        guarded.ask(segments.delete_segment(DOCS, other.id))
    assert {passed.method for passed in proxy.passed} <= {"GET"}
    assert client.ask(segments.segment(DOCS, other.id)).name == "Germans"
    renamed = guarded.ask(segments.update_segment(SHOP, mine.id, "segment", "Austrians", {}))
    assert renamed.name == "Austrians"
    guarded.ask(segments.delete_segment(SHOP, mine.id))
    with pytest.raises(NotFound):
        client.ask(segments.segment(SHOP, mine.id))


def test_charts_of_several_websites_need_the_right_to_each(client: Client, proxy: Between) -> None:
    guarded = AuthorizedClient(client, RUNS_THE_SHOP)
    proxy.passed.clear()
    for question in (
        websites.website_charts([SHOP, DOCS], PERIOD),
        websites.website_charts([DOCS], PERIOD),
        account.teams(),
    ):
        with pytest.raises(Forbidden):
            guarded.ask(question)
    assert proxy.passed == []
