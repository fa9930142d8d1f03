"""An endpoint is a value; so is a question.

A small decorated function declares an endpoint. Its parameters are the question's, its body
says what to send in the newest generation's spelling and how the answer is read, its docstring
is its documentation. Calling it asks nothing: it returns a typed, hashable ``Question`` that a
client answers. The registry of all declarations feeds the client, the cache, ``docs/api.md``
and the contract tests.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum
from typing import Any, Generic, Literal, ParamSpec, TypeVar
from urllib.parse import quote

from umami import filter_params
from umami.errors import UmamiError, UnexpectedAnswer
from umami.period import milliseconds
from umami.view import View

T = TypeVar("T")
P = ParamSpec("P")

Method = Literal["GET", "POST", "DELETE"]
JSON = Any
"""What ``json.loads`` returns: the one place where ``Any`` is honest."""


class Freshness(Enum):
    """How long an answer may be shown before it is asked again; the cache gives the seconds."""

    NEVER = "never kept"
    LIVE = "eight seconds, then never again"
    LISTING = "a minute"
    PERIOD = "a minute while the period runs, a day once it has ended"


class Effort(IntEnum):
    """What answering costs a server: what is cheap is asked first."""

    LIGHT = 0
    """Looked up, or counted in one go."""
    MODERATE = 1
    """Grouped over a period."""
    HEAVY = 2
    """Walked through, visit by visit."""


class Access(Enum):
    """What asking does to the server."""

    READS = "reads"
    WRITES = "writes"


@dataclass(frozen=True, slots=True)
class RawQuery(Generic[T]):
    """What an endpoint's body returns: what to send, and how to read what comes back.

    ``path`` fills the route's ``{names}``; ``query`` leaves out keys whose value is ``None``;
    ``read`` turns the decoded JSON of the newest generation into a model and raises
    ``UnexpectedAnswer`` for anything else. ``until`` is the end of the period asked about.
    """

    read: Callable[[JSON], T]
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: JSON = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EndpointInfo:
    """One declared endpoint: the same facts for the client, the cache, the docs and the tests."""

    name: str
    method: Method
    route: str
    group: str
    freshness: Freshness
    effort: Effort
    access: Access
    since: str
    subject: str
    """What the endpoint offers, in the plural: ``annotations``."""
    documentation: str
    signature: inspect.Signature
    secret: bool
    filtered: bool
    """Whether a View's filters narrow the answer."""

    @property
    def repeatable(self) -> bool:
        """Whether asking twice is the same as asking once, so that a retry is safe."""
        return self.access is Access.READS

    @property
    def first_version(self) -> tuple[int, int]:
        """``since`` as numbers, to compare with a generation's."""
        major, minor = self.since.split(".")
        return int(major), int(minor)


@dataclass(frozen=True, slots=True)
class Request:
    """What goes over the wire, apart from address and identity: ``path`` follows ``/api``."""

    method: Method
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: str | None = field(default=None, repr=False)
    """JSON text; may hold a password, so it is never shown."""


@dataclass(frozen=True, slots=True)
class Query(Generic[T]):
    """One endpoint with its arguments; equal questions have equal answers at one server."""

    endpoint: EndpointInfo = field(compare=False)
    path: str
    query: tuple[tuple[str, str], ...]
    body: str | None
    """Canonical JSON text, or ``None``: hashable, and the same for equal bodies."""
    filters: tuple[tuple[str, str], ...]
    """The View's filters as parameters, in the newest spelling; they are no part of the query or
    the body, as servers differ in how they take them."""
    arguments: Mapping[str, Any] = field(compare=False, repr=False)
    read: Callable[[JSON], T] = field(compare=False, repr=False)
    until: datetime | None = field(compare=False, default=None)
    name: str = ""

    @property
    def request(self) -> Request:
        """This question in the newest generation's spelling."""
        return self.asking()

    def asking(
        self,
        filters: Iterable[tuple[str, str]] | None = None,
        **instead: str | int | None,
    ) -> Request:
        """This question with other filters or other parameters in its query.

        Filters go into the body of an analysis, else into the query; ``None`` leaves a parameter
        out.
        """
        narrowed = self.filters if filters is None else tuple(filters)
        if self.body is not None:
            body = json.loads(self.body)
            if narrowed:
                body["filters"] = dict(narrowed)
            return Request(self.endpoint.method, self.path, self.query, spelled(body))
        query: dict[str, Any] = {**dict(self.query), **dict(narrowed), **instead}
        kept = {key: one for key, one in query.items() if one is not None}
        return Request(
            self.endpoint.method,
            self.path,
            tuple(sorted((key, str(value)) for key, value in kept.items())),
        )

    @property
    def view(self) -> View | None:
        """What is looked at, where the question is about a View."""
        found = self.arguments.get("view")
        return found if isinstance(found, View) else None

    @property
    def key(self) -> str:
        """A text that is equal for equal questions in every process, and holds no secret."""
        return hashlib.sha256(self._spelled.encode()).hexdigest()

    @property
    def kin(self) -> str | None:
        """A text that is equal for questions that differ in the end of their period alone; ``None``
        for a question without."""
        if self.until is None:
            return None
        endless = self._spelled.replace(str(milliseconds(self.until)), "")
        endless = endless.replace(self.until.strftime("%Y-%m-%dT%H:%M:%S"), "")
        return hashlib.sha256(endless.encode()).hexdigest()

    @property
    def _spelled(self) -> str:
        return json.dumps([self.name, self.path, self.query, self.body, self.filters])

    @property
    def website(self) -> str | None:
        """Id of the website asked about, for permissions and for dropping what a write changed."""
        found = self.view.website if self.view else self.arguments.get("website")
        return found if isinstance(found, str) else None

    @property
    def websites(self) -> tuple[str, ...]:
        """Ids of all websites asked about; empty for a question about the account."""
        several: Iterable[str] = self.arguments.get("websites", ())
        return tuple(several) or ((self.website,) if self.website else ())


