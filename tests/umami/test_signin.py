"""Signing in: once for all, again after a 401, and in every way there is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.faults import SIGNED_IN, TOKEN, USER, Act, Faulty, Seen, page, said
from tests.umami.conftest import PASSWORD, SITE
from umami.api import traffic, websites
from umami.client import Client
from umami.compat.generations import Generation
from umami.endpoint import Request
from umami.errors import (
    NotFound,
    SecondFactor,
    ServerFault,
    UmamiError,
    Unauthorised,
    UnexpectedAnswer,
    WrongAddress,
)
from umami.settings import Settings
from umami.transport import Transport

STATS = Request("GET", "/stats")
REDIRECT = Act(302, b"", headers=(("location", "/login"),))


def ask(transport: Transport, request: Request = STATS) -> bytes:
    return transport.send(request, endpoint="stats", repeatable=True)


@pytest.fixture
def transport(settings: Settings) -> Transport:
    return Transport(settings)


def tokens(server: Faulty) -> None:
    """Let the server give a new token at each sign-in, and accept the newest alone."""
    issued: list[str] = []
    guard = threading.Lock()

    def decide(request: Seen) -> Act:
        if request.path.endswith("/auth/login"):
            with guard:
                issued.append(f"token{len(issued)}")
                return said({"token": issued[-1], "user": USER}, delay=0.05)
        held = request.headers.get("authorization")
        return said(1) if held == f"Bearer {issued[-1]}" else said({"error": "Unauthorized"}, 401)

    server.decide(decide)


def test_many_at_once_sign_in_once(server: Faulty, transport: Transport) -> None:
    server.script("/auth/login", said({"token": TOKEN, "user": USER}, delay=0.2))
    with ThreadPoolExecutor(25) as pool:
        assert list(pool.map(lambda _: ask(transport), range(25))) == [b"{}"] * 25
    assert len(server.requests_to("/auth/login")) == 1


def test_a_token_that_ran_out_is_fetched_anew_once(server: Faulty, transport: Transport) -> None:
    tokens(server)
    assert ask(transport) == b"1"
    # Somebody else's sign-in makes the server forget ours.
    Transport(_settings(server)).send(STATS, endpoint="stats", repeatable=True)
    with ThreadPoolExecutor(25) as pool:
        assert list(pool.map(lambda _: ask(transport), range(25))) == [b"1"] * 25
    assert len(server.requests_to("/auth/login")) == 3


def test_a_write_is_sent_again_after_signing_in_anew(server: Faulty, transport: Transport) -> None:
    server.script("/reset", said({"error": "Unauthorized"}, 401), said({"ok": True}))
    transport.send(Request("POST", "/reset"), endpoint="reset", repeatable=False)
    assert len(server.requests_to("/reset")) == 2


def test_what_an_account_may_not_see_does_not_cost_a_sign_in_each(
    server: Faulty, transport: Transport
) -> None:
    server.script("/stats", said({"error": "Unauthorized"}, 401))
    for _ in range(10):
        with pytest.raises(Unauthorised):
            ask(transport)
    assert len(server.requests_to("/auth/login")) == 2
    assert ask(transport, Request("GET", "/other")) == b"{}"


def test_wrong_passwords_are_tried_once(server: Faulty, transport: Transport) -> None:
    server.script(
        "/auth/login", said({"error": "message.incorrect-username-password"}, 401, delay=0.1)
    )

    def refused(_: int) -> str:
        with pytest.raises(Unauthorised) as raised:
            ask(transport)
        return str(raised.value)

    with ThreadPoolExecutor(25) as pool:
        sentences = set(pool.map(refused, range(25)))
    assert sentences == {"The server does not accept this user name and password."}
    assert len(server.requests_to("/auth/login")) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (page(404), WrongAddress),
        (page(405), WrongAddress),
        (said({"error": "Not Found"}, 404), WrongAddress),
        (page(), UnexpectedAnswer),
        (REDIRECT, UnexpectedAnswer),
        (Act(500, b""), ServerFault),
        (Act(body=b""), UnexpectedAnswer),
        (said(None), UnexpectedAnswer),
        (said({"token": None, "user": USER}), UnexpectedAnswer),
        (said({"token": "a\r\nb", "user": USER}), UnexpectedAnswer),
        (said({"token": "", "user": USER}), UnexpectedAnswer),
        (said({"token": "schlüssel", "user": USER}), UnexpectedAnswer),
        (said({"requiresTwoFactor": True, "partialToken": "x"}), SecondFactor),
    ],
)
def test_sign_ins_that_make_no_sense(
    server: Faulty, transport: Transport, answer: Act, kind: type[UmamiError]
) -> None:
    server.script("/auth/login", answer)
    with pytest.raises(kind) as raised:
        ask(transport)
    assert type(raised.value) is kind
    assert not server.requests_to("/stats")
    assert raised.value.__context__ is None
    if kind is WrongAddress or answer in (page(), REDIRECT):
        assert "address" in raised.value.remedy
    if "partialToken" in str(answer.body):
        assert "second factor" in str(raised.value)


def test_a_key_of_ones_own_server_is_a_bearers(server: Faulty) -> None:
    transport = Transport(Settings(api=f"{server.url}/api", api_key="umami_123"))
    ask(transport)
    assert server.seen[0].headers["authorization"] == "Bearer umami_123"
    server.script("/stats", said({"error": "Unauthorized"}, 401))
    with pytest.raises(Unauthorised):
        ask(transport)
    assert len(server.requests_to("/stats")) == 2
    assert "umami_123" not in repr(transport)


def share_link(server: Faulty) -> Settings:
    return Settings(api=f"{server.url}/umami/api", share="AbC", generation=Generation.V3_1)


def test_a_share_link_reads_its_website_and_no_more(
    server: Faulty, connected: Callable[..., Client]
) -> None:
    server.script("/share/AbC", said({"websiteId": SITE, "token": "shared"}))
    server.script(f"/websites/{SITE}", said({"id": SITE, "name": "Shop", "domain": "shop.example"}))
    client = connected(share_link(server))
    listed = client.ask(websites.websites())
    assert [site.name for site in listed.rows] == ["Shop"]
    assert listed.count == 1
    (seen,) = server.requests_to(f"/websites/{SITE}")
    assert seen.path == f"/umami/api/websites/{SITE}"
    assert seen.headers["x-umami-share-token"] == "shared"
    assert seen.headers["x-umami-share-context"]
    assert "authorization" not in seen.headers
    with pytest.raises(Unauthorised, match="only be read"):
        client.ask(websites.reset_website(SITE))
    assert not server.requests_to("/reset")
    assert len(server.requests_to("/share/AbC")) == 1


def test_a_share_link_that_is_gone_says_so(
    server: Faulty, connected: Callable[..., Client]
) -> None:
    server.script("/share/AbC", said({"error": "Not found"}, 404))
    with pytest.raises(NotFound, match="share link"):
        connected(share_link(server)).ask(websites.websites())


@pytest.mark.parametrize("answer", [None, [], {}, {"token": "x"}, {"websiteId": SITE}])
def test_a_share_link_to_nothing_says_so(
    server: Faulty, connected: Callable[..., Client], answer: object
) -> None:
    server.script("/share/AbC", said(answer))
    with pytest.raises(UnexpectedAnswer):
        connected(share_link(server)).ask(websites.websites())


def test_the_password_travels_in_the_body_alone(server: Faulty, transport: Transport) -> None:
    server.script("/auth/login", SIGNED_IN)
    ask(transport)
    login, stats = server.seen
    assert PASSWORD.encode() in login.body
    assert PASSWORD not in str((login.path, login.query, login.headers, stats))


def test_active_visitors_are_asked_of_the_shared_website(
    server: Faulty, connected: Callable[..., Client]
) -> None:
    server.script("/share/AbC", said({"websiteId": SITE, "token": "shared"}))
    server.script("/active", said({"visitors": 3}))
    assert connected(share_link(server)).ask(traffic.active(SITE)).visitors == 3


def _settings(server: Faulty) -> Settings:
    return Settings(
        api=f"{server.url}/api",
        username="ada",
        password=PASSWORD,
        timeout=20,
        generation=Generation.V3_1,
    )
