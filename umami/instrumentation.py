"""Hooks that report how often and how long the client works, and with what outcome. They never
receive a website, a viewer or a value of a query."""

from __future__ import annotations

import re
from typing import Final, Literal

from umami.errors import UmamiError

How = Literal["fresh", "stale", "shared", "asked"]
"""Where an answer comes from: a fresh cache entry; a stale one; a request in progress for another
caller; a new request."""


class Instrumentation:
    """Receives what the client does, from many threads; the base class ignores it.

    Overrides must be fast.
    """

    def answered(self, endpoint: str, outcome: str, seconds: float) -> None:
        """A request was answered or failed; ``outcome`` is ``"ok"`` or the kind of error."""

    def looked_up(self, endpoint: str, how: How) -> None:
        """A query was looked up in the cache."""

    def waited(self, seconds: float) -> None:
        """A query waited for its turn."""


NO_INSTRUMENTATION: Final = Instrumentation()


def outcome(problem: UmamiError | None) -> str:
    """The outcome of a request in words: ``ok``, ``timed out``, ``server fault`` …"""
    if problem is None:
        return "ok"
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(problem).__name__).lower()
