"""What 3.0 does otherwise than 3.1."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.types import ASGIApp, Receive, Scope, Send

from umami.embedded.filters import FIELDS, OPERATORS
from umami.embedded.http import Call, Routes
from umami.embedded.parameters import scope
from umami.embedded.queries.totals import weekly_sessions
from umami.embedded.routes.sessions import Zoned
from umami.embedded.scope import MINDING_CASE, VIEWS

routes = Routes()

EQUALS = {"eq": "re", "neq": "nre"}
"""The operators that take several values from 3.1 on, and those that an expression needs."""


@routes("GET", "/websites/{website_id}/sessions/weekly", Zoned)
def weekly(call: Call[Zoned]) -> Any:
    """Sessions by weekday and hour, in UTC whatever zone is asked for."""
    return weekly_sessions(call.umami.store, scope(call), "UTC", VIEWS)


class SingleValues:
    """A filter has one value: a comma is a part of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and b"%2C" in scope["query_string"].replace(b",", b"%2C"):
            pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            changed = [(name, _single(name, text)) for name, text in pairs]
            scope = {**scope, "query_string": urlencode(changed).encode()}
        await self._app(scope, receive, send)


def _single(name: str, text: str) -> str:
    operator, dot, value = text.partition(".")
    if dot and operator in OPERATORS and operator not in EQUALS:
        return text
    if operator not in EQUALS or not dot:
        operator, value = "eq", text
    if name not in FIELDS or "," not in value:
        return text
    return f"{EQUALS[operator]}.{MINDING_CASE}^{re.escape(value)}$"
