"""Waiting for something to become true, and no longer than that."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(true: Callable[[], object], within: float = 60.0) -> None:
    """Return once it is true; fail after so many seconds."""
    until = time.monotonic() + within
    while not true():
        assert time.monotonic() < until, "it did not become true"
        time.sleep(0.005)
