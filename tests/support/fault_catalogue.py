"""Faults between a client and a server, for the fault proxy."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from tests.support.asked import detects
from tests.support.fault_proxy import Answer, Exchange, Fault, well
from umami.errors import (
    RateLimited,
    ServerFault,
    TimedOut,
    UmamiError,
    Unauthorised,
    UnexpectedAnswer,
    Unreachable,
)

MOST: Final = 3
"""Times the requests of a day without faults; more would be a storm."""
LONG: Final = 120.0
"""Seconds; nobody waits for that."""
PAGE: Final = b"<!DOCTYPE html><html><body>Bad gateway</body></html>"


def data(target: str) -> bool:
    """Whether this request is for data of a page: not for signing in, version detection or the
    control bar."""
    path = urlsplit(target).path
    bar = path in ("/api/websites", "/api/me/teams")
    return not (bar or path.startswith("/api/auth") or detects(target))


def late(seconds: float) -> Fault:
    """Answer after a while."""

    def fault(exchange: Exchange) -> None:
        exchange.wait(seconds)
        well(exchange)

    return fault


def held(until: threading.Event) -> Fault:
    """Answer once ``until`` is set, or after ``LONG`` seconds."""

    def fault(exchange: Exchange) -> None:
        until.wait(LONG)
        well(exchange)

    return fault


def silent(exchange: Exchange) -> None:
    """Never answer."""
    exchange.wait(LONG)
    exchange.hang_up()


def uneven(most: float, seed: int = 0) -> Fault:
    """Answer with varying delays."""
    chance = random.Random(seed)

    def fault(exchange: Exchange) -> None:
        exchange.wait(chance.uniform(0.0, most))
        well(exchange)

    return fault


def reset(exchange: Exchange) -> None:
    """Break the connection instead of answering."""
    exchange.hang_up()


def done_and_lost(exchange: Exchange) -> None:
    """Forward the request, and reset the connection instead of answering."""
    exchange.hand_on()
    exchange.hang_up()


def half(exchange: Exchange) -> None:
    """Announce an answer and close the connection in the middle of it."""
    answer = exchange.hand_on()
    middle = len(answer.body) // 2
    exchange.send(replace(answer, body=answer.body[:middle], length=len(answer.body)))


def cut(exchange: Exchange) -> None:
    """A truncated answer whose length does not reveal it."""
    answer = exchange.hand_on()
    exchange.send(replace(answer, body=answer.body[: len(answer.body) // 2], length=None))


def no_http(exchange: Exchange) -> None:
    """Bytes that are not HTTP."""
    exchange.write(b"SSH-2.0-OpenSSH_9.9\r\n")


def page(status: int) -> Fault:
    """A web page, as of a proxy or another program in the server's place."""
    return lambda exchange: exchange.send(Answer(status, PAGE, "text/html"))


def said(body: bytes, status: int = 200, *headers: tuple[str, str]) -> Fault:
    """A fixed answer."""
    return lambda exchange: exchange.send(Answer(status, body, headers=headers))


def too_many(retry_after: str | None = None) -> Fault:
    """Answer 429, with ``Retry-After`` where given."""
    headers = () if retry_after is None else (("retry-after", retry_after),)
    return said(b'{"error":"Too many requests"}', 429, *headers)


def too_many_by_clock(pause: float, ahead: timedelta) -> Fault:
    """Ask for a pause until an instant, by a wrong clock."""

    def fault(exchange: Exchange) -> None:
        now = datetime.now(UTC) + ahead
        until = now + timedelta(seconds=pause)
        dates = (("date", _http(now)), ("retry-after", _http(until)))
        exchange.send(Answer(429, b"{}", headers=dates))

    return fault


def changed(change: Callable[[Any], Any]) -> Fault:
    """Valid JSON with changed content."""

    def fault(exchange: Exchange) -> None:
        answer = exchange.hand_on()
        if answer.status == 200:
            answer = replace(answer, body=json.dumps(change(json.loads(answer.body))).encode())
        exchange.send(answer)

    return fault


