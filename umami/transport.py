"""The one place that speaks HTTP: connections, time limits, retries, and errors of our own."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import tenacity

from umami.errors import (
    NotFound,
    RateLimited,
    Rejected,
    ServerFault,
    SettingsError,
    TimedOut,
    UmamiError,
    Unauthorised,
    UnexpectedAnswer,
    Unreachable,
)
from umami.question import Request

ATTEMPTS: Final = 3
CONNECT_TIMEOUT: Final = 5.0
LARGEST_ANSWER: Final = 64 * 2**20
LONGEST_WAIT: Final = 20.0
"""Seconds we are willing to wait on a server's ``Retry-After``."""
AGENT: Final = "Mozilla/5.0 (compatible) UmamiDashboard"
AGAIN: Final = frozenset({429, 502, 503, 504})
"""Statuses that pass. A bare 500 does not: on Umami it is a fixed answer to certain questions."""

# httpx logs every address it asks, and an address may hold a share id.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


class _Passing(Exception):
    """A failure that may pass; ``error`` is what it is if it does not."""

    def __init__(self, error: UmamiError, after: float | None = None) -> None:
        super().__init__()
        self.error = error
        self.after = after


class Transport:
    """Connections to one server. Thread-safe.

    ``api`` is where the API begins. ``timeout`` (seconds) bounds one attempt, from the first byte
    sent to the last received.
    """

    def __init__(self, api: str, *, timeout: float, connections: int) -> None:
        self.api = api
        self._timeout = timeout
        host = urlsplit(api).hostname or ""
        loopback = host in ("localhost", "::1") or host.startswith("127.")
        self._client = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=min(CONNECT_TIMEOUT, timeout), pool=None),
            limits=httpx.Limits(
                max_connections=connections,
                max_keepalive_connections=connections,
                keepalive_expiry=30,
            ),
            headers={"user-agent": AGENT, "accept": "application/json"},
            follow_redirects=False,
            trust_env=not loopback,
        )

    def send(
        self, request: Request, headers: dict[str, str], *, endpoint: str, repeatable: bool
    ) -> bytes:
        """The body of a good answer.

        Raises the errors of ``umami.errors``; none of them, nor what they were raised from, holds
        a header or a body. A question that is ``repeatable`` is asked up to three times.
        """
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS if repeatable else 1),
            wait=_pause,
            retry=tenacity.retry_if_exception_type(_Passing),
            reraise=True,
        )
        try:
            found: bytes = retrying(self._once, request, headers, endpoint)
        except _Passing as passing:
            error = passing.error
        else:
            return found
        raise error from None

    def _once(self, request: Request, headers: dict[str, str], endpoint: str) -> bytes:
        content = request.body.encode() if request.body is not None else None
        if content is not None:
            headers = {**headers, "content-type": "application/json"}
        failed: Exception
        try:
            with self._client.stream(
                request.method,
                f"{self.api}{request.path}",
                params=list(request.query),
                content=content,
                headers=headers,
            ) as response:
                body = _bounded(response, self._timeout, endpoint)
                status, answered = response.status_code, response.headers
        except httpx.ConnectTimeout:
            failed = _Passing(TimedOut("The server did not accept a connection in time."))
        except httpx.TimeoutException:
            failed = TimedOut("The server took too long to answer.", endpoint=endpoint)
        except (httpx.DecodingError, httpx.InvalidURL):
            failed = UnexpectedAnswer("The server’s answer cannot be decoded.", endpoint=endpoint)
        except httpx.TransportError:
            failed = _Passing(Unreachable("The Umami server cannot be reached.", endpoint=endpoint))
        except (ValueError, UnicodeError):
            failed = UnexpectedAnswer("The server’s answer cannot be decoded.", endpoint=endpoint)
        else:
            if 200 <= status < 300:
                return body
            raise _failure(status, answered, body, endpoint, self.api)
        raise failed from None

    def close(self) -> None:
        """Give all connections up."""
        self._client.close()


def _bounded(response: httpx.Response, seconds: float, endpoint: str) -> bytes:
    """The body, unless it is too long or too slow: a read timeout alone lets a drip go on."""
    until = time.monotonic() + seconds
    parts: list[bytes] = []
    size = 0
    for part in response.iter_bytes():
        size += len(part)
        parts.append(part)
        if size > LARGEST_ANSWER:
            raise UnexpectedAnswer("The server’s answer is too long.", endpoint=endpoint)
        if time.monotonic() > until:
            raise TimedOut("The server took too long to answer.", endpoint=endpoint)
    return b"".join(parts)


_backoff = tenacity.wait_random_exponential(multiplier=0.2, max=2)


