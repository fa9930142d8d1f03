"""The audit log: who did what and when. It holds no secret and is only ever added to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Engine, delete, func, insert, or_, select

from people.store import AUDIT
from umami.models.paging import Page

KEPT: Final = timedelta(days=400)
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
        now = datetime.now(UTC)
        with self.engine.begin() as store:
            store.execute(delete(AUDIT).where(AUDIT.c.at < now - KEPT))
            store.execute(
                insert(AUDIT).values(
                    at=now, who=who[:200], what=what[:100], about=about[:500], done=done
                )
            )

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
