"""Umami 2.x, in the spellings of 2.18.1 and 2.20.2."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.doubles.umami.reshaping import reshaped
from tests.doubles.umami.v2 import (
    account,
    analyses,
    events,
    newer,
    realtime,
    saved_reports,
    sessions,
    traffic,
    websites,
)
from tests.doubles.umami.versions import EXACT, instead, of_version
from umami.embedded import routes
from umami.embedded.application import application as embedded
from umami.embedded.definitions import V3_1
from umami.embedded.refusals import Refusal
from umami.embedded.state import SHARE_CONTEXT, Umami

MODULES = (account, websites, traffic, events, sessions, analyses, realtime, saved_reports)
SHARED = (routes.account, routes.websites, routes.collect)
"""Groups of which 2.x has routes that are the same in 3.x."""
ROUTES = reshaped(
    "2.18",
    of_version("2.18", [route for module in (*MODULES, *SHARED) for route in module.routes.all]),
)


def error_text(refusal: Refusal) -> Any:
    """The error of 2.x: a list of reasons for 400, one text otherwise."""
    return {"error": list(refusal.reasons) if refusal.status == 400 else refusal.reasons[0]}


def application(version: str, umami: Umami) -> Starlette:
    """A server of this version over the state."""
    umami.definitions, umami.version, umami.extended = V3_1, EXACT[version], False
    routes = ROUTES if version == "2.18" else instead(ROUTES, newer.routes.all)
    app = embedded(umami, routes, error_text)
    app.add_middleware(_ShareContext)
    return app


class _ShareContext:
    """2.x takes a share token alone, where later versions want a second header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            MutableHeaders(scope=scope)[SHARE_CONTEXT] = "1"
        await self._app(scope, receive, send)
