"""Requests as one account: credentials, how the client obtains them, and retries. A token is
fetched once for all callers that wait for it, and again after a 401. No token, key or password is
ever part of a ``repr``, a log or an error."""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from pydantic_core import from_json

from umami import errors
from umami.api import account
from umami.endpoint import Request
from umami.exchange import LONGEST_PAUSE, Call, Exchange, Failure, Outcome
from umami.instrumentation import Instrumentation
from umami.scheduling import CircuitBreaker, RateLimit, SingleFlight, again
from umami.settings import Settings
from umami.texts import N_, Message

PATIENCE: Final = 1.5
"""The deadline of a call, with retries and the wait for a connection, as a multiple of the
timeout."""
ATTEMPTS: Final = 3
BACKOFF: Final = 0.25
"""Longest pause in seconds before a second attempt; doubles with each. The pause is random."""
Send = Callable[[Request, str], bytes]
"""Sends a request without credentials, whose errors have this name; returns the answer's body."""

VAIN: Final = 30.0
"""Seconds without another sign-in after one that did not help against a 401: Umami answers 401 also
for what an account may not see, and such a query must not cost a sign-in each time."""
SHARED: Final = "share"
SECTIONS: Final = (
    *("overview", "events", "sessions", "realtime", "performance", "compare", "breakdown"),
    *("goals", "funnels", "journeys", "retention", "utm", "revenue", "attribution"),
)
"""Parts of a website that a share link of 3.2 and newer may be limited to."""


class Identity:
    """Credentials that do not change, such as an API key."""

    def __init__(self, headers: Mapping[str, str] | None, *secrets: str) -> None:
        self.headers = headers
        """The headers with the credentials; ``None`` before a sign-in."""
        self.secrets = secrets
        """Texts that must never be shown."""

    def sign_in(self) -> Mapping[str, str]:
        """The headers; may fetch a token, once for all callers that need it."""
        return self.headers or {}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Drop headers that got a 401; whether there are others, or some can be fetched."""
        return False

    def in_vain(self) -> None:
        """Record that new headers got a 401 too: the next ones are not caused by the token."""


def identity(settings: Settings, send: Send) -> Identity:
    """The credentials of the settings; sends nothing yet."""
    if settings.share is not None:
        return Share(settings.share, send)
    key = settings.api_key
    if key is None:
        return Account(settings.username or "", settings.password or "", send)
    # A key of Umami Cloud, or a bearer token of a self-hosted Umami from 3.3 on.
    bearer = {"authorization": f"Bearer {key}"}
    return Identity({"x-umami-api-key": key} if settings.cloud else bearer, key)


class _Token(Identity, ABC):
    """A token that is fetched when it is first needed, and again once the server refuses it."""

    def __init__(self, send: Send, *secrets: str) -> None:
        super().__init__(None, *secrets)
        self._send = send
        self._secrets = secrets
        self._fetches: SingleFlight[Mapping[str, str]] = SingleFlight()
        self._vain_until = 0.0

    @abstractmethod
    def fetch(self) -> tuple[str, dict[str, str]]:
        """Fetch a token; returns it and the headers that carry it. Raises an ``UmamiError``."""

    def sign_in(self) -> Mapping[str, str]:
        return self.headers or self._fetches.result("token", self._fetch)

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Drop the token, unless others did not help just before."""
        if self.headers is refused:
            if time.monotonic() < self._vain_until:
                return False
            self.headers = None
        return True

    def in_vain(self) -> None:
        """Do not sign in again for a while."""
        self._vain_until = time.monotonic() + VAIN

    def _fetch(self) -> Mapping[str, str]:
        if self.headers:
            # Another fetch may have ended just before this one began.
            return self.headers
        token, headers = self.fetch()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise errors.UnexpectedAnswer(N_("The server’s token cannot be used."))
        self.secrets = (*self._secrets, token)
        self.headers = headers
        return headers


