"""Whether viewers can be let in: one word, soon."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from umami.flights import Flights

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
    _flights: Flights[str] = field(default_factory=Flights, repr=False)

    def missing(self) -> str:
        """The word of what is missing; empty where nothing is. Takes no longer than ``patience``.

        Why it is missing is in the log, and on the page; what is said here could be read by many.
        """
        flight = self._flights.board("readiness", self._first, _apart)
        try:
            return flight.result(self.patience)
        except TimeoutError:
            return self._at

    def _first(self) -> str:
        for word, check in self.checks.items():
            self._at = word
            try:
                check()
            except Exception:
                return word
        return ""


def _apart(work: Callable[[], None]) -> None:
    """In a thread that need not have ended when the process does."""
    threading.Thread(target=work, name="readiness", daemon=True).start()
