"""Query parameters that several routes share, and the scopes that they select."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from dateutil.relativedelta import relativedelta
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_snake

from umami.embedded.filters import SWITCHES, apply_filters, field_of
from umami.embedded.http import Call, Parameters, Range, Text, Zone
from umami.embedded.property_filters import NAME as PROPERTY_FILTER
from umami.embedded.queries.sessions import Listed
from umami.embedded.scope import UNITS, Scope, Unit, format_bucket
from umami.embedded.wire import renamed

MOST_ROWS = 10_000


def one_of(names: Collection[str], otherwise: str) -> BeforeValidator:
    """A validator that refuses other texts than these, with the reason ``otherwise``."""

    def check(text: Any) -> Any:
        if isinstance(text, str) and text not in names:
            raise ValueError(otherwise)
        return text

    return BeforeValidator(check)


def since_reset(call: Call[Any]) -> Scope:
    """The rows of the requested range without filters, from the website's last reset on."""
    params: Range = call.params
    website = call.id("website_id")
    row = call.umami.store.row("SELECT reset_at FROM website WHERE website_id = ?", [website])
    reset = row[0] if row else None
    start = max(params.start, reset) if reset else params.start
    return Scope(website, start, params.end, definitions=call.umami.definitions)


def compared(scope: Scope, start: datetime, end: datetime, compare: str | None) -> Scope:
    """The scope over the range before: for ``yoy`` a calendar year earlier, else earlier by the
    range's length in whole minutes, so that a range to 23:59:59.999 and the range before overlap
    by a minute."""
    if compare == "yoy":
        year = relativedelta(years=1)
        return scope.between(start - year, end - year)
    length = timedelta(minutes=int((end - start) / timedelta(minutes=1)))
    return scope.between(start - length, end - length)


AnyUnit = Annotated[Unit, one_of(UNITS, "Invalid unit")]
DataType = Annotated[int, Field(ge=1, le=5)]
"""1 text, 2 number, 3 boolean, 4 date, 5 list."""

UTC = "utc"
"""The time zone in lower case: UTC, with buckets in the format of instants."""
ZoneOrUtc = Annotated[
    Zone, WrapValidator(lambda name, known_zone: name if name == UTC else known_zone(name))
]


class Timed(Range):
    """A range, and what 3.x accepts with each; without effect where nothing has a time axis."""

    unit: AnyUnit | None = None
    timezone: ZoneOrUtc | None = None
    compare: Annotated[str, one_of(("prev", "yoy"), "Invalid option")] | None = None

    @property
    def zone(self) -> str:
        """The time zone whose local time buckets follow."""
        return "UTC" if self.timezone in (None, UTC) else str(self.timezone)


def _filter_name(name: str) -> str:
    if name in SWITCHES or field_of(name) or PROPERTY_FILTER.fullmatch(name):
        return name
    raise ValueError("Unknown parameter")


class Filtered(Timed):
    """A range and the filters of 3.x: ``eq.DE,CH``, ``c.blog``, ``re.^/a``, or a value alone.
    Further filters by a field are numbered, ``browser1``. ``spf0`` and ``epf0`` filter by
    properties of sessions and events."""

    model_config = ConfigDict(extra="allow")
    by_visit: ClassVar[bool] = True
    __pydantic_extra__: dict[Annotated[str, AfterValidator(_filter_name)], Text]

    @property
    def filter_params(self) -> dict[str, str]:
        """All filters by their names."""
        return self.__pydantic_extra__


class Bucketed(Filtered):
    """Filters of what is counted over time. The default unit is the finest; without a time zone,
    or with ``utc``, buckets are instants instead of local times."""

    @property
    def answered_unit(self) -> Unit:
        """The unit of the response: for a long range, coarser than the requested one."""
        finest = _finest(self.start, self.end)
        if self.unit is None:
            return finest
        limit = UNITS.index("month" if finest == "year" else finest)
        return self.unit if UNITS.index(self.unit) >= limit else finest

    def stamp(self, start: datetime) -> str:
        """A bucket's start as text."""
        if self.timezone in (None, UTC):
            return start.strftime("%Y-%m-%dT%H:%M:%SZ")
        return format_bucket(start)


class Ranged(Filtered):
    """Filters and a range whose ends are integers in order."""

    @field_validator("startAt", "endAt", mode="before")
    @classmethod
    def _whole(cls, value: Any) -> Any:
        if isinstance(value, str) and not (value.isascii() and value.isdecimal()):
            raise ValueError("Expected an integer")
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.endAt < self.startAt:
            raise ValueError("endAt must be after startAt")
        return self


class OfProperty(Ranged):
    """One property, of one data type or of all."""

    propertyName: Text
    dataType: DataType | None = None


class Page(Parameters):
    """A page of a list."""

    equal: ClassVar[tuple[str, ...]] = ()
    """The parameters, of which each restricts the list to rows with its value."""
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    pageSize: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 20

    @property
    def skipped(self) -> int:
        """The number of rows before the page."""
        return (self.page - 1) * self.pageSize

    @property
    def searched(self) -> str:
        return (getattr(self, "search", "") or "").lower()

    @property
    def conditions(self) -> dict[str, Any]:
        """SQL conditions on the rows of the list, with their values."""
        values = {to_snake(name): getattr(self, name) for name in self.equal}
        return {f"{column} = ?": value for column, value in values.items() if value is not None}

    def response(self, rows: Sequence[dict[str, Any]], count: int) -> dict[str, Any]:
        """The response with the rows of this page, out of ``count`` rows."""
        return {"data": list(rows), "count": count, "page": self.page, "pageSize": self.pageSize}

    def answer(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The response with this page of all rows."""
        return self.response(rows[self.skipped : self.skipped + self.pageSize], len(rows))


class Listing(Page):
    """A page, and a text to search for. Lists have one order: ``orderBy`` has no effect."""

    search: Text = ""
    orderBy: Text | None = None
    sortDescending: Literal["true", "false"] | None = None


class Paged(Page, Filtered):
    """A page of the rows that pass filters; ``maxResults`` limits how many rows are counted.
    ``orderBy`` has no effect, as on 3.1."""

    search: Text | None = None
    orderBy: Text | None = None
    maxResults: Annotated[int, Field(ge=1, le=1_000_000)] = MOST_ROWS

    def listed(self, rows: Listed, columns: dict[str, str]) -> dict[str, Any]:
        """The response with these columns of the rows, and whether more rows exist."""
        page = [renamed(row, columns) for row in rows.rows]
        return {**self.response(page, rows.count), "isCapped": rows.capped}


def scope(call: Call[Any], without: str = "") -> Scope:
    """The rows that a request selects, from the website's last reset on; ``without`` is a parameter
    that is no filter."""
    params = call.params.filter_params if isinstance(call.params, Filtered) else {}
    filters = {name: text for name, text in params.items() if name != without}
    everything = replace(since_reset(call), whole_visits=call.whole_visits)
    return apply_filters(call.umami.store, everything, filters)


def _finest(start: datetime, end: datetime) -> Unit:
    """The finest unit that 3.1 uses for a range."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if end - start < timedelta(minutes=61):
        return "minute"
    if end - start < timedelta(days=31):
        return "hour"
    if months <= 7:
        return "day"
    return "month" if months <= 24 else "year"
