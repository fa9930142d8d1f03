"""Which rows of the event table a question is about: website, range and filters, as SQL.

Every analysis starts from here. Umami's filters keep *rows*; those on visitors' attributes
(country, browser, …) join the session. Names are the newest generation's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal
from unicodedata import normalize
from uuid import UUID
from zoneinfo import ZoneInfo

from umami.embedded.definitions import NEWEST, Definitions

if TYPE_CHECKING:
    from umami.embedded.property_filters import PropertyFilter

Operator = Literal["eq", "neq", "c", "dnc", "re", "nre"]
Unit = Literal["minute", "hour", "day", "month", "year"]

EVENT_COLUMNS = {
    "path": "url_path",
    "query": "url_query",
    "title": "page_title",
    "hostname": "hostname",
    "referrer": "referrer_domain",
    "event": "event_name",
    "tag": "tag",
    "utmSource": "utm_source",
    "utmMedium": "utm_medium",
    "utmCampaign": "utm_campaign",
    "utmContent": "utm_content",
    "utmTerm": "utm_term",
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
OF_SESSION = {**SESSION_COLUMNS, "distinctId": "distinct_id"}
"""The session's columns that can be filtered by; the last one tells who somebody is."""
PAGEVIEW, CUSTOM_EVENT, PERFORMANCE = 1, 2, 5


def column(name: str) -> str:
    """The SQL of a field: ``e.`` is the event, ``s.`` its session."""
    if name in EVENT_COLUMNS:
        return f"e.{EVENT_COLUMNS[name]}"
    return f"s.{OF_SESSION[name]}"


