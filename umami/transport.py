"""Requests as one account: credentials, retries, a rate limit and a circuit breaker."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Final

from pyrate_limiter import Limiter, Rate

from umami import errors
from umami.endpoint import Request
from umami.exchange import LONGEST_PAUSE, Call, Exchange, Failure, Outcome
from umami.instrumentation import Instrumentation
from umami.scheduling import again
from umami.settings import Settings
from umami.signin import Share, identity

PATIENCE: Final = 1.5
"""The deadline of a call, with retries and the wait for a connection, as a multiple of the
timeout."""
ATTEMPTS: Final = 3
SLICE: Final = 0.5
"""Seconds between two checks of whether waiting for the rate limit still makes sense."""
BACKOFF: Final = 0.25
"""Longest pause in seconds before a second attempt; doubles with each. The pause is random."""
FAILURES: Final = 5
"""Failures in a row that open the circuit breaker."""
PAUSE: Final = 3.0
"""Seconds until a first request tries the server again; doubles with each that fails."""
LONGEST: Final = 30.0
"""Longest pause in seconds, after which a server that is up again is noticed."""
JITTER: Final = 0.2
"""Random extension of a pause, as a fraction, so that replicas do not retry at the same moment."""


class RateLimit:
    """Lets at most ``calls`` through in so many ``seconds``. Safe to use from many threads."""

    def __init__(self, calls: int, seconds: float) -> None:
        self._limiter = Limiter(Rate(calls, round(seconds * 1000)))
        self._guard = threading.Lock()
        self.waiting = 0
        """How many calls wait at this moment."""

    def turn(self, left: Callable[[], float]) -> bool:
        """Wait for permission to call, as long as ``left`` returns seconds; whether it came."""
        if self._limiter.try_acquire(blocking=False):
            return True
        with self._guard:
            self.waiting += 1
        try:
            while (rest := left()) > 0:
                if self._limiter.try_acquire(timeout=min(SLICE, rest)):
                    return True
            return False
        finally:
            with self._guard:
                self.waiting -= 1


class CircuitBreaker:
    """Stops requests to a server that is down, and lets one through now and then.

    A server is down when several requests in a row, to more than one endpoint, get no answer at
    all. An endpoint that always fails by itself does not stop the others. Safe to use from many
    threads.
    """

    def __init__(self, pause: float = PAUSE, longest: float = LONGEST) -> None:
        self._guard = threading.Lock()
        self._first = self._pause = pause
        self._longest = longest
        self._worked_at = 0.0
        self._failures: list[str] = []
        self._until = 0.0
        self.problem: errors.UmamiError | None = None
        """Why the breaker is open; ``None`` while it is closed."""

    def refusal(self) -> errors.UmamiError | None:
        """Why a request must not be sent now; ``None`` to send it, also as the next trial."""
        with self._guard:
            if self.problem is None:
                return None
            now = time.monotonic()
            if now < self._until:
                return self.problem
            # This request is the trial; the next one is let through after another pause.
            self._until = now + self._next_pause()
            return None

    def worked(self) -> None:
        """Record an answer, whatever its status."""
        self._worked_at = time.monotonic()
        if self._failures or self.problem is not None:
            with self._guard:
                self._failures.clear()
                self.problem = None
                self._pause = self._first

    def failed(self, endpoint: str, problem: errors.UmamiError) -> None:
        """Record a request without an answer."""
        with self._guard:
            self._failures = [*self._failures, endpoint][-FAILURES:]
            if len(self._failures) == FAILURES and len(set(self._failures)) > 1:
                self._open(problem)

    def gone(self, problem: errors.UmamiError, started: float) -> None:
        """Record that no connection could be made since ``started`` (monotonic seconds). This opens
        the breaker at once, unless another request was answered meanwhile."""
        with self._guard:
            if self._worked_at < started:
                self._open(problem)

    def _open(self, problem: errors.UmamiError) -> None:
        if self.problem is None:
            self.problem = problem
            self._until = time.monotonic() + self._next_pause()

    def _next_pause(self) -> float:
        pause = self._pause
        self._pause = min(2 * pause, self._longest)
        return pause * (1 + random.uniform(0, JITTER))


class Transport:
    """Requests to one server as one account. Safe to use from many threads."""

    def __init__(self, settings: Settings, watch: Instrumentation | None = None) -> None:
        """Raises ``SettingsError`` where no server is set; sends nothing."""
        account = settings.account
        if settings.api is None or account is None:
            raise errors.SettingsError(
                "No server is set: set UMAMI_URL with UMAMI_USERNAME and UMAMI_PASSWORD, "
                "UMAMI_API_KEY, or UMAMI_SHARE_URL."
            )
        self._settings = settings
        self.account = account
        """Identifies the account in cache keys; contains no secret."""
        self._identity = identity(settings, self.send_unsigned)
        self.share = self._identity if isinstance(self._identity, Share) else None
        """The share link, if the account is one."""
        self._exchange = Exchange(settings, lambda: self._identity.secrets)
        self._rate_limit = RateLimit(*settings.pace) if settings.pace else None
        self._breaker = CircuitBreaker(PAUSE, LONGEST)
        self._watch = watch
        self.beginning = self._exchange.beginning
        self.close = self._exchange.close

    def __repr__(self) -> str:
        return f"Transport({self._settings.address!r})"

    def send(self, request: Request, *, endpoint: str, repeatable: bool) -> bytes:
        """The body of the server's answer.

        ``endpoint`` names the request in errors; only a ``repeatable`` request is retried. Raises
        an ``UmamiError`` for everything but a success.
        """
        until = self._deadline()
        headers = self._identity.sign_in()
        outcome = self._with_retries(Call(request, endpoint, headers, until), repeatable)
        if _refused(outcome) and self._identity.renew(headers):
            # The server did not process a refused request, so even a write can be sent again.
            headers = self._identity.sign_in()
            outcome = self._with_retries(Call(request, endpoint, headers, until), repeatable)
            if _refused(outcome):
                self._identity.in_vain()
        accepted = self._exchange.accepted
        if _refused(outcome) and self.share and accepted:
            raise errors.NotShared("The share link does not show this.", endpoint=endpoint)
        self._exchange.accepted = accepted or isinstance(outcome, bytes)
        return _body(outcome)

    def send_unsigned(self, request: Request, endpoint: str) -> bytes:
        """As ``send``, for a request without credentials."""
        return _body(self._with_retries(Call(request, endpoint, {}, self._deadline()), True))

    def probe(
        self, request: Request, *, signed: bool = False
    ) -> tuple[int, bytes, errors.UmamiError | None]:
        """The status and body of an answer, and the error that ``send`` would raise for it, if any.

        ``signed`` signs in first. Raises an ``UmamiError`` where no answer comes back, or only that
        of an overloaded server.
        """
        until = self._deadline()
        headers = self._identity.sign_in() if signed else {}
        outcome = self._with_retries(Call(request, "version", headers, until), True)
        if isinstance(outcome, bytes):
            return 200, outcome, None
        if outcome.status is None or outcome.retryable:
            raise outcome.problem
        return outcome.status, outcome.body, outcome.problem

    @property
    def waiting(self) -> int:
        """How many calls the rate limit delays at this moment."""
        return self._rate_limit.waiting if self._rate_limit else 0

    def _deadline(self) -> float:
        return time.monotonic() + PATIENCE * self._settings.timeout

    def _with_retries(self, call: Call, repeatable: bool) -> Outcome:
        started = time.monotonic()
        for attempt in range(ATTEMPTS):
            outcome = self._attempt(call)
            if (
                not isinstance(outcome, Failure)
                or not (repeatable and outcome.retryable)
                or attempt == ATTEMPTS - 1
                or self._breaker.problem is not None
                or (outcome.after or 0.0) > min(LONGEST_PAUSE, call.left)
            ):
                break
            pause = random.uniform(0, BACKOFF * 2**attempt)
            self._exchange.closed.wait(pause if outcome.after is None else outcome.after)
        if isinstance(outcome, Failure) and outcome.no_connection:
            self._breaker.gone(outcome.problem, started)
        return outcome

    def _attempt(self, call: Call) -> Outcome:
        closed = self._exchange.closed.is_set
        if self._rate_limit:
            in_turn = self._rate_limit.turn(lambda: 0.0 if closed() else call.left)
            if not in_turn and not closed():
                sentence = f"“{call.endpoint}” waited too long for its turn."
                return Failure(errors.TimedOut(sentence, endpoint=call.endpoint))
        if refusal := self._refusal(call):
            return refusal
        started = time.monotonic()
        outcome = self._exchange.send(call)
        problem = outcome.problem if isinstance(outcome, Failure) else None
        if self._watch:
            self._watch.answered(call.endpoint, problem, time.monotonic() - started)
        if isinstance(outcome, Failure) and _server_is_down(outcome):
            self._breaker.failed(call.endpoint, outcome.problem)
        else:
            self._breaker.worked()
        return outcome

    def _refusal(self, call: Call) -> Failure | None:
        """The failure without an attempt, where the client is closed or the breaker is open.

        Without this, calls that wait for a connection to a dead server would fail one by one.
        """
        if self._exchange.closed.is_set():
            return Failure(errors.Unreachable("The connection to the server is closed."))
        refused = self._breaker.refusal()
        if refused is None:
            return None
        why = str(refused)
        problem = again(refused)
        if f"“{refused.endpoint}”" in why and refused.endpoint != call.endpoint:
            problem.args = (f"“{call.endpoint}” was not sent: {why[:1].lower()}{why[1:]}",)
        problem.endpoint, problem.sent = call.endpoint, False
        return Failure(problem)


def _server_is_down(failure: Failure) -> bool:
    """Whether the server itself did not answer, nor say when to come back."""
    no_answer = failure.retryable or isinstance(
        failure.problem, errors.TimedOut | errors.Unreachable
    )
    return no_answer and failure.after is None


def _refused(outcome: Outcome) -> bool:
    return isinstance(outcome, Failure) and isinstance(outcome.problem, errors.Unauthorised)


def _body(outcome: Outcome) -> bytes:
    if isinstance(outcome, bytes):
        return outcome
    raise outcome.problem