def as_text(answer: Any) -> Any:
    """Texts in the place of numbers."""
    if isinstance(answer, dict):
        return {key: as_text(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [as_text(value) for value in answer]
    number = isinstance(answer, int | float) and not isinstance(answer, bool)
    return f"about {answer}" if number else answer


def wrapped(answer: Any) -> Any:
    """Lists where there were objects, and objects where there were lists."""
    return [answer] if isinstance(answer, dict) else {"result": answer}


def lacking(answer: Any) -> Any:
    """Objects without their members."""
    if isinstance(answer, dict):
        return {}
    return [lacking(item) for item in answer] if isinstance(answer, list) else answer


def dripping(pause: float) -> Fault:
    """Answer a byte at a time."""
    return lambda exchange: exchange.send(exchange.hand_on(), pause)


def endless(exchange: Exchange) -> None:
    """An answer that begins well and never ends."""
    exchange.send(Answer(200, b"[", length=None))
    while True:
        exchange.write(b"0," * 2**18)


def clock_off(by: timedelta) -> Fault:
    """The correct answer of a server with a wrong clock."""

    def fault(exchange: Exchange) -> None:
        answer = exchange.hand_on()
        date = _http(datetime.now(UTC) + by)
        exchange.send(replace(answer, headers=(("date", date), ("age", "-1"), ("expires", date))))

    return fault


def expired() -> Fault:
    """Refuse tokens from before the first request, as if they had expired."""
    guard = threading.Lock()
    old: list[str] = []

    def fault(exchange: Exchange) -> None:
        token = exchange.headers.get("authorization", "")
        with guard:
            old[1:] = []
            old.append(token) if not old else None
        if token == old[0]:
            unauthorised(exchange)
        else:
            well(exchange)

    return fault


unauthorised: Final = said(b'{"error":"Unauthorized"}', 401)
"""Take no token for a good one."""


def _http(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A kind of fault, made anew for each test; what a question that it befalls comes to: an error
    of one of these kinds, or the right answer where there is none."""

    fault: Callable[[float], Fault]
    """Takes the seconds that an answer is waited for."""
    becomes: tuple[type[UmamiError], ...] = ()


HOURS: Final = timedelta(hours=7)
TROUBLES: Final[dict[str, Trouble]] = {
    "latency": Trouble(lambda patience: late(patience / 3)),
    "jitter": Trouble(lambda patience: uneven(patience / 2)),
    "no answer in time": Trouble(lambda _: silent, (TimedOut,)),
    "resets": Trouble(lambda _: reset, (Unreachable,)),
    "half answers": Trouble(lambda _: half, (Unreachable,)),
    "no HTTP": Trouble(lambda _: no_http, (Unreachable,)),
    "truncated JSON": Trouble(lambda _: cut, (UnexpectedAnswer,)),
    "broken JSON": Trouble(lambda _: said(b'{"x": 1,,}'), (UnexpectedAnswer,)),
    "nothing": Trouble(lambda _: said(b""), (UnexpectedAnswer,)),
    "HTML": Trouble(lambda _: page(200), (UnexpectedAnswer,)),
    "429": Trouble(lambda _: too_many(), (RateLimited,)),
    "429 with Retry-After": Trouble(lambda _: too_many("1"), (RateLimited,)),
    "429 until next year": Trouble(
        lambda _: too_many(_http(datetime.now(UTC) + timedelta(days=365))), (RateLimited,)
    ),
    "429 until yesterday": Trouble(
        lambda _: too_many(_http(datetime.now(UTC) - timedelta(days=1))), (RateLimited,)
    ),
    "429 by another clock": Trouble(lambda _: too_many_by_clock(1, HOURS), (RateLimited,)),
    "500": Trouble(lambda _: page(500), (ServerFault,)),
    "502": Trouble(lambda _: page(502), (ServerFault,)),
    "503": Trouble(lambda _: page(503), (ServerFault,)),
    "504": Trouble(lambda _: page(504), (ServerFault,)),
    "slow bodies": Trouble(lambda patience: dripping(patience / 4), (TimedOut,)),
    "words for numbers": Trouble(lambda _: changed(as_text), (UnexpectedAnswer,)),
    "other shapes": Trouble(lambda _: changed(wrapped), (UnexpectedAnswer,)),
    "members missing": Trouble(lambda _: changed(lacking), (UnexpectedAnswer,)),
    # What is read for ever is given up for its length or for its time.
    "endless answers": Trouble(lambda _: endless, (UnexpectedAnswer, TimedOut)),
    "a clock ahead": Trouble(lambda _: clock_off(HOURS)),
    "a clock behind": Trouble(lambda _: clock_off(-HOURS)),
    "expired tokens": Trouble(lambda _: expired()),
    "tokens never good": Trouble(lambda _: unauthorised, (Unauthorised,)),
}
