"""Failed attempts, counted where a restart does not forget them, each with a longer wait.

Nobody is locked out for ever, and nobody by somebody else for long: what makes one wait is above
all what came from the same address for the same name.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from people.store import ATTEMPTS, digest

FORGOTTEN: Final = 24 * 3600.0
"""Seconds after which a failure counts no more."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How many failures are free, and the longest wait (seconds) once the waits have doubled."""

    free: int
    longest: float

    def wait(self, failures: int) -> float:
        """Seconds between the last failure and the next attempt."""
        beyond = failures - self.free
        return min(self.longest, math.ldexp(1.0, min(beyond, 20))) if beyond > 0 else 0.0


PAIR: Final = Patience(3, 900)
"""One name from one address."""
ADDRESS: Final = Patience(30, 900)
"""Any names from one address."""
NAME: Final = Patience(50, 30)
"""One name from anywhere: slows many machines down, and locks out nobody for long."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """The failures in a store. ``clock`` gives seconds since the epoch."""

    engine: Engine
    clock: Callable[[], float] = field(default=time.time)

    def wait(self, name: str, address: str | None) -> float:
        """Seconds to wait before this attempt may be made; ``0`` where it may be made now."""
        now = self.clock()
        kinds = _kinds(name, address)
        query = select(ATTEMPTS.c.about, ATTEMPTS.c.failures, ATTEMPTS.c.last).where(
            ATTEMPTS.c.about.in_(kinds), ATTEMPTS.c.last > now - FORGOTTEN
        )
        with self.engine.connect() as store:
            rows = store.execute(query).all()
        waits = [kinds[row.about].wait(row.failures) - (now - row.last) for row in rows]
        return float(max([0.0, *waits]))

    def failed(self, name: str, address: str | None) -> None:
        """Count a failure."""
        now = self.clock()
        with self.engine.begin() as store:
            store.execute(delete(ATTEMPTS).where(ATTEMPTS.c.last < now - FORGOTTEN))
        for about in _kinds(name, address):
            self._count(about, now)

    def succeeded(self, name: str, address: str | None) -> None:
        """Forget what this name failed from here; the address stays known for the others."""
        pair = next(iter(_kinds(name, address)))
        with self.engine.begin() as store:
            store.execute(delete(ATTEMPTS).where(ATTEMPTS.c.about == pair))

    def _count(self, about: str, now: float) -> None:
        more = (
            update(ATTEMPTS)
            .where(ATTEMPTS.c.about == about)
            .values(failures=ATTEMPTS.c.failures + 1, last=now)
        )
        with self.engine.begin() as store:
            if store.execute(more).rowcount:
                return
        try:
            with self.engine.begin() as store:
                store.execute(insert(ATTEMPTS).values(about=about, failures=1, last=now))
        except IntegrityError:  # another thread was the first
            with self.engine.begin() as store:
                store.execute(more)


def _kinds(name: str, address: str | None) -> dict[str, Patience]:
    """What is counted, the pair first; as digests, for a name may be a mistyped password."""
    name = name.strip().casefold()
    kinds = {digest("pair", name, address or ""): PAIR, digest("name", name): NAME}
    if address:
        kinds[digest("address", address)] = ADDRESS
    return kinds
