"""Waiting for conditions."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(true: Callable[[], object], within: float = 60.0) -> None:
    """Return once the condition is true; fail after ``within`` seconds."""
    until = time.monotonic() + within
    while not true():
        assert time.monotonic() < until, "it did not become true"
        time.sleep(0.005)
