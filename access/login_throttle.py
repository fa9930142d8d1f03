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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

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
    at: float = 0.0
    before: Mapping[str, float] = field(default_factory=dict)
    """The time of the previous failure under each key that it was counted for, the pair's first."""


@dataclass(frozen=True, slots=True)
class LoginThrottle:
    """Counts failures in a database. ``clock`` returns seconds since the epoch.

    Names are compared without normalisation.
    """

    engine: Engine
    clock: Callable[[], float] = field(default=time.time)

    def reserve(self, name: str, address: str | None) -> LoginAttempt:
        """Count an attempt as failed, unless it has to wait.

        The check and the count are one transaction. Call ``succeed`` or ``take_back`` with the
        result unless the attempt failed.
        """
        limits, now = _limits(name, address), self.clock()
        pair = next(iter(limits))
        with exclusive(self.engine) as store:
            signed_in = ATTEMPTS.c.failures == _SIGNED_IN
            lifetime = case((signed_in, KNOWN_LIFETIME), else_=FAILURE_LIFETIME)
            store.execute(delete(ATTEMPTS).where(ATTEMPTS.c.last <= now - lifetime))
            # If the clock was ahead, nobody has to wait until it catches up.
            store.execute(update(ATTEMPTS).where(ATTEMPTS.c.last > now).values(last=now))
            rows = _rows(store, limits)
            # Without an address, no pair identifies a viewer.
            known = ADDRESS in limits.values() and _rows(store, [digest("known", pair)])
            waits = {
                key: limits[key].wait(failures) - (now - last)
                for key, (failures, last) in rows.items()
                if not (known and limits[key] is NAME)
            }
            longest = max(waits, key=waits.__getitem__, default=pair)
            if waits.get(longest, 0) > 0:
                refused, since = digest("refused", longest), rows[longest][1]
                first = _rows(store, [refused]) != {refused: (0, since)}
                _replace(store, [refused], {refused: (0, since)})
                return LoginAttempt(waits[longest], first)
            before = {key: rows.get(key, (0, now)) for key in limits}
            counted = {key: (failures + 1, now) for key, (failures, _) in before.items()}
            _replace(store, counted, counted)
        return LoginAttempt(at=now, before={key: last for key, (_, last) in before.items()})

    def take_back(self, attempt: LoginAttempt) -> None:
        """Uncount an attempt that was not made."""
        with exclusive(self.engine) as store:
            _take_back(store, attempt)

    def succeed(self, attempt: LoginAttempt) -> None:
        """Uncount an attempt and the earlier failures of its name from its address; the failures of
        the address for other names stay counted."""
        with exclusive(self.engine) as store:
            _take_back(store, attempt)
            pair = next(iter(attempt.before))
            known = digest("known", pair)
            _replace(store, (pair, known), {known: (_SIGNED_IN, attempt.at)})


def _take_back(store: Connection, attempt: LoginAttempt) -> None:
    rows = {
        key: (failures - 1, attempt.before[key] if last == attempt.at else last)
        for key, (failures, last) in _rows(store, attempt.before).items()
    }
    _replace(store, rows, {key: row for key, row in rows.items() if row[0] > 0})


def _rows(store: Connection, keys: Iterable[str]) -> dict[str, tuple[int, float]]:
    """Return numbers of failures with the time of the last one, by key."""
    query = select(ATTEMPTS).where(ATTEMPTS.c.about.in_(list(keys)))
    return {row.about: (row.failures, row.last) for row in store.execute(query)}


def _replace(store: Connection, keys: Iterable[str], rows: Mapping[str, tuple[int, float]]) -> None:
    """Replace the rows under ``keys``."""
    store.execute(delete(ATTEMPTS).where(ATTEMPTS.c.about.in_(list(keys))))
    values = [{"about": key, "failures": row[0], "last": row[1]} for key, row in rows.items()]
    if values:
        store.execute(insert(ATTEMPTS), values)


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
