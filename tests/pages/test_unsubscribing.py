"""Unsubscribing without an account: over HTTP under ``asgi.py``, and as a page of ``app.py``."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.middleware import Middleware

from access import database, notifications, unsubscribing
from access.notifications import Notifications, Subscription
from access.permissions import ALL
from access.unsubscribing import PARAMETER, PATH, Links, Mailing
from components import first_page, unsubscribe, viewer
from components.request_security import same_origin, security_headers
from tests.pages.conftest import SHOP, open_page
from tests.support.loops import run

ADA = "ada@example.com"
NAME = "Weekly <b>report</b>"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def store(bare: pytest.MonkeyPatch, tmp_path: Path) -> Engine:
    bare.setenv("DASHBOARD_STORE", f"sqlite:///{tmp_path / 'dashboard.sqlite'}")
    viewer.forget()
    return viewer.store()


@pytest.fixture
def mailing(store: Engine) -> Mailing:
    """A subscription with one recipient."""
    spec = Subscription(name=NAME, websites=(SHOP,), pages=("overview",))
    book = Notifications(lambda _create: store, "ann", ALL)
    return Mailing(book.add(spec, "https://stats.example.com"), ADA)


def links(store: Engine, mailing: Mailing) -> Links:
    key = notifications.signing_key(store)
    return unsubscribing.links(key, mailing.notification, mailing.recipient, one_click=True)


def token(store: Engine, mailing: Mailing) -> str:
    return parse_qs(urlsplit(links(store, mailing).page).query)[PARAMETER][0]


def answered(method: str, url: str, **rest: object) -> httpx.Response:
    """What ``asgi.py`` answers, as far as it concerns this route."""
    app = Starlette(
        routes=[unsubscribe.route()],
        middleware=[
            Middleware(security_headers),
            Middleware(same_origin),
            Middleware(unsubscribe.without_streamlit),
            Middleware(first_page.served),
        ],
    )

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.request(method, url, **rest)  # type: ignore[arg-type]

    return run(ask())


def text(answer: httpx.Response) -> str:
    return " ".join(
        html.unescape(re.sub(r"<style>.*</style>|<[^>]+>", " ", answer.text, flags=re.S)).split()
    )


def test_link_opens_a_page_that_changes_nothing(store: Engine, mailing: Mailing) -> None:
    """Programs that check mails open their links."""
    redirect = answered("GET", links(store, mailing).page)
    assert redirect.status_code == 303
    assert redirect.headers["location"].startswith(f"{PATH}?token=")
    for method in ("HEAD", "GET"):
        page = answered(method, f"https://stats.example.com{redirect.headers['location']}")
        assert page.status_code == 200
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
    assert f"{ADA} gets the mails “{NAME}”." in text(page)
    assert "<b>" not in page.text
    assert '<form method="post"><button>Unsubscribe</button></form>' in page.text
    assert not unsubscribing.is_unsubscribed(store, mailing)


@pytest.mark.parametrize("origin", [None, "https://stats.example.com", "https://mail.example.net"])
def test_post_unsubscribes_once_and_for_all(
    store: Engine, mailing: Mailing, origin: str | None
) -> None:
    """Mail providers name no origin, or any."""
    headers = {"origin": origin} if origin else {}
    for _repeated in range(2):
        page = answered("POST", links(store, mailing).one_click, data=ONE_CLICK, headers=headers)
        assert page.status_code == 200
        assert f"{ADA} gets no more mails “{NAME}”." in text(page)
        assert "<form" not in page.text
    assert unsubscribing.is_unsubscribed(store, mailing)
    assert "gets no more mails" in text(answered("GET", links(store, mailing).one_click))
    other = Mailing(mailing.notification, "grace@example.com")
    assert not unsubscribing.is_unsubscribed(store, other)


def test_other_requests_without_an_origin_stay_refused(store: Engine) -> None:
    for path in ("/", f"{PATH}/more", f"{PATH}d", "/?unsubscribe=x"):
        assert answered("POST", f"https://stats.example.com{path}").status_code == 403


def _tampered(token: str) -> str:
    return token[:-2] + ("AA" if token[-2:] != "AA" else "BB")


@pytest.mark.parametrize(
    "spoil", [_tampered, lambda _: "", lambda _: "x.y", lambda _: "\0é", lambda token: token[1:]]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_invalid_links_are_explained(
    store: Engine, mailing: Mailing, method: str, spoil: Callable[[str], str]
) -> None:
    query = urlencode({"token": spoil(token(store, mailing))})
    page = answered(method, f"https://stats.example.com{PATH}?{query}")
    assert page.status_code == 404
    assert "This link is not valid, or its mails exist no more." in text(page)
    assert not unsubscribing.is_unsubscribed(store, mailing)


def test_links_of_deleted_mails_and_of_no_database_are_explained(
    bare: pytest.MonkeyPatch, store: Engine, mailing: Mailing, tmp_path: Path
) -> None:
    link = links(store, mailing).one_click
    with database.exclusive(store) as transaction:
        notifications.forget(transaction, mailing.notification.id)
    assert answered("POST", link).status_code == 404
    bare.setenv("DASHBOARD_STORE", f"sqlite:///{tmp_path / 'none.sqlite'}")
    viewer.forget()
    assert answered("POST", link).status_code == 404
    assert not (tmp_path / "none.sqlite").exists()


def test_the_page_speaks_the_language_of_the_browser(store: Engine, mailing: Mailing) -> None:
    for header, language in {"xx, de-CH;q=0.8, en;q=0.5": "de", "*": "en", "": "en"}.items():
        page = answered("GET", links(store, mailing).one_click, headers={"accept-language": header})
        assert f'<html lang="{language}">' in page.text


def test_app_without_routes_draws_the_page(
    bare: pytest.MonkeyPatch, store: Engine, mailing: Mailing
) -> None:
    """Nobody has to sign in."""
    bare.delenv("DASHBOARD_OPEN")
    page = open_page(unsubscribe=token(store, mailing))
    assert [title.value for title in page.title] == ["Unsubscribe"]
    assert not unsubscribing.is_unsubscribed(store, mailing)
    page.button[0].click().run()
    assert not page.button
    assert "gets no more mails" in page.markdown[-1].value
    assert unsubscribing.is_unsubscribed(store, mailing)
    assert "not valid" in open_page(unsubscribe="nonsense").markdown[-1].value
