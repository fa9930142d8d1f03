"""Who watches the client at work: how often, how long, with what outcome. Nothing here names a
website, a viewer or a value that was asked about."""

from __future__ import annotations

import re
from typing import Final, Literal, Protocol

from umami.errors import UmamiError

How = Literal["fresh", "stale", "shared", "asked"]
"""Where an answer was found: kept and fresh; kept and older than it should be; on its way already
for somebody else; nowhere, so that the server was asked."""


class Instrumentation(Protocol):
    """Told what the client does; from many threads, and briefly."""

    def answered(self, endpoint: str, outcome: str, seconds: float) -> None:
        """A request went to the server and came back: ``"ok"``, or the kind of error."""
        ...

    def found(self, endpoint: str, how: How) -> None:
        """A question was asked of the client, and its answer found like this."""
        ...

    def waited(self, seconds: float) -> None:
        """A question had to wait so long for its turn."""
        ...


class _Nobody:
    def answered(self, endpoint: str, outcome: str, seconds: float) -> None:
        """Say nothing."""

    def found(self, endpoint: str, how: How) -> None:
        """Say nothing."""

    def waited(self, seconds: float) -> None:
        """Say nothing."""


NO_INSTRUMENTATION: Final[Instrumentation] = _Nobody()


def outcome(problem: UmamiError | None) -> str:
    """What became of a request, in a word: ``ok``, ``timed out``, ``server fault`` …"""
    if problem is None:
        return "ok"
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(problem).__name__).lower()
