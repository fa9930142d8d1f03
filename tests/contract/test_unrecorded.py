"""Endpoints without recordings, requested from the embedded server through the client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.doubles.umami import serve as serve_version
from tests.embedded.conftest import signed_in
from umami.api import account, realtime, reports, segments, sending, traffic, websites
from umami.client import Client, connect
from umami.embedded.server import Running
from umami.errors import NotFound, NotOffered, Rejected, Unauthorised
from umami.period import Period
from umami.settings import Settings
from umami.view import View

TABLES = Path(__file__).parent / "data" / "tables"


@pytest.fixture(scope="module", params=["2.18", "2.20", "3.1"])
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    with serve_version(request.param, TABLES) as running:
        yield running


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[Client]:
    settings = Settings(
        api=f"{running.url}/api", username=running.username, password=running.password
    )
    with connect(settings) as client:
        yield client


def test_login_and_verify(client: Client) -> None:
    assert client.ask(account.login("admin", "umami")).account.is_admin
    assert client.ask(account.verify()).username == "admin"
    with pytest.raises(Unauthorised):
        client.ask(account.login("admin", "wrong"))


def test_website_is_created_changed_and_deleted(client: Client) -> None:
    made = client.ask(websites.create_website("Orchard", "orchard.example"))
    assert client.ask(websites.website(made.id)).name == "Orchard"
    shared = client.ask(
        websites.update_website(made.id, "Orchard 2", "orchard.example", "abcdef123456")
    )
    assert (shared.name, shared.share_id) == ("Orchard 2", "abcdef123456")
    unchanged = client.ask(websites.update_website(made.id, "Orchard 3", "orchard.example"))
    assert unchanged.share_id == "abcdef123456"
    closed = client.ask(websites.update_website(made.id, "Orchard 3", "orchard.example", None))
    assert closed.share_id is None
    assert [row.id for row in client.ask(websites.websites(search="orchard")).rows] == [made.id]
    client.ask(websites.reset_website(made.id))
    client.ask(websites.delete_website(made.id))
    with pytest.raises(NotFound):
        client.ask(websites.website(made.id))
    assert client.ask(websites.websites(search="orchard")).rows == ()


def test_websites_are_paged(client: Client) -> None:
    everything = client.ask(websites.websites()).rows
    page = client.ask(websites.websites(page=2, page_size=2, order_by="name"))
    assert [row.id for row in page.rows] == [row.id for row in everything[2:4]]
    assert (page.count, page.page, page.page_size) == (len(everything), 2, 2)
    with pytest.raises(Rejected) as refused:
        client.ask(websites.websites(order_by="no such column"))
    assert refused.value.reasons


def test_sent_messages_are_visible_at_once(client: Client) -> None:
    site = client.ask(websites.create_website("Live", "live.example"))
    sent = client.ask(
        sending.send_pageview(
            site.id, "/pricing?utm_source=x", "live.example", referrer="https://t.co/abc"
        )
    )
    assert sent.counted
    client.ask(sending.send_event(site.id, "signup", "/pricing", "live.example", data={"n": 1}))
    client.ask(sending.send_identity(site.id, "live.example", data={"plan": "pro"}))
    now = client.ask(realtime.realtime(site.id, "Europe/Zurich"))
    assert (now.views, now.countries, now.paths["/pricing"]) == (1, {}, 2)
    assert {event.kind for event in now.log} == {"session", "event", "pageview"}
    assert now.minutes["views"].sum() == 1
    client.ask(websites.delete_website(site.id))


def test_report_is_saved_changed_and_deleted(client: Client) -> None:
    shop = next(row for row in client.ask(websites.websites()).rows if "Shop" in row.name)
    saved = client.ask(reports.create_report(shop.id, "funnel", "Checkout", {"window": 60}))
    assert client.ask(reports.report(saved.id)).parameters == {"window": 60}
    renamed = client.ask(
        reports.update_report(saved.id, shop.id, "funnel", "Check-out", {"window": 30})
    )
    assert (renamed.id, renamed.name) == (saved.id, "Check-out")
    assert [row.name for row in client.ask(reports.reports(shop.id)).rows] == ["Check-out"]
    client.ask(reports.delete_report(saved.id))
    with pytest.raises(NotFound):
        client.ask(reports.report(saved.id))


def test_segments_are_saved_and_applied(client: Client, running: Running) -> None:
    shop = next(row for row in client.ask(websites.websites()).rows if "Shop" in row.name)
    view = View(shop.id, Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC"))
    if not client.capabilities.segments:
        with pytest.raises(NotOffered, match="segments"):
            client.ask(segments.segments(shop.id))
        with pytest.raises(NotOffered, match="segment"):
            client.ask(traffic.stats(replace(view, segment=shop.id)))
        return
    germans = {"filters": [{"name": "country", "operator": "eq", "value": "DE"}]}
    with signed_in(running) as plain:
        saved = plain.post(
            f"/api/websites/{shop.id}/segments",
            json={"type": "segment", "name": "Germans", "parameters": germans},
        )
    client.forget()
    (segment,) = client.ask(segments.segments(shop.id)).rows
    assert (segment.id, segment.name) == (saved.json()["id"], "Germans")
    by_hand = client.ask(traffic.stats(view.filtered("country", "DE")))
    assert client.ask(traffic.stats(replace(view, segment=segment.id))) == by_hand
    assert by_hand.current.visitors > 0


def test_reports_have_the_newest_type_names(client: Client) -> None:
    shop = client.ask(websites.websites()).rows[0]
    goal = {"type": "path", "value": "/pricing"}
    saved = client.ask(reports.create_report(shop.id, "goal", "Pricing", goal))
    assert saved.type == "goal"
    report = client.ask(reports.report(saved.id))
    assert {name: report.parameters[name] for name in goal} == goal
    assert [row.type for row in client.ask(reports.reports(shop.id)).rows] == ["goal"]
    client.ask(reports.delete_report(saved.id))


def test_report_of_an_unknown_website_is_not_found(client: Client) -> None:
    view = View(
        "00000000-0000-4000-8000-000000000000",
        Period.of_days(date(2026, 8, 1), date(2026, 8, 2), "UTC"),
    )
    with pytest.raises(NotFound):
        client.ask(reports.create_report(view.website, "funnel", "x", {}))
