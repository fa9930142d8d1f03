"""Something that is asked for answers, and counts how often."""

from __future__ import annotations

import threading


class Source:
    """Counts how often it is asked; answers with the count, or fails; slowly, where told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.problem: Exception | None = None
        self.let = threading.Event()
        self.let.set()

    def __call__(self) -> bytes:
        self.asked += 1
        mine = self.asked
        assert self.let.wait(20)
        if self.problem is not None:
            raise self.problem
        return b"%d" % mine