REGISTRY: dict[str, EndpointInfo] = {}
"""Every declared endpoint by name, filled as ``umami.endpoints`` is imported."""


class Endpoint(Generic[P, T]):
    """A declared endpoint: call it to make a question."""

    def __init__(self, endpoint: EndpointInfo, body: Callable[P, RawQuery[T]]) -> None:
        self.endpoint = endpoint
        self._body = body
        functools.update_wrapper(self, body)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Query[T]:
        """The question these arguments make; asks nothing. Raises ``InvalidView``."""
        bound = self.endpoint.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        asked = self._body(*args, **kwargs)
        view: View | None = bound.arguments.get("view")
        filled = {name: quote(value, safe="") for name, value in asked.path.items()}
        return Query(
            endpoint=self.endpoint,
            name=self.endpoint.name,
            path=self.endpoint.route.format(**filled),
            query=tuple(
                sorted((key, str(value)) for key, value in asked.query.items() if value is not None)
            ),
            body=None if asked.body is None else spelled(asked.body),
            filters=filter_params.filters(view)
            if view is not None and self.endpoint.filtered
            else (),
            arguments=dict(bound.arguments),
            read=_guarded(asked.read, self.endpoint.name),
            until=asked.until,
        )


def spelled(body: JSON) -> str:
    """A body as canonical JSON text: the same for equal bodies."""
    return json.dumps(body, sort_keys=True)


def _guarded(read: Callable[[JSON], T], name: str) -> Callable[[JSON], T]:
    """The reader, raising nothing but our own errors whatever it is given."""

    def guarded(answer: JSON) -> T:
        try:
            return read(answer)
        except UmamiError:
            raise
        except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError):
            raise unexpected(name) from None

    return guarded


def unexpected(name: str) -> UnexpectedAnswer:
    """The error for an answer to this endpoint that is not of its kind."""
    return UnexpectedAnswer(
        f"The server’s answer to “{name}” is not one that Umami gives.", endpoint=name
    )


def endpoint(
    method: Method,
    route: str,
    *,
    fresh: Freshness,
    effort: Effort = Effort.MODERATE,
    access: Access = Access.READS,
    since: str = "2.0",
    subject: str = "",
    secret: bool = False,
    filtered: bool = True,
) -> Callable[[Callable[P, RawQuery[T]]], Endpoint[P, T]]:
    """Declare an endpoint. ``route`` follows ``/api`` and names its parts in braces.

    ``since`` is the first Umami version that offers it, and ``subject`` what it offers, in the
    plural, for the sentence that refuses it to older servers. ``secret`` keeps its body and answer
    out of logs and cache (sign-in). ``effort`` is what answering costs the server. ``filtered``
    says whether the filters of its ``view``, where it has one, narrow the answer.
    """

    def declare(body: Callable[P, RawQuery[T]]) -> Endpoint[P, T]:
        name = body.__name__
        if name in REGISTRY:
            raise ValueError(f"endpoint {name} is declared twice")
        if not body.__doc__:
            raise ValueError(f"endpoint {name} has no documentation")
        REGISTRY[name] = EndpointInfo(
            name=name,
            method=method,
            route=route,
            group=body.__module__.rpartition(".")[2],
            freshness=fresh,
            effort=effort,
            access=access,
            since=since,
            subject=subject,
            documentation=inspect.cleandoc(body.__doc__),
            signature=inspect.signature(body),
            secret=secret,
            filtered=filtered and "view" in inspect.signature(body).parameters,
        )
        return Endpoint(REGISTRY[name], body)

    return declare
