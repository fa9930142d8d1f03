"""A connection: a transport, and what is known of the server at its other end.

Which generation the server is of is found when it is first needed, remembered, looked after every
now and then, and found again when an answer does not fit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from umami.compat.detection import Answer, Detected, detect, detect_cloud, is_unchanged
from umami.compat.dialect import Dialect
from umami.compat.generations import Generation
from umami.compat.v2 import V2
from umami.compat.v3 import V3
from umami.endpoint import Query, Request
from umami.errors import NotOffered, ServerVersionChanged, UmamiError
from umami.instrumentation import NO_INSTRUMENTATION, Instrumentation
from umami.settings import Settings
from umami.single_flight import Run, SingleFlight, again
from umami.transport import Transport

REMEMBERED: Final = 600.0
"""Seconds after which the server is recognised anew, behind an answer; a server that is upgraded
to one that speaks nearly alike is noticed by then."""


MOST_OF_DOCUMENT: Final = 128 * 2**10
"""Bytes; ``info`` of a large ``openapi.json`` ends well before."""


def dialect(generation: Generation, *, cloud: bool = False) -> Dialect:
    """How a generation is spoken with."""
    return V2(generation) if generation.major == 2 else V3(generation, cloud)


class Connection:
    """One server, as one account. Safe to use from many threads."""

    def __init__(self, settings: Settings, watch: Instrumentation = NO_INSTRUMENTATION) -> None:
        """Raises ``SettingsError`` where no server is set; asks nothing yet."""
        self.transport = Transport(settings, watch)
        self._settings = settings
        self._flights: SingleFlight[Detected] = SingleFlight()
        self._checks: SingleFlight[bool] = SingleFlight()
        self._guard = threading.Lock()
        self._missing: set[str | None] = set()
        self._known: Detected | None = None
        self._known_since = 0.0
        if settings.generation is not None:
            self._known = Detected(settings.generation)

    @property
    def known(self) -> Detected | None:
        """What the server is, where that has been found."""
        return self._known

    @property
    def forced(self) -> bool:
        """Whether settings say what the server is, so that nobody looks."""
        return self._settings.generation is not None

    def recognised(self) -> Detected:
        """What the server is; asks it where that is not known. Raises an ``UmamiError``."""
        return self._known or self._found(lambda: self._known or self._recognise())

    def look_after(self, run: Run) -> None:
        """Recognise the server anew, in another thread, where that was long ago."""
        if not self.forced and time.monotonic() - self._known_since > REMEMBERED:
            self._flights.board("server", self._recognise, run)

    def recognised_anew(self, before: Detected, problem: UmamiError) -> Detected:
        """What the server is, after an answer that did not fit what it was ``before``.

        Asks little where it still is what it was, and nothing again where an endpoint that is
        missing was looked into before. Raises an ``UmamiError``.
        """
        known = self._known
        if self.forced or (known is not None and known != before):
            return known or before
        missing = isinstance(problem, NotOffered)
        if missing and problem.endpoint in self._missing:
            return before
        if missing or not self.still(before, lambda work: work()).result():
            self._missing.add(problem.endpoint)
            return self._found(self._recognise)
        return before

    def still(self, found: Detected, run: Run) -> Future[bool]:
        """Whether the server is at this moment what it was found to be."""
        if self.forced or self._settings.cloud:
            settled: Future[bool] = Future()
            settled.set_result(True)
            return settled
        return self._checks.board(str(found), lambda: self._still(found), run)

    def speaks(self, found: Detected) -> Dialect:
        """How the server is spoken with."""
        return dialect(found.generation, cloud=self._settings.cloud)

    def require(self, still: bool, question: Query[Any]) -> None:
        """Raise ``Changed`` where an answer came from another generation than was asked."""
        if not still:
            raise ServerVersionChanged(
                "The server was changed while it was asked.", endpoint=question.name
            )

    def _still(self, found: Detected) -> bool:
        return is_unchanged(self._probe, found)

    def _found(self, find: Callable[[], Detected]) -> Detected:
        flight = self._flights.board("server", find, lambda work: work())
        problem = flight.exception()
        if problem is not None:
            raise again(problem) if isinstance(problem, UmamiError) else problem
        return flight.result()

    def _recognise(self) -> Detected:
        if self._settings.cloud:
            found = detect_cloud(self._signed)
        else:
            found = detect(self._probe, self._document, self._settings.address)
        with self._guard:
            if self._known is None or self._known.generation != found.generation:
                self._missing.clear()
            self._known, self._known_since = found, time.monotonic()
        return found

    def _probe(self, request: Request) -> Answer:
        return Answer(*self.transport.probe(request))

    def _document(self, path: str) -> bytes:
        return self.transport.beginning(path, MOST_OF_DOCUMENT)

    def _signed(self, request: Request) -> Answer:
        return Answer(*self.transport.probe(request, signed=True))
