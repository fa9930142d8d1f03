"""Parameters that several routes of the 2.x face share, and what they mean."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from umami.embedded.http import Call, Range, Text, Zone
from umami.embedded.parameters import MOST_ROWS, AnyUnit, since_reset
from umami.embedded.queries.sessions import Listed
from umami.embedded.scope import UNITS, Filter, Operator, Scope, Unit
from umami.embedded.wire import renamed

NAMES = {
    "url": "path",
    "referrer": "referrer",
    "title": "title",
    "query": "query",
    "host": "hostname",
    "event": "event",
    "tag": "tag",
    "os": "os",
    "browser": "browser",
    "device": "device",
    "country": "country",
    "region": "region",
    "city": "city",
    "language": "language",
}
"""The fields that can be filtered by, in 2.x's words and in ours."""
SIGNS: tuple[tuple[str, Operator], ...] = (("!~", "dnc"), ("~", "c"), ("!", "neq"))
NEWEST = 1000
"""Lists of 2.18 know only so many of the newest rows."""


class Filtered(Range):
    """A range and the filters of 2.x: a value, or ``!value``, ``~value``, ``!~value``."""

    url: Text | None = None
    referrer: Text | None = None
    title: Text | None = None
    query: Text | None = None
    host: Text | None = None
    event: Text | None = None
    tag: Text | None = None
    os: Text | None = None
    browser: Text | None = None
    device: Text | None = None
    country: Text | None = None
    region: Text | None = None
    city: Text | None = None
    language: Text | None = None

    @property
    def filters(self) -> tuple[Filter, ...]:
        """The filters that were given."""
        texts = ((field, getattr(self, name)) for name, field in NAMES.items())
        return tuple(_filter(field, text) for field, text in texts if text is not None)


class Bucketed(Filtered):
    """What is counted over time: also the unit, and the zone whose clock it follows."""

    unit: AnyUnit
    timezone: Zone

    @property
    def answered_unit(self) -> Unit:
        """The unit that is answered: for a long range, coarser than the one that was asked."""
        level, finest = UNITS.index(self.unit), _finest(self.start, self.end)
        if level >= UNITS.index("month" if finest == "year" else finest):
            return self.unit
        return finest


class Paged(Range):
    """A page of what happened in a range; ``query`` is what 2.15 and older call ``search``, and
    has no effect, as on 2.18."""

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    pageSize: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 10
    search: Text | None = None
    query: Text | None = None
    orderBy: str | None = None

    @property
    def skipped(self) -> int:
        """Rows before the page."""
        return (self.page - 1) * self.pageSize

    def answer(self, newest: Listed, columns: dict[str, str]) -> dict[str, Any]:
        """The page of the newest rows, in ascending order of a column if one is set."""
        rows = newest.rows
        if self.orderBy:
            order = columns[self.orderBy]
            rows = sorted(rows, key=lambda row: (row[order] is None, row[order]))
        return {
            "data": [
                renamed(row, columns) for row in rows[self.skipped : self.skipped + self.pageSize]
            ],
            "count": newest.count,
            "page": self.page,
            "pageSize": self.pageSize,
            **({"orderBy": self.orderBy} if self.orderBy else {}),
        }


def scope(call: Call[Any]) -> Scope:
    """The rows that are asked about; those from before the website's reset do not count."""
    filters = call.params.filters if isinstance(call.params, Filtered) else ()
    return since_reset(call).filtered(*filters)


def _filter(field: str, text: str) -> Filter:
    for sign, operator in SIGNS:
        if text.startswith(sign):
            return Filter(field, operator, text.removeprefix(sign))
    return Filter(field, "eq", text)


def _finest(start: datetime, end: datetime) -> Unit:
    """The finest unit that 2.x answers for a range."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if end - start < timedelta(minutes=61):
        return "minute"
    if end - start < timedelta(hours=49):
        return "hour"
    if months <= 6:
        return "day"
    return "month" if months <= 24 else "year"
