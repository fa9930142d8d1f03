"""The page by which a recipient of mails ends them, without an account.

A GET request changes nothing, since programs that check mails open their links. Under ``asgi.py``
the page is plain HTML, and the route also takes the POST requests of mail providers. Under plain
``app.py``, Streamlit draws it.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import urlencode

import streamlit as st
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from access import database, unsubscribing
from access.unsubscribing import PARAMETER, PATH, Mailing
from components import elements, navigation, texts, theme, viewer
from components.escaping import plain
from components.runtime import base
from components.texts import N_, _
from umami.errors import NotFound, UmamiError, Unreachable

SERVED: bool = False
"""Whether this process serves ``PATH``; ``asgi.py`` sets it."""
_PAGE: Final = Path(__file__).parent / "frontend" / "unsubscribe.html"
_HEADERS: Final = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
"""The URL contains a token, which no other site may receive."""


_INVALID: Final = N_("This link is not valid, or its mails exist no more.")


class _NoMails(NotFound):
    remedy = N_("Open the link of a newer mail.")


def route() -> Route:
    """The route of the page, and of the POST requests of mail providers."""
    return Route(base() + PATH, _respond, methods=["GET", "POST"])


def without_streamlit(app: ASGIApp) -> ASGIApp:
    """Middleware that redirects links in mails to the route."""

    async def redirect(scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"] if scope["type"] == "http" else b""
        token = Request(scope).query_params.get(PARAMETER) if PARAMETER.encode() in query else None
        if token is None or scope["method"] != "GET":
            await app(scope, receive, send)
            return
        answer = RedirectResponse(
            f"{base()}{PATH}?{urlencode({'token': token})}", status_code=303, headers=_HEADERS
        )
        await answer(scope, receive, send)

    return redirect


def draw() -> bool:
    """Draw the page if this run was opened with a link of a mail, and return whether it was."""
    token = st.query_params.get(PARAMETER)
    if token is None:
        return False
    navigation.closed()
    st.title(_("Unsubscribe"), anchor=False)
    try:
        mailing = _find(token)
        if _ended(mailing):
            st.markdown(plain(_done(mailing)))
        else:
            st.markdown(plain(_question(mailing)))
            if st.button(_("Unsubscribe"), type="primary"):
                _end(mailing)
                st.rerun()
    except UmamiError as problem:
        elements.show_error(problem)
    return True


def _respond(request: Request) -> Response:
    with texts.reading(_language(request.headers.get("accept-language", ""))):
        try:
            mailing = _find(request.query_params.get("token", ""))
            if request.method == "POST":
                _end(mailing)
            if _ended(mailing):
                return _page(_done(mailing))
            return _page(_question(mailing), _("Unsubscribe"))
        except UmamiError as problem:
            status = 404 if isinstance(problem, NotFound) else 503
            return _page(texts.sentences(problem), status=status)


def _page(text: str, button: str = "", status: int = 200) -> Response:
    form = f'<form method="post"><button>{html.escape(button)}</button></form>' if button else ""
    colours = {
        f"{mode}_{name}": getattr(palette, name)
        for mode, palette in theme.PALETTES.items()
        for name in ("background", "text", "primary")
    }
    content = Template(_PAGE.read_text("utf-8")).substitute(
        colours,
        language=texts.language(),
        title=html.escape(_("Unsubscribe")),
        text=html.escape(text),
        form=form,
    )
    return HTMLResponse(content, status, _HEADERS)


def _question(mailing: Mailing) -> str:
    return _("{address} gets the mails “{name}”.").format(
        address=mailing.recipient, name=mailing.notification.spec.name
    )


def _done(mailing: Mailing) -> str:
    return _("{address} gets no more mails “{name}”.").format(
        address=mailing.recipient, name=mailing.notification.spec.name
    )


def _find(token: str) -> Mailing:
    with _store() as store:
        mailing = unsubscribing.find(store, token)
    if mailing is None:
        raise _NoMails(_INVALID)
    return mailing


def _ended(mailing: Mailing) -> bool:
    with _store() as store:
        return unsubscribing.is_unsubscribed(store, mailing)


def _end(mailing: Mailing) -> None:
    with _store() as store:
        unsubscribing.unsubscribe(store, mailing)


@contextmanager
def _store() -> Iterator[Engine]:
    """The database. Raises ``SettingsError``, ``NotFound`` where there is none yet, and
    ``Unreachable``."""
    try:
        if database.is_missing(viewer.running().store):
            raise _NoMails(_INVALID)
        yield viewer.store()
    except SQLAlchemyError:
        # The message of a database error may contain its address.
        raise Unreachable(
            N_("The database of mails and alerts cannot be reached."),
            remedy=N_("Try again in a moment."),
        ) from None


def _language(header: str) -> str:
    """The first language of an ``Accept-Language`` header that we have. Browsers list them by
    preference."""
    tags = (texts.supported(part.partition(";")[0].strip()) for part in header.split(","))
    return next(filter(None, tags), texts.ENGLISH)