@dataclass(frozen=True, slots=True)
class Filter:
    """Keep rows whose field compares to the value.

    ``eq`` and ``neq`` take several values: one of them, none of them. ``c`` and ``dnc`` look for a
    text in the field, ``re`` and ``nre`` for a regular expression (RE2); these ignore case, but for
    an expression that begins with ``(?c)``.
    """

    field: str
    operator: Operator
    value: str | tuple[str, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The values; one of them but for ``eq`` and ``neq``."""
        return (self.value,) if isinstance(self.value, str) else self.value

    @property
    def sql(self) -> tuple[str, list[str]]:
        """Condition, and what its question marks stand for. A row without the field passes none."""
        name, values = column(self.field), self.values
        if self.operator in ("eq", "neq"):
            negation = "NOT " if self.operator == "neq" else ""
            texts = [form for value in values for form in unicode_forms(value)]
            return f"{name} {negation}IN ({', '.join('?' * len(texts))})", texts
        if self.operator in ("c", "dnc"):
            negation = "NOT " if self.operator == "dnc" else ""
            return like(name, values[0], negation), [f"%{values[0]}%"]
        negation = "NOT " if self.operator == "nre" else ""
        return f"{negation}{matching(name, values[0])}", [values[0].removeprefix(MINDING_CASE)]


MINDING_CASE = "(?c)"
"""PostgreSQL's beginning of a regular expression that minds case whoever asks."""


def matching(text: str, expression: str) -> str:
    """SQL that looks in a text for a regular expression, which is its one question mark and comes
    without the beginning that makes it mind case; a dot stands for the end of a line, too."""
    case = "c" if expression.startswith(MINDING_CASE) else "i"
    return f"regexp_matches({text}, ?, '{case}s')"


NORMALIZED = 2000
"""Characters of a text that is looked for in every Unicode form: normalizing takes time that grows
with the square of the marks in a row."""


def unicode_forms(text: str) -> tuple[str, ...]:
    """A text, and the same with its letters composed and not, where that is another."""
    if len(text) > NORMALIZED:
        return (text,)
    return tuple(dict.fromkeys((text, normalize("NFC", text), normalize("NFD", text))))


def like(text: str, value: str, negation: str = "") -> str:
    """SQL that looks in a text for a value, its one question mark, without minding case; ``%`` and
    ``_`` stay wildcards.

    A backslash takes their meaning away, as PostgreSQL has it; naming it costs time, so only
    where there is one. So does minding neither which Unicode form a letter has, composed or not.
    """
    escape = r" ESCAPE '\'" if "\\" in value else ""
    if value.isascii() or len(value) > NORMALIZED:
        return f"{text} {negation}ILIKE ?{escape}"
    return f"nfc_normalize({text}) {negation}ILIKE nfc_normalize(?){escape}"


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows of one website between two instants (naive UTC, both included) that pass filters."""

    website: UUID
    start: datetime
    end: datetime
    filters: tuple[Filter, ...] = ()
    required: tuple[Filter, ...] = ()
    """Filters that a row has to pass, even where one of ``filters`` is enough."""
    any_filter: bool = False
    """Whether one of ``filters`` is enough."""
    properties: tuple[PropertyFilter, ...] = ()
    """Filters by properties of events and sessions, all of which a row has to pass."""
    event_type: int | None = None
    without_bounces: bool = False
    """Only visits with more than one view in the range, whatever the filters."""
    cohort: Scope | None = None
    """Only sessions that have a row there."""
    bare_hostname: bool = False
    """Whether a website's own name is its hostname without ``www.``, as from 3.1 on."""
    own_referrers: bool = False
    """Whether a filter by referrer also finds visits that a website sent to itself."""
    definitions: Definitions = NEWEST
    """What bounces, channels and revenue under filters mean."""

    @property
    def narrowed(self) -> bool:
        """Whether anything but website and range decides which rows count."""
        return bool(self._restrictions())

    @property
    def elsewhere(self) -> str:
        """Condition that a row's referrer is known and not the page's own website."""
        own = "e.hostname"
        if self.bare_hostname:
            own = f"CASE WHEN {own} LIKE 'www_%' THEN substr({own}, 5) ELSE {own} END"
        return f"e.referrer_domain <> {own}"

    def rows(self, *types: int, columns: Sequence[str] = (), where: Sequence[str] = ()) -> Rows:
        """``FROM … WHERE …`` over the events ``e`` (and sessions ``s`` where needed).

        ``types`` restricts the event type; ``columns`` are the field names the query will read,
        so that the session is joined only if one is its; ``where`` adds conditions.
        """
        values: list[Any] = [self.website, self.start, self.end]
        conditions = ["e.website_id = ?", "e.created_at BETWEEN ? AND ?"]
        if types:
            conditions.append(f"e.event_type IN ({', '.join(map(str, types))})")
        for restriction in self._restrictions():
            conditions.append(restriction.sql)
            values.extend(restriction.values)
        conditions.extend(where)
        joined = any(
            name in OF_SESSION
            for name in (*columns, *(one.field for one in (*self.filters, *self.required)))
        )
        session = (
            " JOIN session s ON s.session_id = e.session_id AND s.website_id = e.website_id"
            if joined
            else ""
        )
        return Rows(f"FROM website_event e{session} WHERE {' AND '.join(conditions)}", values)

    def filtered(self, *filters: Filter) -> Scope:
        """The same question with these filters by fields instead of its own."""
        return replace(self, filters=filters)

    def unfiltered(self) -> Scope:
        """Every row of the website and the range."""
        return Scope(
            self.website,
            self.start,
            self.end,
            bare_hostname=self.bare_hostname,
            definitions=self.definitions,
        )

    def between(self, start: datetime, end: datetime) -> Scope:
        """The same question over another range."""
        return replace(self, start=start, end=end)

    def _restrictions(self) -> list[Rows]:
        """What else than website, range and types decides, as conditions with their values."""
        passed = [Rows(*one.sql) for one in self.filters]
        if self.any_filter and passed:
            either = " OR ".join(one.sql for one in passed)
            passed = [Rows(f"({either})", [value for one in passed for value in one.values])]
        found = [*passed, *(Rows(*one.sql) for one in self.required)]
        found += [one.restriction(self.website) for one in self.properties]
        if not self.own_referrers and any(one.field == "referrer" for one in self.filters):
            # A website is no source of its own visitors.
            found.append(Rows(f"({self.elsewhere} OR e.referrer_domain IS NULL)"))
        if self.event_type is not None:
            found.append(Rows("e.event_type = ?", [self.event_type]))
        if self.without_bounces:
            views = self.unfiltered().rows(PAGEVIEW)
            stayed = f"SELECT e.session_id, e.visit_id {views.sql} GROUP BY ALL HAVING count(*) > 1"
            found.append(Rows(f"(e.session_id, e.visit_id) IN ({stayed})", views.values))
        if self.cohort:
            members = self.cohort.rows(columns=("country",))
            found.append(
                Rows(f"e.session_id IN (SELECT e.session_id {members.sql})", members.values)
            )
        return found


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
