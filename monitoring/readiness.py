"""Whether viewers can be let in: one word, soon."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from umami.errors import UmamiError
from umami.single_flight import SingleFlight

_LOG: Final = logging.getLogger(__name__)
PATIENCE: Final = 2.0
"""Seconds after which whoever asks is told where the checks are still at."""


@dataclass(slots=True)
class Readiness:
    """What must be true before viewers are let in: checks by the word that says what is missing.

    They are made in their order, in a thread of their own, and raise where they fail. However
    many ask and however long it takes, they are made once at a time.
    """

    checks: Mapping[str, Callable[[], object]]
    patience: float = PATIENCE
    _at: str = ""
    _said: str = "ready"
    _flights: SingleFlight[str] = field(default_factory=SingleFlight, repr=False)

    def missing(self) -> str:
        """The word of what is missing; empty where nothing is. Takes no longer than ``patience``.

        Why it is missing is in the log, once: the word could be read by many.
        """
        flight = self._flights.submit("readiness", self._first, _apart)
        try:
            return flight.result(self.patience)
        except TimeoutError:
            return self._at

    def _first(self) -> str:
        for word, check in self.checks.items():
            self._at = word
            try:
                check()
            except Exception as problem:
                self._log(f"not ready, {word}: {_reason(problem)}")
                return word
        self._log("ready")
        return ""

    def _log(self, sentence: str) -> None:
        if sentence != self._said:
            self._said = sentence
            _LOG.warning("The dashboard is %s", sentence)


def _reason(problem: Exception) -> str:
    """Our own sentences hold no secret; what others say may."""
    return str(problem) if isinstance(problem, UmamiError) else f"{type(problem).__name__}."


def _apart(work: Callable[[], None]) -> None:
    """In a thread that need not have ended when the process does."""
    threading.Thread(target=work, name="readiness", daemon=True).start()
