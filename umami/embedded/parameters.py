"""Query parameters that several routes share, and what they select."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, WrapValidator, field_validator, model_validator

from umami.embedded.filters import FIELDS, SWITCHES, field_of, filters_by_property, narrowed
from umami.embedded.http import Call, Range, Text, Zone, instant
from umami.embedded.queries.events import Listed
from umami.embedded.scope import Scope, Unit, spelled

UNITS: tuple[Unit, ...] = ("minute", "hour", "day", "month", "year")
MOST_ROWS = 10_000


def one_of(names: Collection[str], otherwise: str) -> AfterValidator:
    """Refuses a text that is none of the names, with this reason."""

    def check(text: str) -> str:
        if text not in names:
            raise ValueError(otherwise)
        return text

    return AfterValidator(check)


def since_reset(call: Call[Any]) -> Scope:
    """The rows of the range that is asked about, without filters; those from before the
    website's reset do not count."""
    asked: Range = call.asked
    website = call.id("website_id")
    row = call.umami.store.row("SELECT reset_at FROM website WHERE website_id = ?", [website])
    reset = row[0] if row else None
    start = max(asked.start, reset) if reset else asked.start
    return Scope(website, start, asked.end, definitions=call.umami.definitions)


def compared(scope: Scope, start: datetime, end: datetime, compare: str | None) -> Scope:
    """The range before: a calendar year earlier for ``yoy``, else by the range's own whole
    minutes, so that a range to 23:59:59.999 and the one before overlap by a minute."""
    if compare == "yoy":
        return scope.between(_year_before(start), _year_before(end))
    length = timedelta(minutes=int((end - start) / timedelta(minutes=1)))
    return scope.between(start - length, end - length)


def spelled_row(row: dict[str, Any], columns: dict[str, str]) -> dict[str, Any]:
    """A row of a table under the names that it bears on the wire."""
    return {name: _spelled(row[column]) for name, column in columns.items()}


