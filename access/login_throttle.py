"""Limits for sign-in attempts: after some failures, each attempt has to wait longer.

An attempt is counted before its password is compared and taken back if the password is right, so
that attempts made at the same time cannot exceed the limits. If the process dies in between, the
attempt stays counted as one failure.

Failures are counted in the database, so a restart does not reset them. Nobody is locked out for
ever, and nobody by somebody else for long: the strictest limit is for one name from one address.
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

FAILURE_LIFETIME: Final = 24 * 3600.0
"""Seconds after which a failure does not count any more."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The number of free failures, after which waits double up to ``longest`` seconds."""

    free: int
    longest: float

    def wait(self, failures: int) -> float:
        """Return the seconds between the last failure and the next attempt."""
        beyond = failures - self.free
        return min(self.longest, math.ldexp(1.0, min(beyond, 20))) if beyond > 0 else 0.0


PAIR: Final = Limit(3, 900)
"""For one name from one address."""
ADDRESS: Final = Limit(30, 900)
"""For any names from one address."""
NAME: Final = Limit(50, 30)
"""For one name from anywhere, against attacks from many machines. It does not apply to an address
from which this name has signed in before, so that others cannot keep its owner out."""
KNOWN_LIFETIME: Final = 90 * 24 * 3600.0
"""Seconds for which an address is known after a sign-in."""
_SIGNED_IN: Final = -1
"""Takes the place of the number of failures in the row of a known address."""


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """The result of ``LoginThrottle.reserve``: a counted attempt, or one that has to wait."""

    wait: float = 0.0
    """Seconds until it may be made; 0 if it is counted and may be made now."""
    first: bool = False
    """Whether it is the first attempt that this wait refuses."""
    pair: str = ""
    at: float = 0.0
    before: Mapping[str, float] = field(default_factory=dict)
    """The time of the previous failure under each key that it was counted for."""


@dataclass(frozen=True, slots=True)
class LoginThrottle:
    """Counts failures in a database. ``clock`` returns seconds since the epoch.

    Names are compared without normalisation.
    """

    engine: Engine
    clock: Callable[[], float] = field(default=time.time)

    def wait(self, name: str, address: str | None) -> float:
        """Return the seconds to wait before an attempt, 0 if it may be made now."""
        limits = _limits(name, address)
        now = self.clock()
        with self.engine.connect() as store:
            return max([0.0, *_waits(store, _rows(store, limits, now), limits, now).values()])

    def reserve(self, name: str, address: str | None) -> LoginAttempt:
        """Count an attempt as failed, unless it has to wait.

        The check and the count are one transaction. Call ``succeed`` or ``take_back`` with the
        result unless the attempt failed.
        """
        limits = _limits(name, address)
        now = self.clock()
        with exclusive(self.engine) as store:
            failures = ATTEMPTS.c.failures != _SIGNED_IN
            store.execute(
                delete(ATTEMPTS).where(failures, ATTEMPTS.c.last < now - FAILURE_LIFETIME)
            )
            store.execute(delete(ATTEMPTS).where(ATTEMPTS.c.last < now - KNOWN_LIFETIME))
            # If the clock was ahead, nobody has to wait until it catches up.
            store.execute(update(ATTEMPTS).where(ATTEMPTS.c.last > now).values(last=now))
            rows = _rows(store, limits, now)
            waits = _waits(store, rows, limits, now)
            longest = max(waits, key=waits.__getitem__, default="")
            if longest and waits[longest] > 0:
                first = _is_first(store, digest("refused", longest), rows[longest].last)
                return LoginAttempt(waits[longest], first)
            counted = update(ATTEMPTS).values(failures=ATTEMPTS.c.failures + 1, last=now)
            store.execute(counted.where(ATTEMPTS.c.about.in_(rows)))
            if new := [key for key in limits if key not in rows]:
                row = {"failures": 1, "last": now}
                store.execute(insert(ATTEMPTS), [{"about": key, **row} for key in new])
        before = {key: rows[key].last if key in rows else now for key in limits}
        return LoginAttempt(pair=next(iter(limits)), at=now, before=before)

    def take_back(self, attempt: LoginAttempt) -> None:
        """Uncount an attempt that was not made."""
        with exclusive(self.engine) as store:
            _take_back(store, attempt)

    def succeed(self, attempt: LoginAttempt) -> None:
        """Uncount an attempt and the earlier failures of its name from its address; the failures of
        the address for other names stay counted."""
        with exclusive(self.engine) as store:
            _take_back(store, attempt)
            known = digest("known", attempt.pair)
            store.execute(delete(ATTEMPTS).where(ATTEMPTS.c.about.in_((attempt.pair, known))))
            row = {"about": known, "failures": _SIGNED_IN, "last": attempt.at}
            store.execute(insert(ATTEMPTS).values(row))


def _take_back(store: Connection, attempt: LoginAttempt) -> None:
    for key, before in attempt.before.items():
        last = case((ATTEMPTS.c.last == attempt.at, before), else_=ATTEMPTS.c.last)
        uncounted = update(ATTEMPTS).values(failures=ATTEMPTS.c.failures - 1, last=last)
        store.execute(uncounted.where(ATTEMPTS.c.about == key))
    keys = ATTEMPTS.c.about.in_(attempt.before)
    store.execute(delete(ATTEMPTS).where(keys, ATTEMPTS.c.failures <= 0))


def _rows(store: Connection, limits: Mapping[str, Limit], now: float) -> dict[str, Any]:
    """Return the rows with failures that still count, by their keys."""
    recent = ATTEMPTS.c.last > now - FAILURE_LIFETIME
    query = select(ATTEMPTS).where(ATTEMPTS.c.about.in_(limits), recent)
    return {row.about: row for row in store.execute(query)}


def _waits(
    store: Connection, rows: Mapping[str, Any], limits: Mapping[str, Limit], now: float
) -> dict[str, float]:
    """Return the seconds that each limit makes an attempt wait, by its key."""
    # Without an address, ``ADDRESS`` is no limit and no pair identifies a viewer.
    pair = digest("known", next(iter(limits)))
    recent = select(ATTEMPTS.c.about).where(
        ATTEMPTS.c.about == pair, ATTEMPTS.c.last > now - KNOWN_LIFETIME
    )
    known = ADDRESS in limits.values() and store.execute(recent).first() is not None
    return {
        key: limits[key].wait(row.failures) - max(0.0, now - row.last)
        for key, row in rows.items()
        if not (known and limits[key] is NAME)
    }


def _is_first(store: Connection, key: str, last: float) -> bool:
    """Return whether no attempt was refused yet because of the failure at ``last``."""
    same = (ATTEMPTS.c.about == key) & (ATTEMPTS.c.last == last)
    if store.execute(select(ATTEMPTS.c.about).where(same)).first():
        return False
    store.execute(delete(ATTEMPTS).where(ATTEMPTS.c.about == key))
    store.execute(insert(ATTEMPTS).values(about=key, failures=0, last=last))
    return True


def _limits(name: str, address: str | None) -> dict[str, Limit]:
    """Return the limits of an attempt by their keys, the pair's first.

    The keys are hashes, since a name may be a mistyped password.
    """
    place = _network(address)
    limits = {digest("pair", name, place): PAIR, digest("name", name): NAME}
    return limits | ({digest("address", place): ADDRESS} if place else {})


def _network(address: str | None) -> str:
    """Return an address for counting: IPv6 addresses by their /64 network, which one person has."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
