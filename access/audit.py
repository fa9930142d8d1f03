"""The audit log: who did what and when. It holds no secret.

Lines are only ever added, but for the one that counts what strangers were refused beyond ``MOST``
lines an hour: nobody can fill the log by trying.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, delete, func, insert, or_, select, update

from access.database import AUDIT, REFUSED, exclusive
from umami.models.records import Page

KEPT: Final = timedelta(days=400)
MOST: Final = 10
"""Lines an hour about refused attempts at the same thing under the same name."""
SOMEBODY: Final = "somebody"
"""Whoever failed to sign in under a name that nobody has; what they typed may be a password."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: ``at`` (UTC), who, what, about what, and whether it was done or failed."""

    at: datetime
    who: str
    what: str
    about: str
    done: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """The log in a store. Safe to use from many threads and processes."""

    engine: Engine

    def record(self, who: str, what: str, about: str = "", *, done: bool = True) -> None:
        """Add a line."""
        with self.engine.begin() as store:
            _add(store, who, what, about, done=done)

    def refused(self, who: str, what: str, about: str = "") -> None:
        """Add a line about an attempt that was refused; beyond ``MOST`` of them in an hour, one
        line tells how many more there were."""
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        same = (REFUSED.c.who == who[:200], REFUSED.c.what == what[:100], REFUSED.c.hour == hour)
        with exclusive(self.engine) as store:
            store.execute(delete(REFUSED).where(REFUSED.c.hour < hour))
            row = store.execute(select(REFUSED).where(*same)).first()
            count = row._mapping["count"] + 1 if row else 1
            line = row.line if row else None
            if count > MOST:
                about = f"{count - MOST:,} more refused since {hour:%H:%M} UTC"
            if line is None:
                added = _add(store, who, what, about, done=False)
                line = added if count > MOST else None
            else:
                store.execute(update(AUDIT).where(AUDIT.c.id == line).values(about=about))
            if row:
                store.execute(update(REFUSED).where(*same).values(count=count, line=line))
            else:
                key = {"who": who[:200], "what": what[:100], "hour": hour}
                store.execute(insert(REFUSED).values(**key, count=count, line=line))

    def read(self, search: str = "", page: int = 1, size: int = 20) -> Page[Entry]:
        """A page of the log, newest first."""
        query = select(AUDIT)
        if search:
            columns = (AUDIT.c.who, AUDIT.c.what, AUDIT.c.about)
            query = query.where(or_(*(one.icontains(search, autoescape=True) for one in columns)))
        counted = select(func.count()).select_from(query.subquery())
        part = query.order_by(AUDIT.c.id.desc()).limit(size).offset((page - 1) * size)
        with self.engine.connect() as store:
            rows = store.execute(part).all()
            count = store.scalar(counted) or 0
        entries = (Entry(row.at, row.who, row.what, row.about, row.done) for row in rows)
        return Page(tuple(entries), count, page, size)


def _add(store: Connection, who: str, what: str, about: str, *, done: bool) -> int:
    """Add a line; returns its id."""
    now = datetime.now(UTC)
    store.execute(delete(AUDIT).where(AUDIT.c.at < now - KEPT))
    entry = {"at": now, "who": who[:200], "what": what[:100], "about": about[:500], "done": done}
    added = store.execute(insert(AUDIT).values(entry).returning(AUDIT.c.id))
    return int(added.scalar_one())