def _spelled(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        # As text, and without the zeros that a column of a fixed scale adds.
        return f"{value.normalize():f}"
    return value


def _year_before(time: datetime) -> datetime:
    try:
        return time.replace(year=time.year - 1)
    except ValueError:
        return time.replace(year=time.year - 1, day=28)


DataType = Annotated[int, Field(ge=1, le=5)]
"""1 text, 2 number, 3 boolean, 4 date, 5 list."""

UTC = "utc"
"""As a zone in lower case: the clock of UTC, in buckets that are instants."""
ZoneOrUtc = Annotated[
    Zone, WrapValidator(lambda name, known_zone: name if name == UTC else known_zone(name))
]


class Timed(Range):
    """A range, and what 3.x lets anybody say of it; where nothing is counted over time, it has no
    effect."""

    unit: Annotated[str, one_of(UNITS, "Invalid unit")] | None = None
    timezone: ZoneOrUtc | None = None
    compare: Annotated[str, one_of(("prev", "yoy"), "Invalid option")] | None = None


class Filtered(Timed):
    """A range and the filters of 3.x: ``eq.DE,CH``, ``c.blog``, ``re.^/a``, or a value alone; a
    field that is filtered by again has a number, ``browser1``. ``spf0`` and ``epf0`` filter by
    properties of sessions and events."""

    path: Text | None = None
    title: Text | None = None
    query: Text | None = None
    hostname: Text | None = None
    referrer: Text | None = None
    tag: Text | None = None
    event: Text | None = None
    browser: Text | None = None
    os: Text | None = None
    device: Text | None = None
    language: Text | None = None
    country: Text | None = None
    region: Text | None = None
    city: Text | None = None
    distinctId: Text | None = None
    utmSource: Text | None = None
    utmMedium: Text | None = None
    utmCampaign: Text | None = None
    utmContent: Text | None = None
    utmTerm: Text | None = None
    eventType: Text | None = None
    segment: Text | None = None
    cohort: Text | None = None
    match: Text | None = None
    excludeBounce: Text | None = None
    repeated: dict[str, Text] = Field(default_factory=dict)
    """The numbered filters by their names; never given by this name."""

    @model_validator(mode="before")
    @classmethod
    def _collect(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        numbered = {name: text for name, text in given.items() if _numbered(name)}
        rest = {name: text for name, text in given.items() if name not in numbered}
        return {**rest, "repeated": numbered} if numbered else rest

    @property
    def narrowing(self) -> dict[str, str]:
        """Every filter that was given, by its name."""
        said = {name: getattr(self, name) for name in (*FIELDS, *SWITCHES)}
        return {name: text for name, text in said.items() if text is not None} | self.repeated


class Bucketed(Filtered):
    """What is counted over time. Without a unit it is the finest; without a zone, or with ``utc``,
    buckets are instants and not times of a clock."""

    @property
    def answered_unit(self) -> Unit:
        """The unit that is answered: for a long range, coarser than the one that was asked."""
        finest = _finest(self.start, self.end)
        if self.unit is None:
            return finest
        asked = UNITS.index(self.unit)
        if asked >= UNITS.index("month" if finest == "year" else finest):
            return UNITS[asked]
        return finest

    @property
    def zone(self) -> str:
        """The zone whose clock the buckets follow."""
        return "UTC" if self.timezone in (None, UTC) else str(self.timezone)

    def stamp(self, start: datetime) -> str:
        """A bucket's start, as it is answered."""
        if self.timezone in (None, UTC):
            return start.strftime("%Y-%m-%dT%H:%M:%SZ")
        return spelled(start)


class Ranged(Filtered):
    """A range whose ends are integers in order, and filters."""

    @field_validator("startAt", "endAt", mode="before")
    @classmethod
    def _whole(cls, value: Any) -> Any:
        if isinstance(value, str) and not (value.isascii() and value.isdecimal()):
            raise ValueError("Expected an integer")
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Ranged:
        if self.endAt < self.startAt:
            raise ValueError("endAt must be after startAt")
        return self

    @property
    def clock(self) -> str:
        """The zone whose clock is followed."""
        return "UTC" if self.timezone in (None, UTC) else str(self.timezone)


class Paged(Filtered):
    """A page of what passes the filters; ``orderBy`` has no effect, as on 3.1. ``maxResults`` is
    how far rows are counted."""

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    pageSize: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 20
    search: Text | None = None
    orderBy: Text | None = None
    maxResults: Annotated[int, Field(ge=1, le=1_000_000)] = MOST_ROWS

    @property
    def skipped(self) -> int:
        """Rows before the page."""
        return (self.page - 1) * self.pageSize

    def answer(self, rows: list[dict[str, Any]], count: int) -> dict[str, Any]:
        """A page as it is answered."""
        return {"data": rows, "count": count, "page": self.page, "pageSize": self.pageSize}

    def listed(self, found: Listed, columns: dict[str, str]) -> dict[str, Any]:
        """A page as it is answered, with its rows under these names, and whether there are more
        rows than were counted."""
        rows = [spelled_row(row, columns) for row in found.rows]
        return {**self.answer(rows, found.count), "isCapped": found.capped}


def scope(call: Call[Any]) -> Scope:
    """The rows that are asked about; those from before the website's reset do not count."""
    given = call.asked.narrowing if isinstance(call.asked, Filtered) else {}
    return narrowed(call.umami.store, since_reset(call), given)


def _numbered(name: str) -> bool:
    return filters_by_property(name) or (name not in FIELDS and field_of(name) is not None)


def _finest(start: datetime, end: datetime) -> Unit:
    """The finest unit that 3.1 answers for a range."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if end - start < timedelta(minutes=61):
        return "minute"
    if end - start < timedelta(days=31):
        return "hour"
    if months <= 7:
        return "day"
    return "month" if months <= 24 else "year"
