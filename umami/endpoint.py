"""Declare endpoints of the Umami API, and make queries of them.

A decorated function declares an endpoint. Its parameters are those of the query, its body returns
what to send in the newest generation's form and how to parse the answer, and its docstring is the
documentation. Calling it sends nothing: it returns a typed, hashable ``Query``, which a client
answers. The client, the cache, ``docs/api.md`` and the contract tests derive from the registry of
all declarations.
"""

import functools
import hashlib
import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum
from types import NoneType
from typing import Annotated, Any, Final, Generic, Literal, ParamSpec, TypeVar

from pydantic import BeforeValidator, TypeAdapter
from pydantic_core import from_json

from umami.errors import UmamiError, UnexpectedAnswer
from umami.normal_forms import uuid_of
from umami.period import Period, milliseconds
from umami.texts import Message
from umami.view import View

T = TypeVar("T")
P = ParamSpec("P")

Method = Literal["GET", "POST", "DELETE"]
EXTENSIONS: Final = "/x"
"""Begins the routes of what only an embedded server answers."""
LONGEST_PARAMS: Final = 65_536
"""Longest parameters of a URL in characters, once they are encoded; httpx sends no longer ones."""
JSON = Any
"""What ``json.loads`` returns."""
MALFORMED: Final = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError),
)
"""What reading an answer raises that does not have the expected form."""


class Freshness(Enum):
    """How long an answer is shown before it is requested again; the cache defines the seconds."""

    NEVER = "never kept"
    LIVE = "eight seconds, then never again"
    LISTING = "a minute"
    PERIOD = "a minute while the period runs, a day once it has ended"


class Effort(IntEnum):
    """What an answer costs the server; the client sends cheap queries first."""

    LIGHT = 0
    """A lookup, or one count."""
    MODERATE = 1
    """Groups over a period."""
    HEAVY = 2
    """A scan of every visit."""


class Access(Enum):
    """Whether a query changes anything on the server."""

    READS = "reads"
    WRITES = "writes"


