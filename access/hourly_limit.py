"""Limits of what an account may do in an hour, counted in the database."""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy import Engine, delete, insert, select

from access.database import ATTEMPTS, digest, exclusive

HOUR: Final = 3600.0


def reserve(engine: Engine, what: str, account: str, most: int, now: float | None = None) -> bool:
    """Count an action of an account; ``False``, uncounted, after ``most`` in the hour that began
    with the first of them. ``now`` is in seconds since the epoch."""
    now = time.time() if now is None else now
    key = digest("hourly", what, account)
    with exclusive(engine) as store:
        row = store.execute(select(ATTEMPTS).where(ATTEMPTS.c.about == key)).first()
        # After a clock was set back, nobody waits for longer than an hour.
        running = row is not None and 0 <= now - row.last < HOUR
        count = row.failures if row is not None and running else 0
        if count >= most:
            return False
        begun = row.last if row is not None and running else now
        store.execute(delete(ATTEMPTS).where(ATTEMPTS.c.about == key))
        store.execute(insert(ATTEMPTS).values(about=key, failures=count + 1, last=begun))
        return True
