"""Attempts to sign in, counted where a restart does not forget them, each with a longer wait.

An attempt is counted before its password is compared and taken back once the password turned out
to be right, so that attempts made at the same time cannot exceed the limits. If the process dies in
between, the attempt stays counted as one failure.

Nobody is locked out for ever, and nobody by somebody else for long: what makes one wait is above
all what came from the same address for the same name.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Engine, case, delete, insert, select, update

from access.database import ATTEMPTS, digest, exclusive

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
"""One name from anywhere: slows many machines down. It makes nobody wait at an address from which
this name has signed in before, so that others cannot keep somebody out."""
KNOWN: Final = 90 * 24 * 3600.0
"""Seconds for which an address is known after a sign-in."""
_SIGNED_IN: Final = -1
"""What stands for failures in the row of an address that is known."""


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """An attempt that was asked for: counted, or told to wait."""

    wait: float = 0.0
    """Seconds until it may be made; 0 where it is counted and may be made now."""
    first: bool = False
    """Whether it is the first one that this wait refuses."""
    pair: str = ""
    at: float = 0.0
    before: Mapping[str, float] = field(default_factory=dict)
    """What it was counted for, and when the failure before it was."""


@dataclass(frozen=True, slots=True)
class LoginThrottle:
    """The failures in a store. ``clock`` gives seconds since the epoch.

    Names are compared as they are given.
    """

    engine: Engine
    clock: Callable[[], float] = field(default=time.time)

    def wait(self, name: str, address: str | None) -> float:
        """Seconds to wait before an attempt may be made; ``0`` where it may be made now."""
        kinds = _kinds(name, address)
        now = self.clock()
        with self.engine.connect() as store:
            waits = _waits(store, _rows(store, kinds, now), kinds, now)
        return max([0.0, *waits.values()])

    def reserve(self, name: str, address: str | None) -> LoginAttempt:
        """Count an attempt as failed, unless it has to wait.

        The check and the count are one transaction. Call ``succeed`` or ``take_back`` with the
        result unless the attempt did fail.
        """
        kinds = _kinds(name, address)
        now = self.clock()
        with exclusive(self.engine) as store:
            counts = ATTEMPTS.c.failures != _SIGNED_IN
            store.execute(delete(ATTEMPTS).where(counts, ATTEMPTS.c.last < now - FORGOTTEN))
            store.execute(delete(ATTEMPTS).where(ATTEMPTS.c.last < now - KNOWN))
            # A clock that was ahead must not make anybody wait until it is right.
            store.execute(update(ATTEMPTS).where(ATTEMPTS.c.last > now).values(last=now))
            rows = _rows(store, kinds, now)
            waits = _waits(store, rows, kinds, now)
            longest = max(waits, key=waits.__getitem__, default="")
            if longest and waits[longest] > 0:
                first = _first(store, digest("refused", longest), rows[longest].last)
                return LoginAttempt(waits[longest], first)
            for about in kinds:
                if about in rows:
                    store.execute(
                        update(ATTEMPTS)
                        .where(ATTEMPTS.c.about == about)
                        .values(failures=ATTEMPTS.c.failures + 1, last=now)
                    )
                else:
                    store.execute(insert(ATTEMPTS).values(about=about, failures=1, last=now))
        before = {about: rows[about].last if about in rows else now for about in kinds}
        return LoginAttempt(pair=next(iter(kinds)), at=now, before=before)

    def take_back(self, attempt: LoginAttempt) -> None:
        """Count an attempt no more: it was not made."""
        with exclusive(self.engine) as store:
            _take_back(store, attempt)

    def succeed(self, attempt: LoginAttempt) -> None:
        """Count an attempt no more, and forget what this name failed from here; the failures of the
        address for other names stay counted."""
        with exclusive(self.engine) as store:
            _take_back(store, attempt)
            known = digest("known", attempt.pair)
            store.execute(delete(ATTEMPTS).where(ATTEMPTS.c.about.in_((attempt.pair, known))))
            row = {"about": known, "failures": _SIGNED_IN, "last": attempt.at}
            store.execute(insert(ATTEMPTS).values(**row))


def _take_back(store: Connection, attempt: LoginAttempt) -> None:
    for about, before in attempt.before.items():
        last = case((ATTEMPTS.c.last == attempt.at, before), else_=ATTEMPTS.c.last)
        store.execute(
            update(ATTEMPTS)
            .where(ATTEMPTS.c.about == about)
            .values(failures=ATTEMPTS.c.failures - 1, last=last)
        )
    store.execute(
        delete(ATTEMPTS).where(ATTEMPTS.c.about.in_(attempt.before), ATTEMPTS.c.failures <= 0)
    )


def _rows(store: Connection, kinds: Mapping[str, Patience], now: float) -> dict[str, Any]:
    """The failures that still count, by what they are about."""
    query = select(ATTEMPTS).where(ATTEMPTS.c.about.in_(kinds), ATTEMPTS.c.last > now - FORGOTTEN)
    return {row.about: row for row in store.execute(query)}


def _waits(
    store: Connection, rows: Mapping[str, Any], kinds: Mapping[str, Patience], now: float
) -> dict[str, float]:
    """Seconds that each of them makes one wait; the failures of a name from anywhere do not, at an
    address from which it has signed in lately."""
    # Where the address is not known, nobody is told from others by it.
    known = ADDRESS in kinds.values() and _is_known(store, next(iter(kinds)), now)
    return {
        about: kinds[about].wait(row.failures) - max(0.0, now - row.last)
        for about, row in rows.items()
        if not (known and kinds[about] is NAME)
    }


def _first(store: Connection, mark: str, last: float) -> bool:
    """Whether no attempt was refused yet because of the failure at ``last``."""
    same = (ATTEMPTS.c.about == mark) & (ATTEMPTS.c.last == last)
    if store.execute(select(ATTEMPTS.c.about).where(same)).first():
        return False
    store.execute(delete(ATTEMPTS).where(ATTEMPTS.c.about == mark))
    store.execute(insert(ATTEMPTS).values(about=mark, failures=0, last=last))
    return True


def _is_known(store: Connection, pair: str, now: float) -> bool:
    """Whether this pair of a name and an address has signed in lately."""
    query = select(ATTEMPTS.c.about).where(
        ATTEMPTS.c.about == digest("known", pair), ATTEMPTS.c.last > now - KNOWN
    )
    return store.execute(query).first() is not None


def _kinds(name: str, address: str | None) -> dict[str, Patience]:
    """What is counted, the pair first; as digests, for a name may be a mistyped password."""
    place = _network(address)
    kinds = {digest("pair", name, place): PAIR, digest("name", name): NAME}
    if place:
        kinds[digest("address", place)] = ADDRESS
    return kinds


def _network(address: str | None) -> str:
    """An address as it is counted: of IPv6 the first half, as one person has all of the rest."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped or ipaddress.ip_network((found, 64), strict=False))
