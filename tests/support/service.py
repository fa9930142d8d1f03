"""A program in its own process that can be killed and restarted at the same address."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

START = 600.0
"""Seconds a program may take to answer: it may have a million events to load."""
LOOK = 0.01


@dataclass(slots=True)
class Service:
    """``answers`` returns whether the program answers."""

    command: Sequence[str]
    answers: Callable[[], bool]
    silent: bool = False
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> float:
        """Start it and wait until it answers; the seconds that took."""
        begun = time.perf_counter()
        out = subprocess.DEVNULL if self.silent else None
        self._process = subprocess.Popen(self.command, stdout=out, stderr=out)
        while not self.answers():
            assert self._process.poll() is None, f"{self.command[0]} ended"
            assert time.perf_counter() - begun < START, f"{self.command[0]} does not answer"
            time.sleep(LOOK)
        return time.perf_counter() - begun

    def kill(self) -> None:
        """Kill it, as a crash does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Terminate it. May be called twice."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)

    def __enter__(self) -> Service:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
