"""The audit log: who did what and when. It holds no secret.

Lines are only added. The exception is the line that counts what was refused beyond ``MOST`` lines
an hour, so that nobody can fill the log with failed attempts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, delete, func, insert, or_, select, update

from access.database import AUDIT, REFUSED, exclusive
from umami.parsing import Page

RETENTION: Final = timedelta(days=400)
MOST: Final = 10
"""Lines an hour about refused attempts of the same kind under the same name."""
SOMEBODY: Final = "somebody"
"""Stands for a user name that no account has: what was typed may be a password."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line: when (UTC), who, what, about what, and whether it was done or failed."""

    at: datetime
    who: str
    what: str
    about: str
    done: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit log in a database. Safe to use from many threads and processes."""

    engine: Engine

    def record(self, who: str, what: str, about: str = "", *, done: bool = True) -> None:
        """Add a line."""
        with self.engine.begin() as store:
            _add(store, who, what, about, done=done)

    def refused(self, who: str, what: str, about: str = "") -> None:
        """Add a line about a refused attempt. Beyond ``MOST`` of them in an hour, update one line
        with their number instead."""
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        key = {"who": who[:200], "what": what[:100], "hour": hour}
        with exclusive(self.engine) as store:
            store.execute(delete(REFUSED).where(REFUSED.c.hour < hour))
            row = store.execute(select(REFUSED).filter_by(**key)).first()
            count = row._mapping["count"] + 1 if row else 1
            line = row.line if row else None
            if count > MOST:
                about = f"{count - MOST:,} more refused since {hour:%H:%M} UTC"
            if line is not None:
                store.execute(update(AUDIT).filter_by(id=line).values(about=about))
            else:
                added = _add(store, who, what, about, done=False)
                line = added if count > MOST else None
            store.execute(delete(REFUSED).filter_by(**key))
            store.execute(insert(REFUSED).values(**key, count=count, line=line))

    def search(
        self, text: str = "", page: int = 1, size: int = 20, *, actions: Sequence[str] = ()
    ) -> Page[Entry]:
        """Return a page of the lines that contain ``text`` or are about one of the ``actions``,
        newest first."""
        query = select(AUDIT)
        if text:
            columns = (AUDIT.c.who, AUDIT.c.what, AUDIT.c.about)
            query = query.where(
                or_(
                    AUDIT.c.what.in_(actions),
                    *(column.icontains(text, autoescape=True) for column in columns),
                )
            )
        rows_of_page = query.order_by(AUDIT.c.id.desc()).limit(size).offset((page - 1) * size)
        with self.engine.connect() as store:
            rows = store.execute(rows_of_page).all()
            count = store.scalar(select(func.count()).select_from(query.subquery())) or 0
        entries = (Entry(row.at, row.who, row.what, row.about, row.done) for row in rows)
        return Page(tuple(entries), count, page, size)


def _add(store: Connection, who: str, what: str, about: str, *, done: bool) -> int:
    """Add a line and return its id."""
    now = datetime.now(UTC)
    store.execute(delete(AUDIT).where(AUDIT.c.at < now - RETENTION))
    row = {"at": now, "who": who[:200], "what": what[:100], "about": about[:500], "done": done}
    return int(store.execute(insert(AUDIT).values(row).returning(AUDIT.c.id)).scalar_one())
