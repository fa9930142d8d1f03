"""Credentials: the headers that a request carries, and how the client obtains them.

A token is fetched once for all callers that wait for it, and again after a 401. No token, key or
password is ever part of a ``repr``, a log or an error.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from pydantic_core import from_json

from umami import errors
from umami.api import account
from umami.endpoint import Request
from umami.scheduling import SingleFlight
from umami.settings import Settings

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
        """Fetch a token from the server; returns it and the headers that carry it.

        Raises an ``UmamiError``.
        """

    def sign_in(self) -> Mapping[str, str]:
        """The headers with a token."""
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
            raise errors.UnexpectedAnswer("The server’s token cannot be used.")
        self.secrets = (*self._secrets, token)
        self.headers = headers
        return headers


class Account(_Token):
    """An account with a password."""

    def __init__(self, username: str, password: str, send: Send) -> None:
        super().__init__(send, *filter(None, (password,)))
        self._login = username, password

    def fetch(self) -> tuple[str, dict[str, str]]:
        """Sign in."""
        query = account.login(*self._login)
        problem: errors.UmamiError
        try:
            answer = _decoded(self._send(query.request, query.name), query.name)
            token = query.read(answer).token
            return token, {"authorization": f"Bearer {token}"}
        except errors.SecondFactor as error:
            problem = errors.SecondFactor(str(error))
        except errors.Unauthorised:
            problem = errors.Unauthorised("The server does not accept this user name and password.")
        except (errors.NotFound, errors.NotOffered) as error:
            problem = errors.WrongAddress(str(error))
        except errors.ServerFault as error:
            if error.status != 503 or "factor" not in str(error):
                raise
            problem = errors.SecondFactor(
                "This account has a second factor, and the server has no key to check it with "
                "(TWO_FACTOR_ENCRYPTION_KEY)."
            )
        except ValueError:
            problem = errors.UnexpectedAnswer("The answer to the sign-in contains no token.")
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
        """Open the link."""
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
            problem = errors.NotFound("This share link does not exist (any more).")
        except (TypeError, LookupError):
            problem = errors.UnexpectedAnswer("The share link shows no website.")
        problem.endpoint = SHARED
        raise problem


def _decoded(body: bytes, name: str) -> Any:
    try:
        return from_json(body)
    except ValueError:
        pass
    raise errors.UnexpectedAnswer("The server’s answer is not JSON.", endpoint=name)
