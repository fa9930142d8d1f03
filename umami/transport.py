"""Requests as one account: credentials, retries, limits and a circuit breaker."""

from __future__ import annotations

import threading
import time
from typing import Final

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_result,
    sleep_using_event,
    stop_after_attempt,
    wait_random_exponential,
)

from umami import instrumentation
from umami.circuit_breaker import CircuitBreaker
from umami.endpoint import Request
from umami.errors import (
    NotShared,
    SettingsError,
    TimedOut,
    UmamiError,
    Unauthorised,
    Unreachable,
)
from umami.exchange import LONGEST_PAUSE, Call, Exchange, Failure, Outcome, timed_out
from umami.instrumentation import NO_INSTRUMENTATION, Instrumentation
from umami.rate_limit import RateLimit
from umami.settings import Settings
from umami.signin import Share, identity
from umami.single_flight import again

PATIENCE: Final = 1.5
"""The deadline of a call, with retries and the wait for a connection, as a multiple of the
timeout."""
ATTEMPTS: Final = 3
_BACKOFF: Final = wait_random_exponential(multiplier=0.25, max=4)
"""Full jitter: a random pause below a limit that doubles."""


class Transport:
    """Requests to one server as one account. Safe to use from many threads."""

    def __init__(self, settings: Settings, watch: Instrumentation = NO_INSTRUMENTATION) -> None:
        """Raises ``SettingsError`` where no server is set; sends nothing."""
        account = settings.account
        if settings.api is None or account is None:
            raise SettingsError(
                "No server is set: set UMAMI_URL with UMAMI_USERNAME and UMAMI_PASSWORD, "
                "UMAMI_API_KEY, or UMAMI_SHARE_URL."
            )
        self._settings = settings
        self.account = account
        """Identifies the account in cache keys; contains no secret."""
        self._identity = identity(settings, self.send_unsigned)
        self._exchange = Exchange(settings, lambda: self._identity.secrets)
        self._slots = threading.BoundedSemaphore(settings.in_flight)
        self._rate_limit = RateLimit(*settings.pace) if settings.pace else None
        self._breaker = CircuitBreaker()
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
        headers = self._identity.headers()
        outcome = self._with_retries(Call(request, endpoint, headers, until), repeatable)
        if _refused(outcome) and self._identity.renew(headers):
            # The server did not process a refused request, so even a write can be sent again.
            headers = self._identity.headers()
            outcome = self._with_retries(Call(request, endpoint, headers, until), repeatable)
            if _refused(outcome):
                self._identity.in_vain()
        accepted = self._exchange.accepted
        if _refused(outcome) and isinstance(self._identity, Share) and accepted:
            raise NotShared("The share link does not show this.", endpoint=endpoint)
        self._exchange.accepted = accepted or isinstance(outcome, bytes)
        return _body(outcome)

    def send_unsigned(self, request: Request, endpoint: str) -> bytes:
        """As ``send``, for a request without credentials."""
        return _body(self._with_retries(Call(request, endpoint, {}, self._deadline()), True))

    def probe(
        self, request: Request, *, signed: bool = False
    ) -> tuple[int, bytes, UmamiError | None]:
        """The status and body of an answer, and the error that ``send`` would raise for it, if any.

        ``signed`` signs in first. Raises an ``UmamiError`` where no answer comes back, or only that
        of an overloaded server.
        """
        until = self._deadline()
        headers = self._identity.headers() if signed else {}
        outcome = self._with_retries(Call(request, "version", headers, until), True)
        if isinstance(outcome, bytes):
            return 200, outcome, None
        if outcome.status is None or outcome.retryable:
            raise outcome.problem
        return outcome.status, outcome.body, outcome.problem

    @property
    def shared_sections(self) -> frozenset[str] | None:
        """The parts of the website that a share link is limited to, ``None`` without a limit; may
        open the link."""
        return self._identity.sections if isinstance(self._identity, Share) else None

    @property
    def website(self) -> str | None:
        """Id of the only website of a share link; may open the link."""
        return self._identity.website if isinstance(self._identity, Share) else None

    @property
    def waiting(self) -> int:
        """How many calls the rate limit delays at this moment."""
        return self._rate_limit.waiting if self._rate_limit else 0

    def _deadline(self) -> float:
        return time.monotonic() + PATIENCE * self._settings.timeout

    def _with_retries(self, call: Call, repeatable: bool) -> Outcome:
        def worth_repeating(outcome: Outcome) -> bool:
            return (
                repeatable
                and isinstance(outcome, Failure)
                and outcome.retryable
                and self._breaker.problem is None
                and (outcome.after or 0.0) <= min(LONGEST_PAUSE, call.left)
            )

        started = time.monotonic()
        outcome: Outcome = Retrying(
            retry=retry_if_result(worth_repeating),
            stop=stop_after_attempt(ATTEMPTS),
            wait=_pause,
            sleep=sleep_using_event(self._exchange.closed),
            retry_error_callback=_last_outcome,
        )(self._attempt, call)
        if isinstance(outcome, Failure) and outcome.no_connection:
            self._breaker.gone(outcome.problem, started)
        return outcome

    def _attempt(self, call: Call) -> Outcome:
        closed = self._exchange.closed.is_set
        in_turn = self._rate_limit is None or self._rate_limit.turn(
            lambda: 0.0 if closed() else call.left
        )
        if not in_turn or not self._slots.acquire(timeout=call.left):
            if closed():
                return self._refusal(call) or Failure(timed_out(call))
            return Failure(
                TimedOut(
                    f"“{call.endpoint}” waited too long for a free connection.",
                    endpoint=call.endpoint,
                )
            )
        try:
            return self._refusal(call) or self._observed(call)
        finally:
            self._slots.release()

    def _observed(self, call: Call) -> Outcome:
        """Send the request; report its outcome to the instrumentation and the circuit breaker."""
        started = time.monotonic()
        outcome = self._exchange.send(call)
        problem = outcome.problem if isinstance(outcome, Failure) else None
        self._watch.answered(
            call.endpoint, instrumentation.outcome(problem), time.monotonic() - started
        )
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
            return Failure(Unreachable("The connection to the server is closed."))
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
    no_answer = failure.retryable or isinstance(failure.problem, TimedOut | Unreachable)
    return no_answer and failure.after is None


def _refused(outcome: Outcome) -> bool:
    return isinstance(outcome, Failure) and isinstance(outcome.problem, Unauthorised)


def _body(outcome: Outcome) -> bytes:
    if isinstance(outcome, bytes):
        return outcome
    raise outcome.problem


def _last_outcome(state: RetryCallState) -> Outcome:
    outcome: Outcome = state.outcome.result() if state.outcome else b""
    return outcome


def _pause(state: RetryCallState) -> float:
    outcome = _last_outcome(state)
    after = outcome.after if isinstance(outcome, Failure) else None
    return _BACKOFF(state) if after is None else after
