"""Which rows of the event table a question is about: website, range and filters, as SQL.

Every analysis starts from here. Umami's filters keep *rows*; those on visitors' attributes
(country, browser, …) join the session. Names are the newest generation's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

Operator = Literal["eq", "neq", "c", "dnc"]
Unit = Literal["minute", "hour", "day", "month", "year"]

EVENT_COLUMNS = {
    "path": "url_path",
    "query": "url_query",
    "title": "page_title",
    "hostname": "hostname",
    "referrer": "referrer_domain",
    "event": "event_name",
    "tag": "tag",
}
SESSION_COLUMNS = {
    "browser": "browser",
    "os": "os",
    "device": "device",
    "screen": "screen",
    "language": "language",
    "country": "country",
    "region": "region",
    "city": "city",
}
PAGEVIEW, CUSTOM_EVENT = 1, 2


def column(name: str) -> str:
    """The SQL of a field: ``e.`` is the event, ``s.`` its session."""
    if name in EVENT_COLUMNS:
        return f"e.{EVENT_COLUMNS[name]}"
    return f"s.{SESSION_COLUMNS[name]}"


@dataclass(frozen=True, slots=True)
class Filter:
    """Keep rows whose field compares to the value; ``c`` and ``dnc`` ignore case."""

    field: str
    operator: Operator
    value: str

    @property
    def sql(self) -> tuple[str, str]:
        """Condition with one ``?``, and its value. A row without the field passes none."""
        name = column(self.field)
        condition, value = {
            "eq": (f"{name} = ?", self.value),
            "neq": (f"{name} <> ?", self.value),
            "c": (f"{name} {like(self.value)}", f"%{self.value}%"),
            "dnc": (f"{name} NOT {like(self.value)}", f"%{self.value}%"),
        }[self.operator]
        if self.field == "referrer":
            # A website is no source of its own visitors.
            condition = f"({condition} AND e.referrer_domain <> e.hostname)"
        return condition, value


def like(value: str) -> str:
    """SQL that compares with a text without minding case; ``%`` and ``_`` stay wildcards.

    A backslash takes their meaning away, as PostgreSQL has it; naming it costs time, so only
    where there is one.
    """
    return r"ILIKE ? ESCAPE '\'" if "\\" in value else "ILIKE ?"


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows of one website between two instants (naive UTC, both included) that pass filters."""

    website: UUID
    start: datetime
    end: datetime
    filters: tuple[Filter, ...] = ()

    def rows(self, *types: int, columns: Sequence[str] = (), where: Sequence[str] = ()) -> Rows:
        """``FROM … WHERE …`` over the events ``e`` (and sessions ``s`` where needed).

        ``types`` restricts the event type; ``columns`` are the field names the query will read,
        so that the session is joined only if one is its; ``where`` adds conditions.
        """
        values: list[Any] = [self.website, self.start, self.end]
        conditions = ["e.website_id = ?", "e.created_at BETWEEN ? AND ?"]
        if types:
            conditions.append(f"e.event_type IN ({', '.join(map(str, types))})")
        for one in self.filters:
            condition, value = one.sql
            conditions.append(condition)
            values.append(value)
        conditions.extend(where)
        joined = any(
            name in SESSION_COLUMNS for name in (*columns, *(one.field for one in self.filters))
        )
        session = (
            " JOIN session s ON s.session_id = e.session_id AND s.website_id = e.website_id"
            if joined
            else ""
        )
        return Rows(f"FROM website_event e{session} WHERE {' AND '.join(conditions)}", values)

    def filtered(self, *filters: Filter) -> Scope:
        """The same question with these filters instead of its own."""
        return replace(self, filters=filters)

    def between(self, start: datetime, end: datetime) -> Scope:
        """The same question over another range."""
        return replace(self, start=start, end=end)


@dataclass(frozen=True, slots=True)
class Rows:
    """A piece of SQL, ``FROM … WHERE …``, and the values of its question marks in order."""

    sql: str
    values: list[Any] = field(default_factory=list)


def wall_clock(scope: Scope, timezone: str, time: str = "e.created_at") -> str:
    """SQL for a stored time as wall clock of the zone.

    The zone's offset changes a few times a year at most, so the changes inside the range are
    spelled out; that is several times cheaper than a zone look-up for each row.
    """
    return f"({time} + to_seconds({_offset(time, _stretches(scope.start, scope.end, timezone))}))"


def bucket(scope: Scope, unit: Unit, timezone: str, time: str = "e.created_at") -> str:
    """SQL for the start of the bucket a stored time falls into, as wall clock of the zone."""
    return f"date_trunc('{unit}', {wall_clock(scope, timezone, time)})"


def spelled(time: datetime) -> str:
    """A bucket's start as Umami writes it: ``2026-08-01 00:00:00``."""
    return time.strftime("%Y-%m-%d %H:%M:%S")


Stretch = tuple[datetime, int]
"""From which instant on (naive UTC) an offset from UTC holds, and its seconds."""


def _offset(time: str, stretches: Sequence[Stretch]) -> str:
    """SQL for the offset at a time, found by halving."""
    if len(stretches) == 1:
        return str(stretches[0][1])
    middle = len(stretches) // 2
    since = stretches[middle][0].isoformat(sep=" ")
    earlier, later = _offset(time, stretches[:middle]), _offset(time, stretches[middle:])
    return f"CASE WHEN {time} < TIMESTAMP '{since}' THEN {earlier} ELSE {later} END"


def _stretches(start: datetime, end: datetime, timezone: str) -> list[Stretch]:
    """The stretches of equal offset that a range touches."""
    found = [(start, _seconds(start, timezone))]
    for year in range(start.year, end.year + 1):
        found += [one for one in _changes(timezone, year) if start < one[0] <= end]
    return found


@lru_cache(maxsize=2000)
def _changes(timezone: str, year: int) -> tuple[Stretch, ...]:
    """When in a year a zone's offset changes, to the second."""
    found = []
    day, limit = datetime(year, 1, 1), datetime(year + 1, 1, 1)
    while day < limit:
        low, high = day, day + timedelta(days=1)
        before, after = _seconds(low, timezone), _seconds(high, timezone)
        while before != after and high - low > timedelta(seconds=1):
            middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
            low, high = (middle, high) if _seconds(middle, timezone) == before else (low, middle)
        if before != after:
            found.append((high, after))
        day += timedelta(days=1)
    return tuple(found)


def _seconds(time: datetime, timezone: str) -> int:
    offset = time.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0
