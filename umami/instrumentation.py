"""Hooks that report how often and how long the client works, and with what outcome. They never
receive a website, a viewer or a value of a query."""

from typing import Literal, Protocol

from umami.errors import UmamiError

How = Literal["fresh", "stale", "shared", "asked"]
"""Where an answer comes from: a fresh cache entry; a stale one; a request in progress for another
caller; a new request."""


class Instrumentation(Protocol):
    """Receives what the client does, from many threads; its methods must be fast."""

    def answered(self, endpoint: str, problem: UmamiError | None, seconds: float) -> None:
        """A request was answered, or failed with an error."""

    def looked_up(self, endpoint: str, how: How) -> None:
        """A query was looked up in the cache."""

    def waited(self, seconds: float) -> None:
        """A request waited for its turn."""