def _pause(state: tenacity.RetryCallState) -> float:
    failed = state.outcome.exception() if state.outcome else None
    after = failed.after if isinstance(failed, _Passing) else None
    return float(_backoff(state)) if after is None else after


def _failure(
    status: int, headers: httpx.Headers, body: bytes, endpoint: str, api: str
) -> Exception:
    """What a status that is not 2xx means."""
    reasons = _reasons(body)
    said = f": {'; '.join(reasons)}" if reasons else ""
    if 300 <= status < 400:
        return SettingsError(
            f"{api} sends on to another address; set UMAMI_URL to the one your browser ends at."
        )
    if status in (401, 403):
        return Unauthorised("The Umami server does not accept who is asking.", endpoint=endpoint)
    if status in (404, 405):
        return NotFound(f"The server knows nothing at “{endpoint}”.", endpoint=endpoint)
    if status == 429:
        error: UmamiError = RateLimited("The server asks to slow down.", endpoint=endpoint)
        return _again(error, headers)
    if 400 <= status < 500:
        return Rejected(
            f"The server refused “{endpoint}”{said}.", endpoint=endpoint, reasons=reasons
        )
    error = ServerFault(f"The Umami server failed at “{endpoint}” ({status}).", endpoint=endpoint)
    return _again(error, headers) if status in AGAIN else error


def _again(error: UmamiError, headers: httpx.Headers) -> Exception:
    after = _retry_after(headers.get("retry-after"))
    if after is not None and after > LONGEST_WAIT:
        return error
    return _Passing(error, after)


def _retry_after(text: str | None) -> float | None:
    """Seconds to wait, from seconds or an HTTP date."""
    if text is None:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _reasons(body: bytes) -> tuple[str, ...]:
    """A server's reasons: text or a list on 2.x, an object on 3.x; nothing of HTML."""
    try:
        error = json.loads(body).get("error")
    except (ValueError, AttributeError, RecursionError):
        return ()
    found: list[str] = []
    if isinstance(error, dict):
        nested = error.get("properties")
        if isinstance(nested, dict):
            for name, problem in nested.items():
                listed = problem.get("errors") if isinstance(problem, dict) else None
                if isinstance(listed, list):
                    found.extend(f"{name}: {one}" for one in listed)
        listed = error.get("errors")
        if isinstance(listed, list):
            found.extend(str(one) for one in listed)
        if not found and isinstance(error.get("message"), str):
            found.append(error["message"])
    elif isinstance(error, list):
        found.extend(str(one) for one in error)
    elif isinstance(error, str):
        found.append(error)
    return tuple(one[:200] for one in found[:10])


class Identity:
    """Who asks. ``Anonymous`` by itself; sub-classes bring the headers that say who."""

    account = "anonymous"
    """A name for the account that holds no secret: part of every cache key."""

    def headers(self) -> dict[str, str]:
        """Headers to send, signing in if that has not been done. Raises ``UmamiError``."""
        return {}

    def renew(self, refused: dict[str, str]) -> bool:
        """After a 401 to these headers: whether there are others now that are worth a try."""
        return False


class Key(Identity):
    """An API key: ``x-umami-api-key`` on Cloud, a bearer on servers of one's own."""

    def __init__(self, key: str, account: str, *, cloud: bool) -> None:
        self.account = account
        name, value = ("x-umami-api-key", key) if cloud else ("authorization", f"Bearer {key}")
        self._headers = {name: value}

    def headers(self) -> dict[str, str]:
        return self._headers


class Token(Identity):
    """A token that is fetched once by whoever needs it first, and again after a 401.

    ``fetch`` signs in and gives the headers; simultaneous askers wait for the one sign-in.
    """

    def __init__(self, account: str, fetch: Callable[[], dict[str, str]]) -> None:
        self.account = account
        self._fetch = fetch
        self._signing_in = threading.Lock()
        self._headers: dict[str, str] | None = None

    def headers(self) -> dict[str, str]:
        with self._signing_in:
            if self._headers is None:
                self._headers = self._fetch()
            return self._headers

    def renew(self, refused: dict[str, str]) -> bool:
        with self._signing_in:
            if self._headers is refused or self._headers is None:
                self._headers = self._fetch()
            return True


def decoded(body: bytes, endpoint: str) -> Any:
    """The JSON of a body; an empty body is ``None``. Raises ``UnexpectedAnswer``."""
    if not body.strip():
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        pass
    raise UnexpectedAnswer(
        f"The server’s answer to “{endpoint}” is not JSON; is this an Umami server?",
        endpoint=endpoint,
    )
