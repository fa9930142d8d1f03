"""Identities: what a request carries to say who asks, and how that is come by.

A token is fetched once for all who wait for it, and again after a 401. No token, key or password
is ever part of a ``repr``, a log or an error.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol
from urllib.parse import quote

from pydantic_core import from_json

from umami.endpoint import Request
from umami.endpoints import account
from umami.errors import (
    NotFound,
    NotOffered,
    SecondFactor,
    ServerFault,
    UmamiError,
    Unauthorised,
    UnexpectedAnswer,
    WrongAddress,
)
from umami.settings import ApiKey, Login, ShareLink
from umami.single_flight import SingleFlight, again

Send = Callable[[Request, str], bytes]
"""Sends a request without identity, naming it in errors; returns the answer's body."""

VAIN: Final = 30.0
"""Seconds in which a 401 is believed after signing in anew did not help: Umami answers 401 for
what an account may not see, too, and each such question must not cost a sign-in."""
SHARED: Final = "share"
SECTIONS: Final = (
    *("overview", "events", "sessions", "realtime", "performance", "compare", "breakdown"),
    *("goals", "funnels", "journeys", "retention", "utm", "revenue", "attribution"),
)
"""Parts of a website that a share link of 3.2 and newer may be limited to."""


class Identity(Protocol):
    """Who asks."""

    def headers(self) -> Mapping[str, str]:
        """Headers to send; may sign in first, and then raises whatever that raises."""
        ...

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Give up headers that got a 401; whether other ones can be had."""
        ...

    def in_vain(self) -> None:
        """New headers got a 401 too, so it is not they that are wrong."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that must never be shown."""
        ...


def identity(who: Login | ApiKey | ShareLink, send: Send) -> Identity:
    """The identity that settings describe; asks nothing yet."""
    if isinstance(who, ApiKey):
        return Key(who)
    return Account(who, send) if isinstance(who, Login) else Share(who, send)


class Key:
    """An API key; it is what it is."""

    def __init__(self, key: ApiKey) -> None:
        self._key = key

    def headers(self) -> Mapping[str, str]:
        """The key, where the server wants it."""
        if self._key.cloud:
            return {"x-umami-api-key": self._key.key}
        return {"authorization": f"Bearer {self._key.key}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Never: there is no other key."""
        return False

    def in_vain(self) -> None:
        """Nothing to learn."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The key."""
        return (self._key.key,)


class _Token:
    """A token fetched when it is first needed, and anew once it is refused."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._flights: SingleFlight[str] = SingleFlight()
        self._token: str | None = None
        self._vain_until = 0.0

    def fetch(self) -> str:
        """Ask the server for a token."""
        raise NotImplementedError

    def spelled(self, token: str) -> Mapping[str, str]:
        """The headers that carry a token."""
        raise NotImplementedError

    def headers(self) -> Mapping[str, str]:
        """The token, where the server wants it."""
        token = self._token
        if token is None:
            flight = self._flights.board("token", self._once, lambda work: work())
            problem = flight.exception()
            if problem is not None:
                raise again(problem) if isinstance(problem, UmamiError) else problem
            token = flight.result()
        return self.spelled(token)

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Whether a token other than the refused one is there, or worth asking for."""
        with self._guard:
            if self._token is None or self.spelled(self._token) != refused:
                return True
            if time.monotonic() < self._vain_until:
                return False
            self._token = None
            return True

    def in_vain(self) -> None:
        """Believe the next 401s."""
        with self._guard:
            self._vain_until = time.monotonic() + VAIN

    def _once(self) -> str:
        # Who comes just after a token has landed finds it here.
        token = self._token or _carried(self.fetch())
        with self._guard:
            self._token = token
        return token


class Account(_Token):
    """An account with a password."""

    def __init__(self, login: Login, send: Send) -> None:
        super().__init__()
        self._login = login
        self._send = send

    def fetch(self) -> str:
        """Sign in."""
        question = account.login(self._login.username, self._login.password)
        problem: UmamiError
        try:
            answer = _decoded(self._send(question.request, question.name), question.name)
            return question.read(answer).token
        except SecondFactor as refused:
            problem = SecondFactor(str(refused), endpoint=question.name)
        except Unauthorised:
            problem = Unauthorised(
                "The server does not accept this user name and password.", endpoint=question.name
            )
        except (NotFound, NotOffered) as nowhere:
            problem = WrongAddress(str(nowhere), endpoint=question.name)
        except ServerFault as fault:
            if fault.status != 503 or "factor" not in str(fault):
                raise
            problem = SecondFactor(
                "This account has a second factor, and the server has no key to check it with "
                "(TWO_FACTOR_ENCRYPTION_KEY).",
                endpoint=question.name,
            )
        except ValueError:
            problem = UnexpectedAnswer(
                "Signing in was not answered with a token.", endpoint=question.name
            )
        raise problem

    def spelled(self, token: str) -> Mapping[str, str]:
        """As a bearer's."""
        return {"authorization": f"Bearer {token}"}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Password and token."""
        return tuple(filter(None, (self._login.password, self._token)))


class Share(_Token):
    """A public link to one website."""

    def __init__(self, link: ShareLink, send: Send) -> None:
        super().__init__()
        self._link = link
        self._send = send
        self._website: str | None = None
        self._sections: frozenset[str] | None = None

    @property
    def sections(self) -> frozenset[str] | None:
        """The parts that the link is limited to, ``None`` where it shows all; may have to ask."""
        self.headers()
        return self._sections

    @property
    def website(self) -> str:
        """Id of the website that the link opens; may have to ask for it."""
        self.headers()
        if self._website is None:
            raise UnexpectedAnswer("The share link opens no website.", endpoint=SHARED)
        return self._website

    def fetch(self) -> str:
        """Open the link."""
        request = Request("GET", f"/share/{quote(self._link.id, safe='')}")
        problem: UmamiError
        try:
            answer = _decoded(self._send(request, SHARED), SHARED)
            token = answer["token"]
            self._website = str(answer["websiteId"])
            parameters = answer.get("parameters")
            shown = parameters if isinstance(parameters, dict) else {}
            self._sections = frozenset(name for name in SECTIONS if shown.get(name) is True) or None
            return str(token)
        except (NotFound, NotOffered):
            problem = NotFound("This share link does not exist (any more).", endpoint=SHARED)
        except (TypeError, LookupError):
            problem = UnexpectedAnswer("The share link opens no website.", endpoint=SHARED)
        raise problem

    def spelled(self, token: str) -> Mapping[str, str]:
        """As a share's; newer servers want to see a context too."""
        return {"x-umami-share-token": token, "x-umami-share-context": "1"}

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (self._token,) if self._token else ()


def _decoded(body: bytes, name: str) -> Any:
    try:
        return from_json(body)
    except ValueError:
        pass
    raise UnexpectedAnswer("The server’s answer is not JSON.", endpoint=name)


def _carried(token: str) -> str:
    """A token that fits into a header."""
    if token and token.isascii() and token.isprintable() and " " not in token:
        return token
    raise UnexpectedAnswer("The server’s token cannot be used.")
