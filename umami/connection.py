"""A connection: a transport, and the detected version of the server at its other end. The version
is detected when it is first needed, remembered, detected again in the background from time to time,
and detected again when an answer does not fit it."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

from umami.compat.detection import Answer, Detected, detect, detect_cloud, is_unchanged
from umami.compat.dialect import Dialect
from umami.compat.generations import Generation
from umami.compat.v2 import V2
from umami.compat.v3 import V3
from umami.endpoint import Request
from umami.errors import NotOffered, UmamiError
from umami.instrumentation import Instrumentation
from umami.scheduling import SingleFlight, Steps
from umami.settings import Settings
from umami.transport import Transport

Run = Callable[[Callable[[], Any]], Future[Any]]
"""Calls a function in another thread."""

REFRESH_AFTER: Final = 600.0
"""Seconds after which the version is detected again in the background; this notices an upgrade
between versions that answer alike."""
MOST_OF_DOCUMENT: Final = 128 * 2**10
"""Bytes; ``info`` of a large ``openapi.json`` ends well before."""
CLOUD_PAGES: Final = "https://cloud.umami.is"


@dataclass(frozen=True, slots=True)
class Server:
    """A server: its address without credentials, and its name in the interface. ``generation`` and
    ``version`` (where the server reports it) are known after a first query."""

    address: str
    label: str
    demo: bool
    generation: Generation | None = None
    version: str | None = None
    cloud: bool = False

    @property
    def pages(self) -> str:
        """The address of Umami's own pages: its tracker, its share links."""
        return CLOUD_PAGES if self.cloud else self.address


@cache
def dialect(generation: Generation, *, cloud: bool = False, extended: bool = False) -> Dialect:
    return V2(generation) if generation.major == 2 else V3(generation, cloud, extended)


class Connection:
    """A connection to one server, as one account. Safe to use from many threads."""

    def __init__(self, settings: Settings, watch: Instrumentation | None = None) -> None:
        """Raises ``SettingsError`` where no server is set; sends nothing."""
        self.transport = Transport(settings, watch)
        self._address = settings.address
        self._cloud = settings.cloud
        self._detections: SingleFlight[Detected] = SingleFlight()
        self._checks: SingleFlight[bool] = SingleFlight()
        self._guard = threading.Lock()
        self._missing: set[str | None] = set()
        self._forced = settings.generation is not None
        """Whether the settings name the generation, so that nothing is detected."""
        self.known = None if settings.generation is None else Detected(settings.generation)
        """The detected version, if any."""
        self.refresh_at = float("inf")
        """When to detect the version again, in the background (monotonic seconds)."""

    def detection(self, run: Run, *, anew: bool = False) -> Future[Detected]:
        """The version; detects it where it is not known or ``anew``, once for all callers."""

        def detect() -> Detected:
            # Another detection may have ended just before this one began.
            return self._detect() if anew or self.known is None else self.known

        return self._detections.submit("server", lambda _: run(detect))

    def detect_again(self, before: Detected, problem: UmamiError, run: Run) -> Steps[Detected]:
        """The version, after an answer that did not fit ``before``. Sends little where the version
        is unchanged, and nothing where the same missing endpoint has led to a detection before."""
        if self._forced or (self.known is not None and self.known != before):
            return self.known or before
        missing = isinstance(problem, NotOffered)
        if missing and problem.endpoint in self._missing:
            return before
        if not missing:
            (unchanged,) = yield [self.unchanged(before, run)]
            if unchanged:
                return before
        self._missing.add(problem.endpoint)
        detected: Detected = (yield [self.detection(run, anew=True)])[0]
        return detected

    def unchanged(self, detected: Detected, run: Run) -> Future[bool]:
        """Whether the server still has the detected version."""
        if self._forced or self._cloud:
            unchanged: Future[bool] = Future()
            unchanged.set_result(True)
            return unchanged
        check = partial(is_unchanged, self._probe, detected)
        return self._checks.submit(str(detected), lambda _: run(check))

    def _detect(self) -> Detected:
        if self._cloud:
            detected = detect_cloud(partial(self._probe, signed=True))
        else:
            document = partial(self.transport.beginning, most=MOST_OF_DOCUMENT)
            detected = detect(self._probe, document, self._address)
        with self._guard:
            if self.known is None or self.known.generation != detected.generation:
                self._missing.clear()
            self.known, self.refresh_at = detected, time.monotonic() + REFRESH_AFTER
        return detected

    def _probe(self, request: Request, *, signed: bool = False) -> Answer:
        return Answer(*self.transport.probe(request, signed=signed))