class Account(_Token):
    def __init__(self, username: str, password: str, send: Send) -> None:
        super().__init__(send, *filter(None, (password,)))
        self._login = username, password

    def fetch(self) -> tuple[str, dict[str, str]]:
        query = account.login(*self._login)
        problem: errors.UmamiError
        try:
            answer = _decoded(self._send(query.request, query.name), query.name)
            token = query.read(answer).token
            return token, {"authorization": f"Bearer {token}"}
        except errors.SecondFactor as error:
            problem = errors.SecondFactor(str(error))
        except errors.Unauthorised:
            problem = errors.Unauthorised(
                N_("The server does not accept this user name and password.")
            )
        except (errors.NotFound, errors.NotOffered) as error:
            problem = errors.WrongAddress(str(error))
        except errors.ServerFault as error:
            if error.status != 503 or "factor" not in str(error):
                raise
            problem = errors.SecondFactor(
                N_(
                    "This account has a second factor, and the server has no key to check it with "
                    "(TWO_FACTOR_ENCRYPTION_KEY)."
                )
            )
        except ValueError:
            problem = errors.UnexpectedAnswer(N_("The answer to the sign-in contains no token."))
        problem.endpoint = query.name
        raise problem


class Share(_Token):
    """A public link to one website."""

    def __init__(self, link: str, send: Send) -> None:
        """``link`` is the id of the link."""
        super().__init__(send)
        self._link = link
        self._website = ""
        self._sections: frozenset[str] | None = None

    @property
    def sections(self) -> frozenset[str] | None:
        """The parts that the link is limited to, ``None`` where it shows all; may open the link."""
        self.sign_in()
        return self._sections

    @property
    def website(self) -> str:
        """Id of the website that the link shows; may open the link."""
        self.sign_in()
        return self._website

    def fetch(self) -> tuple[str, dict[str, str]]:
        request = Request("GET", f"/share/{quote(self._link, safe='')}")
        problem: errors.UmamiError
        try:
            answer = _decoded(self._send(request, SHARED), SHARED)
            token = str(answer["token"])
            self._website = str(answer["websiteId"])
            parameters = answer.get("parameters")
            shown = parameters if isinstance(parameters, dict) else {}
            self._sections = frozenset(name for name in SECTIONS if shown.get(name) is True) or None
            # Newer servers require a context as well.
            return token, {"x-umami-share-token": token, "x-umami-share-context": "1"}
        except (errors.NotFound, errors.NotOffered):
            problem = errors.NotFound(N_("This share link does not exist (any more)."))
        except (TypeError, LookupError):
            problem = errors.UnexpectedAnswer(N_("The share link shows no website."))
        problem.endpoint = SHARED
        raise problem


def _decoded(body: bytes, name: str) -> Any:
    try:
        return from_json(body)
    except ValueError:
        pass
    raise errors.UnexpectedAnswer(N_("The server’s answer is not JSON."), endpoint=name)


class Transport:
    """Requests to one server as one account. Safe to use from many threads."""

    def __init__(self, settings: Settings, watch: Instrumentation | None = None) -> None:
        """Raises ``SettingsError`` where no server is set; sends nothing."""
        account = settings.account
        if settings.api is None or account is None:
            raise errors.SettingsError(
                N_(
                    "No server is set: set UMAMI_URL with UMAMI_USERNAME and UMAMI_PASSWORD, "
                    "UMAMI_API_KEY, or UMAMI_SHARE_URL."
                )
            )
        self._settings = settings
        self.account = account
        """Identifies the account in cache keys; contains no secret."""
        self._identity = identity(settings, self.send_unsigned)
        self.share = self._identity if isinstance(self._identity, Share) else None
        """The share link, if the account is one."""
        self._exchange = Exchange(settings, lambda: self._identity.secrets)
        self._rate_limit = RateLimit(*settings.pace) if settings.pace else None
        self._breaker = CircuitBreaker()
        self._watch = watch
        self.beginning = self._exchange.beginning
        self.close = self._exchange.close

    def __repr__(self) -> str:
        return f"Transport({self._settings.address!r})"

    def send(self, request: Request, *, endpoint: str, repeatable: bool) -> bytes:
        """The body of the server's answer. ``endpoint`` names the request in errors; only a
        ``repeatable`` request is retried. Raises an ``UmamiError`` for everything but a success."""
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
            raise errors.NotShared(N_("The share link does not show this."), endpoint=endpoint)
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
        of an overloaded server."""
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
                sentence = Message(
                    "“{endpoint}” waited too long for its turn.", endpoint=call.endpoint
                )
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
        Without this, calls that wait for a connection to a dead server would fail one by one."""
        if self._exchange.closed.is_set():
            return Failure(errors.Unreachable(N_("The connection to the server is closed.")))
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