@dataclass(frozen=True, slots=True)
class RawQuery(Generic[T]):
    """What a declaration's body returns: what to send besides ids and range. Parameters in
    ``query`` whose value is ``None`` are left out. ``read`` parses the decoded JSON of the newest
    generation; without it, the type in the declaration's annotation does."""

    query: Mapping[str, Any] = field(default_factory=dict)
    body: JSON = None
    read: Callable[[JSON], T] | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request without address and credentials; ``path`` follows ``/api``."""

    method: Method
    path: str
    params: tuple[tuple[str, str], ...] = ()
    body: str | None = field(default=None, repr=False)
    """JSON text. It may contain a password, so ``repr`` does not show it."""


@dataclass(frozen=True, slots=True)
class Query(Generic[T]):
    """An endpoint with its arguments; at one server, equal queries have equal answers."""

    endpoint: "Endpoint[..., T]" = field(compare=False)
    path: str
    params: tuple[tuple[str, str], ...]
    body: str | None
    """Canonical JSON text or ``None``: hashable, and equal for equal bodies."""
    filters: tuple[tuple[str, str], ...]
    """The View's filters as parameters of the newest generation. They are separate from the
    parameters and the body, as generations differ in how they take filters."""
    arguments: Mapping[str, Any] = field(compare=False, repr=False)
    read: Callable[[JSON], T] = field(compare=False, repr=False)
    until: datetime | None = field(compare=False, default=None)
    name: str = ""
    whole_visits: bool = False
    """Whether the filters keep whole visits, where the server can."""

    def decode(self, body: bytes) -> JSON:
        """The JSON of an answer. Raises ``UnexpectedAnswer``."""
        try:
            return from_json(body, allow_inf_nan=False)
        except ValueError:
            page = body.lstrip()[:1] == b"<"
        what = "with a web page" if page else "no JSON" if body else "with nothing"
        raise UnexpectedAnswer(
            Message("The server answered “{name}” {what}.", name=self.name, what=what),
            endpoint=self.name,
        )

    @property
    def request(self) -> Request:
        """The request for the newest generation."""
        return self.to_request()

    def to_request(
        self, filters: Iterable[tuple[str, str]] | None = None, /, **overrides: str | int | None
    ) -> Request:
        """The request with other filters or parameters; ``None`` leaves out a parameter. Filters go
        into the body of an analysis, and into the parameters of everything else."""
        applied = dict(self.filters if filters is None else filters)
        if self.body is not None:
            body = json.loads(self.body)
            if applied:
                body["filters"] = applied
            return Request(self.endpoint.method, self.path, self.params, canonical_json(body))
        params: dict[str, Any] = {**dict(self.params), **applied, **overrides}
        return Request(self.endpoint.method, self.path, _sorted_params(params))

    @property
    def view(self) -> View | None:
        """The View that the query is about, if any."""
        view = self.arguments.get("view")
        return view if isinstance(view, View) else None

    @property
    def key(self) -> str:
        """A digest that is equal for equal queries in every process."""
        return hashlib.sha256(self._text.encode()).hexdigest()

    @property
    def kin(self) -> str | None:
        """A digest that is equal for queries that differ only in the end of their period; ``None``
        for a query without a period."""
        if self.until is None:
            return None
        text = self._text.replace(str(milliseconds(self.until)), "")
        text = text.replace(self.until.strftime("%Y-%m-%dT%H:%M:%S"), "")
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def _text(self) -> str:
        path = f"visits {self.path}" if self.whole_visits else self.path
        return json.dumps([self.name, path, self.params, self.body, self.filters])

    @property
    def website(self) -> str | None:
        """Id of the requested website, for permissions and for what a write makes obsolete."""
        website = self.view.website if self.view else self.arguments.get("website")
        return website if isinstance(website, str) else None

    @property
    def websites(self) -> tuple[str, ...]:
        """Ids of all requested websites; empty for a query about the account."""
        websites: Iterable[str] = self.arguments.get("websites", ())
        return tuple(websites) or ((self.website,) if self.website else ())


@dataclass(frozen=True)
class Endpoint(Generic[P, T]):
    """A declared endpoint; calling it makes a query."""

    body: Callable[P, RawQuery[T]]
    method: Method
    route: str
    freshness: Freshness
    effort: Effort
    access: Access
    since: str
    subject: str
    """What the endpoint returns, in the plural: ``annotations``."""
    secret: bool
    filtered: bool
    """Whether a View's filters apply to the answer."""

    @property
    def name(self) -> str:
        return self.body.__name__

    @property
    def extension(self) -> bool:
        """Whether only embedded servers have the endpoint."""
        return self.route.startswith(f"{EXTENSIONS}/")

    @property
    def group(self) -> str:
        """The name of the module that declares it."""
        return self.body.__module__.rpartition(".")[2]

    @functools.cached_property
    def signature(self) -> inspect.Signature:
        """The parameters of its queries."""
        return inspect.signature(self.body, eval_str=True)

    @property
    def repeatable(self) -> bool:
        """Whether a request can be sent twice without harm, so that it may be retried."""
        return self.access is Access.READS

    @property
    def first_version(self) -> tuple[int, int]:
        """``since`` as numbers, to compare with the value of a generation."""
        major, minor = self.since.split(".")
        return int(major), int(minor)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Query[T]:
        """The query with these arguments; sends nothing. Raises ``InvalidView``."""
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = dict(bound.arguments)
        raw = self.body(*args, **kwargs)
        view: View | None = arguments.get("view")
        period: Period | None = view.period if view else arguments.get("period")
        query = raw.query
        if period and self.method == "GET":
            query = {"startAt": period.start_at, "endAt": period.end_at, **query}
        named = {"website": view.website, **arguments} if view else arguments
        ids = {name: uuid_of(named[name], name) for name in re.findall(r"{(\w+)}", self.route)}
        context = {**arguments, "period": period, "ids": ids}

        filters = view.filter_params() if view and self.filtered else ()

        def read(answer: JSON) -> T:
            try:
                return raw.read(answer) if raw.read else self._parse(answer, context)
            except UmamiError as problem:
                problem.endpoint = problem.endpoint or self.name
                raise
            except MALFORMED:
                raise unexpected(self.name) from None

        return Query(
            endpoint=self,
            name=self.name,
            path=self.route.format(**ids),
            params=_sorted_params(query),
            body=None if raw.body is None else canonical_json(raw.body),
            filters=filters,
            whole_visits=bool(filters and view and view.whole_visits and not view.filters_visits),
            arguments=arguments,
            read=read,
            until=period.end if period else None,
        )

    @functools.cached_property
    def _parse(self) -> Callable[[JSON, Mapping[str, Any]], T]:
        """The parser of the annotated type: its ``read``, which receives those of the arguments
        (and the period) that it names, or else Pydantic."""
        (kind,) = self.signature.return_annotation.__args__
        read = getattr(kind, "read", None)
        if read is None:
            adapter: TypeAdapter[Any] = TypeAdapter(_DONE if kind is NoneType else kind)
            return lambda answer, context: adapter.validate_python(answer, context=dict(context))
        names = inspect.signature(read).parameters
        return lambda answer, context: read(
            answer, **{name: value for name, value in context.items() if name in names}
        )


