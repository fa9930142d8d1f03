"""What real servers do without a word: each trap is named, and walked around."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import httpx
import pytest

from tests.doubles.umami import serve as serve_version
from tests.embedded.conftest import signed_in
from tests.support.faults import Faulty, said
from tests.umami.conftest import SITE
from umami.api import events, reports, revenue, sending, sessions, traffic, websites
from umami.client import Client, connect
from umami.compat.generations import Generation
from umami.embedded.server import Running
from umami.errors import NotFound, NotOffered, Unauthorised
from umami.filters import Filter
from umami.period import Period
from umami.settings import Settings
from umami.view import View

TABLES = Path(__file__).parents[1] / "contract" / "data" / "tables"
SHOP: str = json.loads((TABLES.parent / "websites.json").read_text())["shop"]
SUMMER = View(SHOP, Period.of_days(date(2026, 8, 1), date(2026, 9, 30), "UTC"))
SHARE = "summer2026"


@pytest.fixture(scope="module", params=["2.18", "3.1"])
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    with serve_version(request.param, TABLES) as server:
        yield server


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[Client]:
    settings = Settings(api=f"{running.url}/api", username="admin", password="umami")
    with connect(settings) as client:
        yield client


@pytest.fixture(scope="module")
def plain(running: Running) -> Iterator[httpx.Client]:
    with signed_in(running) as session:
        yield session


def filtered(field: str, operator: str, *values: str) -> View:
    return replace(SUMMER, filters=(Filter(field, operator, *values),))  # type: ignore[arg-type]


def visitors(client: Client, view: View) -> int:
    return client.ask(traffic.stats(view)).current.visitors


@pytest.mark.parametrize("value", ["t.co", "eq.DE", "c.html", "s.", "re.x", "neq.", "a.b"])
def test_a_value_that_looks_like_an_operator_is_a_value(client: Client, value: str) -> None:
    visitor_count = visitors(client, filtered("referrer", "eq", value))
    assert (visitor_count > 0) == (value == "t.co")


def test_the_names_of_other_generations_are_never_sent(client: Client) -> None:
    """``url`` on 3.x and ``path`` on 2.x would be dropped, and everything be counted."""
    everybody = visitors(client, SUMMER)
    for field, value in (("path", "/pricing"), ("hostname", "www.shop.example.com")):
        assert 0 < visitors(client, filtered(field, "eq", value)) < everybody


@pytest.mark.parametrize(
    "filter",
    [
        Filter("country", "eq", "DE", "CH"),
        Filter("path", "re", "^/blog"),
        Filter("utmSource", "eq", "google"),
        Filter("distinctId", "eq", "user-2"),
        Filter("country", "neq", "DE", "CH"),
        Filter("path", "nre", "^/blog"),
    ],
    ids=str,
)
def test_a_filter_that_a_server_cannot_take_is_refused_and_never_sent(
    client: Client, filter: Filter
) -> None:
    view = replace(SUMMER, filters=(filter,))
    if client.capabilities.refused(filter):
        with pytest.raises(NotOffered, match="This server"):
            visitors(client, view)
    else:
        assert 0 < visitors(client, view) < visitors(client, SUMMER)


def test_filters_are_joined_by_any_where_they_can_be(client: Client) -> None:
    two = (Filter("country", "eq", "DE"), Filter("browser", "eq", "firefox"))
    joined = replace(SUMMER, filters=two, match="any")
    both = replace(SUMMER, filters=two)
    if client.capabilities.several:
        assert visitors(client, joined) > visitors(client, both)
    else:
        with pytest.raises(NotOffered, match="any"):
            visitors(client, joined)


@pytest.mark.parametrize("value", ["a,b", "(a,b)", "a,b|c", "A,B"])
def test_a_comma_is_no_second_value(client: Client, value: str) -> None:
    site = client.ask(websites.create_website("Commas", "commas.example"))
    for title in (value, "a", "b", value.swapcase()):
        client.ask(sending.send_pageview(site.id, "/", "commas.example", title=title))
    today = View(site.id, Period.of_days(date(2026, 1, 1), date(2099, 12, 31), "UTC"))
    same = 1 + (value.swapcase() == value)
    matching = client.ask(traffic.stats(replace(today, filters=(Filter("title", "eq", value),))))
    assert matching.current.views == same
    others = client.ask(traffic.stats(replace(today, filters=(Filter("title", "neq", value),))))
    assert others.current.views == 4 - same
    client.ask(websites.delete_website(site.id))


@pytest.mark.parametrize("search", ["purch", "PURCHASE", "chase"])
def test_events_are_found_by_a_part_of_their_name(client: Client, search: str) -> None:
    page = client.ask(events.events(SUMMER, search=search, page_size=50))
    assert {event.name for event in page.rows} == {"purchase"}


def test_an_unknown_website_has_nothing(client: Client) -> None:
    nowhere = replace(SUMMER, website="00000000-0000-4000-8000-000000000000")
    assert visitors(client, nowhere) == 0
    with pytest.raises(NotFound):
        client.ask(websites.website(nowhere.website))


def test_an_unknown_session_is_not_found(client: Client) -> None:
    with pytest.raises(NotFound):
        client.ask(sessions.session(SHOP, "00000000-0000-4000-8000-000000000000"))


def test_a_goal_means_the_same_everywhere(client: Client) -> None:
    goal = client.ask(reports.goal(SUMMER, "event", "purchase"))
    assert (goal.times, goal.visitors, goal.of_visitors) == (280, 264, 2423)
    page = client.ask(reports.goal(SUMMER, "path", "/pricing"))
    assert (page.times, page.visitors, page.of_visitors) == (760, 482, 2423)
    assert page.conversion == pytest.approx(482 / 2423)


def test_a_goal_with_a_wildcard_counts_both_or_is_refused(client: Client) -> None:
    question = reports.goal(SUMMER, "path", "/blog*")
    if not client.capabilities.several:
        with pytest.raises(NotOffered, match="wildcards"):
            client.ask(question)
        return
    goal = client.ask(question)
    matching = client.ask(sessions.session_stats(filtered("path", "re", "^/blog")))
    assert goal.times == matching.rows
    assert goal.visitors == visitors(client, filtered("path", "re", "^/blog"))


def test_a_currency_may_be_written_small(client: Client) -> None:
    if client.capabilities.several:
        small, large = (client.ask(revenue.revenue(SUMMER, code)) for code in ("eur", "EUR"))
        assert small.total == large.total > 0
    assert client.ask(revenue.currencies(SUMMER)) == ("CHF", "EUR", "USD")


def test_a_share_link_opens_one_website(
    running: Running, client: Client, plain: httpx.Client
) -> None:
    site = client.ask(websites.website(SHOP))
    client.ask(websites.update_website(SHOP, site.name, site.domain, SHARE))
    token = httpx.get(f"{running.url}/api/share/{SHARE}").json()["token"]
    answer = httpx.get(
        f"{running.url}/api/websites/{SHOP}/active", headers={"x-umami-share-token": token}
    )
    # From 3.1 on a token needs a context beside it.
    assert answer.status_code == (401 if client.capabilities.several else 200)
    with connect(Settings(api=f"{running.url}/api", share=SHARE)) as guest:
        assert [website.id for website in guest.ask(websites.websites()).rows] == [SHOP]
        assert visitors(guest, SUMMER) == 2423
        assert guest.ask(reports.utm(SUMMER)).frame["views"].sum() > 0
        with pytest.raises(Unauthorised, match="only be read"):
            guest.ask(websites.reset_website(SHOP))


def test_servers_before_3_4_have_no_keys(plain: httpx.Client) -> None:
    assert plain.post("/api/me/api-keys", json={"name": "dashboard"}).status_code == 404


def test_a_key_reads_and_makes_no_keys() -> None:
    with serve_version("3.4", TABLES) as running, signed_in(running) as plain:
        made = plain.post("/api/me/api-keys", json={"name": "dashboard"}).json()
        key = made["key"]
        assert key.startswith("umami_")
        settings = Settings(api=f"{running.url}/api", api_key=key)
        with connect(settings) as keyed:
            assert visitors(keyed, SUMMER) == 2423
        with httpx.Client(
            base_url=running.url, headers={"authorization": f"Bearer {key}"}
        ) as by_key:
            assert by_key.post("/api/me/api-keys", json={"name": "x"}).status_code == 401
            assert by_key.post("/api/auth/verify").status_code == 401
        assert key not in plain.get("/api/me/api-keys").text
        plain.delete(f"/api/me/api-keys/{made['id']}")
        with connect(settings) as gone, pytest.raises(Unauthorised):
            visitors(gone, SUMMER)


def test_a_list_that_was_cut_says_so(
    server: Faulty, connected: Callable[..., Client], settings: Settings, view: View
) -> None:
    server.script("/sessions", said({"data": [], "count": 10_000, "isCapped": True}))
    assert connected(settings).ask(sessions.sessions(view)).capped
    server.script("/events", said({"data": [], "count": 1000, "page": 1, "pageSize": 20}))
    old = connected(settings.model_copy(update={"generation": Generation.V2_18}))
    assert old.ask(events.events(replace(view, website=SITE))).capped


@pytest.mark.parametrize(
    ("zone", "month", "hours"),
    [("UTC", 9, 0), ("Europe/Berlin", 9, 2), ("America/New_York", 9, -4), ("Asia/Tokyo", 9, 9)],
)
def test_3_0_tells_the_week_in_the_zone(
    server: Faulty,
    connected: Callable[..., Client],
    settings: Settings,
    zone: str,
    month: int,
    hours: int,
) -> None:
    week = [[0] * 24 for _ in range(7)]
    week[0][12] = 7
    server.script("/weekly", said(week))
    client = connected(settings.model_copy(update={"generation": Generation.V3_0}))
    view = View(SITE, Period.of_days(date(2026, month, 1), date(2026, month, 28), zone))
    frame = client.ask(sessions.weekly(view)).frame
    day, hour = (6, 12 + hours) if 0 <= 12 + hours < 24 else (0, (12 + hours) % 24)
    assert frame.loc[day, hour] == 7
    assert frame.to_numpy().sum() == 7


@pytest.mark.parametrize(
    ("zone", "last"), [("Europe/Berlin", date(2026, 10, 31)), ("Asia/Kolkata", date(2026, 9, 28))]
)
def test_3_0_does_not_tell_a_week_it_cannot(
    server: Faulty, connected: Callable[..., Client], settings: Settings, zone: str, last: date
) -> None:
    client = connected(settings.model_copy(update={"generation": Generation.V3_0}))
    view = View(SITE, Period.of_days(date(2026, 9, 1), last, zone))
    with pytest.raises(NotOffered, match="UTC"):
        client.ask(sessions.weekly(view))
    assert not server.requests_to("/weekly")


@pytest.mark.parametrize("value", ["!important", "~tilde"])
def test_2_x_is_not_asked_for_values_that_begin_with_a_sign(
    server: Faulty, connected: Callable[..., Client], settings: Settings, view: View, value: str
) -> None:
    client = connected(settings.model_copy(update={"generation": Generation.V2_20}))
    with pytest.raises(NotOffered, match="sign"):
        client.ask(traffic.stats(replace(view, filters=(Filter("event", "eq", value),))))
    with pytest.raises(NotOffered, match="sign"):
        client.ask(reports.goal(view, "event", value))
    assert not server.requests_to("/stats")
