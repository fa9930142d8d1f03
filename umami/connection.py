"""A connection: a transport, and the detected version of the server at its other end.

The version is detected when it is first needed, remembered, detected again in the background from
time to time, and detected again when an answer does not fit it.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from umami.compat.detection import Answer, Detected, detect, detect_cloud, is_unchanged
from umami.compat.dialect import Dialect
from umami.compat.generations import Generation
from umami.compat.v2 import V2
from umami.compat.v3 import V3
from umami.endpoint import Request
from umami.errors import NotOffered, UmamiError
from umami.instrumentation import NO_INSTRUMENTATION, Instrumentation
from umami.settings import Settings
from umami.single_flight import Run, SingleFlight
from umami.transport import Transport

REFRESH_AFTER: Final = 600.0
"""Seconds after which the version is detected again in the background; this notices an upgrade
between versions that answer alike."""
MOST_OF_DOCUMENT: Final = 128 * 2**10
"""Bytes; ``info`` of a large ``openapi.json`` ends well before."""
CLOUD_PAGES: Final = "https://cloud.umami.is"


@dataclass(frozen=True, slots=True)
class Server:
    """A server: its address without credentials, and its name in the interface.

    ``generation`` and ``version`` (where the server reports it) are known after a first query.
    """

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


def dialect(generation: Generation, *, cloud: bool = False) -> Dialect:
    """The dialect of a generation."""
    return V2(generation) if generation.major == 2 else V3(generation, cloud)


class Connection:
    """A connection to one server, as one account. Safe to use from many threads."""

    def __init__(self, settings: Settings, watch: Instrumentation = NO_INSTRUMENTATION) -> None:
        """Raises ``SettingsError`` where no server is set; sends nothing."""
        self.transport = Transport(settings, watch)
        self._settings = settings
        self._detections: SingleFlight[Detected] = SingleFlight()
        self._checks: SingleFlight[bool] = SingleFlight()
        self._guard = threading.Lock()
        self._missing: set[str | None] = set()
        self._forced = settings.generation is not None
        """Whether the settings name the generation, so that nothing is detected."""
        self.known = None if settings.generation is None else Detected(settings.generation)
        """The detected version, if any."""
        self._known_since = 0.0

    def detected(self) -> Detected:
        """The version; detects it where it is not known. Raises an ``UmamiError``."""
        return self.known or self._detections.result("server", lambda: self.known or self._detect())

    def refresh(self, run: Run) -> None:
        """Detect the version again, in another thread, where the last detection was long ago."""
        if not self._forced and time.monotonic() - self._known_since > REFRESH_AFTER:
            self._detections.submit("server", self._detect, run)

    def detect_again(self, before: Detected, problem: UmamiError) -> Detected:
        """The version, after an answer that did not fit ``before``.

        Sends little where the version is unchanged, and nothing where the same missing endpoint has
        led to a detection before. Raises an ``UmamiError``.
        """
        known = self.known
        if self._forced or (known is not None and known != before):
            return known or before
        missing = isinstance(problem, NotOffered)
        if missing and problem.endpoint in self._missing:
            return before
        if missing or not self.unchanged(before, lambda check: check()).result():
            self._missing.add(problem.endpoint)
            return self._detections.result("server", self._detect)
        return before

    def unchanged(self, detected: Detected, run: Run) -> Future[bool]:
        """Whether the server still has the detected version."""
        if self._forced or self._settings.cloud:
            unchanged: Future[bool] = Future()
            unchanged.set_result(True)
            return unchanged
        return self._checks.submit(str(detected), lambda: is_unchanged(self._probe, detected), run)

    def dialect(self, detected: Detected) -> Dialect:
        """The dialect for a detected version."""
        return dialect(detected.generation, cloud=self._settings.cloud)

    def _detect(self) -> Detected:
        if self._settings.cloud:
            detected = detect_cloud(self._signed_probe)
        else:
            detected = detect(self._probe, self._document, self._settings.address)
        with self._guard:
            if self.known is None or self.known.generation != detected.generation:
                self._missing.clear()
            self.known, self._known_since = detected, time.monotonic()
        return detected

    def _probe(self, request: Request) -> Answer:
        return Answer(*self.transport.probe(request))

    def _signed_probe(self, request: Request) -> Answer:
        return Answer(*self.transport.probe(request, signed=True))

    def _document(self, path: str) -> bytes:
        return self.transport.beginning(path, MOST_OF_DOCUMENT)
