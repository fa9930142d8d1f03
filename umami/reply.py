"""Pending answers of the client."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import datetime
from typing import TypeVar

from umami.errors import UmamiError
from umami.fair_lock import released

T = TypeVar("T")


class Reply(Future[T]):
    """A pending or available answer. Waiting for it releases the render lock."""

    answered_at: datetime | None = None
    """When the server gave the answer (aware, UTC); set once the reply is done."""
    stale: bool = False
    """Whether the answer is older than it should be, and a newer one is on its way."""
    problem: UmamiError | None = None
    """Why the answer is an old one, where the server failed to give a newer one."""

    def result(self, timeout: float | None = None) -> T:
        """Wait for the answer and return it. Raises an ``UmamiError``."""
        if self.done():
            return super().result()
        with released():
            return super().result(timeout)
