"""The client: answers questions, from the cache or from the server, whatever its generation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import ModuleType, TracebackType
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from umami import v2
from umami.cache import Cache, lifetime
from umami.endpoints import account, websites
from umami.errors import SettingsError, UmamiError, Unauthorised
from umami.question import Access, Question, Request, unexpected
from umami.settings import Settings, read
from umami.transport import Identity, Key, Token, Transport, decoded

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Server:
    """What can be said of the server that is looked at."""

    address: str
    """Scheme, host and sub-path; no credentials."""
    label: str
    demo: bool = False


class Client:
    """Asks one server as one account. Thread-safe; close it, or use it as a context manager."""

    def __init__(
        self,
        transport: Transport,
        identity: Identity,
        server: Server,
        *,
        cache: Cache | None = None,
        connections: int = 16,
        shared: Callable[[], str] | None = None,
    ) -> None:
        self.server = server
        self._transport = transport
        self._identity = identity
        self._cache = cache or Cache()
        self._asking = ThreadPoolExecutor(max(connections * 2, 32), thread_name_prefix="ask")
        self._shared = shared
        # The one place that knows which generation is asked.
        self._dialect: ModuleType = v2

    def ask(self, question: Question[T]) -> T:
        """The answer, waiting for it. Raises ``UmamiError``."""
        life = lifetime(question)
        if life is None:
            body = self._fetch(question)
            if question.endpoint.access is Access.WRITES:
                self._cache.clear()
        else:
            body = self._cache.answer(self._key(question), life, lambda: self._fetch(question)).body
        return self._read(question, body)

    def submit(self, question: Question[T]) -> Future[T]:
        """Ask without waiting: done already where a fresh answer is kept."""
        life = lifetime(question)
        ready: Future[T] = Future()
        try:
            kept = self._cache.fresh(self._key(question), life) if life else None
            if kept is None:
                return self._asking.submit(self.ask, question)
            ready.set_result(self._read(question, kept.body))
        except UmamiError as problem:
            ready.set_exception(problem)
        return ready

    def ask_all(self, *questions: Question[T]) -> list[Future[T]]:
        """Ask several questions at once; each future holds its answer or its ``UmamiError``."""
        return [self.submit(question) for question in questions]

    def ignores_filters(self, question: Question[Any]) -> bool:
        """Whether this server would answer the question as if its View had no filters."""
        found: bool = self._dialect.ignores_filters(question)
        return found

    def forget(self) -> None:
        """Drop every kept answer, so that the next questions are asked anew."""
        self._cache.clear()

    def close(self) -> None:
        """Give connections and threads up."""
        self._asking.shutdown(cancel_futures=True)
        self._cache.close()
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _key(self, question: Question[Any]) -> str:
        return f"{self._transport.api} {self._identity.account} {question.key}"

    def _read(self, question: Question[T], body: bytes) -> T:
        name = question.name
        answer = decoded(body, name)
        try:
            answer = self._dialect.read(question, answer)
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
            raise unexpected(name) from None
        return question.read(answer)

    def _fetch(self, question: Question[Any]) -> bytes:
        if self._shared is not None and question.name == websites.websites.endpoint.name:
            return self._shared_website()
        request: Request = self._dialect.spell(question)
        endpoint = question.endpoint
        headers = self._identity.headers()
        try:
            return self._send(request, headers, endpoint.name, endpoint.repeatable)
        except Unauthorised:
            if not self._identity.renew(headers):
                raise
        return self._send(request, self._identity.headers(), endpoint.name, endpoint.repeatable)

    def _send(
        self, request: Request, headers: dict[str, str], name: str, repeatable: bool
    ) -> bytes:
        body = self._transport.send(request, headers, endpoint=name, repeatable=repeatable)
        # What is no JSON must not be kept as an answer.
        decoded(body, name)
        return body

    def _shared_website(self) -> bytes:
        """The list of the one website a share link opens: servers fail at listing with one."""
        assert self._shared is not None
        self._identity.headers()
        found = json.loads(self._fetch(websites.website(self._shared())))
        rows = [found] if found else []
        return json.dumps({"data": rows, "count": len(rows), "page": 1, "pageSize": 1}).encode()


def connect(
    settings: Settings | None = None,
    *,
    cache: Cache | None = None,
    label: str = "Umami",
    demo: bool = False,
) -> Client:
    """A client of the server that the settings name, by default this process's; nothing is asked.

    Raises ``SettingsError`` for settings that mean the embedded server, which start-up code must
    have started and filled in before; it also gives the ``label`` and says if it is a ``demo``.
    """
    settings = settings or read()
    if settings.api is None:
        raise SettingsError("No server is set, and no embedded one was started.")
    transport = Transport(settings.api, timeout=settings.timeout, connections=settings.connections)
    identity, shared = _identity(settings, transport)
    parts = urlsplit(settings.api)
    address = f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix('/api')}"
    return Client(
        transport,
        identity,
        Server(address, "Umami Cloud" if settings.cloud else label, demo),
        cache=cache,
        connections=settings.connections,
        shared=shared,
    )


def _identity(
    settings: Settings, transport: Transport
) -> tuple[Identity, Callable[[], str] | None]:
    if settings.api_key is not None:
        return Key(settings.api_key, f"key {_digest(settings.api_key)}", cloud=settings.cloud), None
    if settings.share is not None:
        return _by_share(settings.share, transport)
    if settings.username is not None and settings.password is not None:
        question = account.login(settings.username, settings.password)

        def sign_in() -> dict[str, str]:
            body = transport.send(question.request, {}, endpoint=question.name, repeatable=True)
            token = question.read(decoded(body, question.name)).token
            return {"authorization": f"Bearer {token}"}

        return Token(f"user {settings.username}", sign_in), None
    return Identity(), None


def _by_share(share: str, transport: Transport) -> tuple[Identity, Callable[[], str]]:
    opened: dict[str, str] = {}

    def open_link() -> dict[str, str]:
        request = Request("GET", f"/share/{quote(share, safe='')}")
        found = decoded(transport.send(request, {}, endpoint="share", repeatable=True), "share")
        if not isinstance(found, dict) or not all(
            isinstance(found.get(name), str) for name in ("token", "websiteId")
        ):
            raise unexpected("share")
        opened["website"] = found["websiteId"]
        # Servers from 3.1 on want a second header beside the token; its text does not matter.
        return {"x-umami-share-token": found["token"], "x-umami-share-context": "1"}

    return Token(f"share {_digest(share)}", open_link), lambda: opened["website"]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:16]
