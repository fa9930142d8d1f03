"""Tickets for cookies that no script can read.

A run of a page cannot set one; an HTTP answer can. So a run issues a ticket, the browser brings
it to ``PATH`` within moments, and gets the cookie for it, once.
"""

from __future__ import annotations

import secrets
from typing import Final

from cachetools import TTLCache
from starlette.requests import Request
from starlette.responses import Response

PATH: Final = "/_session"
HEADER: Final = "x-ticket"
SECONDS: Final = 30
SERVED: bool = False
"""Whether this process answers at ``PATH``; set by whoever serves it."""

_ISSUED: Final[TTLCache[str, tuple[str, str, int, str]]] = TTLCache(10_000, SECONDS)


def issue(name: str, value: str, seconds: int, path: str = "/") -> str:
    """A ticket for a cookie that lasts so many seconds and is sent to addresses under ``path``;
    good once, and for moments."""
    ticket = secrets.token_urlsafe(24)
    _ISSUED[ticket] = (name, value, seconds, path)
    return ticket


async def cookie(request: Request) -> Response:
    """Give the cookie for a ticket; one without a value takes the browser's away."""
    name, value, seconds, path = _ISSUED.pop(request.headers.get(HEADER, ""), ("", "", 0, "/"))
    if not name:
        return Response(status_code=403)
    forwarded = request.headers.get("x-forwarded-proto", "").split(",")[0].strip()
    answer = Response(status_code=204, headers={"cache-control": "no-store"})
    answer.set_cookie(
        name,
        value,
        max_age=seconds if value else 0,
        secure="https" in (request.url.scheme, forwarded),
        httponly=True,
        samesite="strict",
        path=path,
    )
    return answer