REGISTRY: dict[str, Endpoint[..., Any]] = {}
"""Every declared endpoint by name; the import of ``umami.api`` fills it."""


def _sorted_params(params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, str(value)) for key, value in params.items() if value is not None))


def canonical_json(body: JSON) -> str:
    """A body as JSON text that is equal for equal bodies."""
    return json.dumps(body, sort_keys=True)


def _done(answer: JSON) -> None:
    """Accept ``{"ok": true}``, or any other JSON object."""
    if not isinstance(answer, dict):
        raise ValueError("no object")


_DONE = Annotated[None, BeforeValidator(_done)]


def unexpected(name: str) -> UnexpectedAnswer:
    """The error for an answer that does not have the format of this endpoint."""
    return UnexpectedAnswer(
        Message("The server’s answer to “{name}” is not one that Umami gives.", name=name),
        endpoint=name,
    )


def endpoint(
    method: Method,
    route: str,
    *,
    fresh: Freshness = Freshness.PERIOD,
    effort: Effort = Effort.MODERATE,
    access: Access = Access.READS,
    since: str = "2.0",
    subject: str = "",
    secret: bool = False,
    filtered: bool = True,
) -> Callable[[Callable[P, RawQuery[T]]], Endpoint[P, T]]:
    """Declare an endpoint.

    ``route`` follows ``/api`` and contains its parameters in braces: ids, which are arguments or
    that of the View's website. A GET with a ``view`` or ``period`` sends its range. ``since`` is
    the first Umami version that has the endpoint; ``subject`` is what it returns, in the plural,
    for the sentence that refuses it for older servers. ``secret`` keeps its body and answer out of
    logs and cache (sign-in). ``filtered`` says whether the filters of its ``view``, if any, apply
    to the answer.
    """

    def declare(body: Callable[P, RawQuery[T]]) -> Endpoint[P, T]:
        name = body.__name__
        if name in REGISTRY:
            raise ValueError(f"endpoint {name} is declared twice")
        if not body.__doc__:
            raise ValueError(f"endpoint {name} has no documentation")
        takes_view = "view" in inspect.signature(body).parameters
        REGISTRY[name] = declared = Endpoint(
            body,
            method,
            route,
            fresh,
            effort,
            access,
            since,
            subject,
            secret,
            filtered and takes_view,
        )
        return declared

    return declare


get = functools.partial(endpoint, "GET")
"""Declare an endpoint that reads figures of a period."""
listing = functools.partial(endpoint, "GET", fresh=Freshness.LISTING, effort=Effort.LIGHT)
"""Declare an endpoint that reads objects: websites, reports, teams."""
write = functools.partial(endpoint, fresh=Freshness.NEVER, access=Access.WRITES)
"""Declare an endpoint that changes something on the server."""
