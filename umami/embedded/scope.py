"""The rows of the event table that a query counts: website, time range and filters, as SQL. Every
analysis starts from a ``Scope``. As in Umami, filters keep *rows*; filters on attributes of
visitors (country, browser, …) join the session. Names are those of the newest Umami."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args
from unicodedata import normalize
from uuid import UUID
from zoneinfo import ZoneInfo

from umami.embedded.definitions import NEWEST, Definitions
from umami.embedded.wire import camel_case

if TYPE_CHECKING:
    from umami.embedded.property_filters import PropertyFilter

Operator = Literal["eq", "neq", "c", "dnc", "re", "nre", "lacks"]
NEGATED = ("neq", "dnc", "nre")
Unit = Literal["minute", "hour", "day", "month", "year"]
UNITS: tuple[Unit, ...] = get_args(Unit)

EVENT_COLUMNS = {
    "path": "url_path",
    "query": "url_query",
    "title": "page_title",
    "hostname": "hostname",
    "referrer": "referrer_domain",
    "event": "event_name",
    "tag": "tag",
    **camel_case("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
}
SESSION_COLUMNS = camel_case(
    *("browser", "os", "device", "screen", "language", "country", "region", "city")
)
OF_SESSION = {**SESSION_COLUMNS, "distinctId": "distinct_id"}
"""The columns of sessions that can be filtered by; the last one identifies a person."""
OF_ITS_SESSION = "JOIN session s ON s.session_id = e.session_id AND s.website_id = e.website_id"
"""SQL that joins events ``e`` with their sessions ``s``."""
PAGEVIEW, CUSTOM_EVENT, LINK, PIXEL, PERFORMANCE = 1, 2, 3, 4, 5
VIEWS = (PAGEVIEW, LINK, PIXEL)
"""The event types that count as views: pages, links and pixels, not custom events or measurements
of a page's speed."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A piece of SQL, such as ``FROM … WHERE …``, and the values of its parameters in order."""

    sql: str
    values: list[Any] = field(default_factory=list)

    def where(self, condition: str, *values: Any) -> Rows:
        """The SQL, which ends with conditions, with another condition."""
        return Rows(f"{self.sql} AND {condition}", [*self.values, *values])

    def joined(self, *others: Rows) -> Rows:
        """The SQL with other pieces after it."""
        pieces = (self, *others)
        values = [value for piece in pieces for value in piece.values]
        return Rows("".join(piece.sql for piece in pieces), values)


def column(name: str) -> str:
    """The SQL of a field: ``e`` is the event, ``s`` its session."""
    if name in EVENT_COLUMNS:
        return f"e.{EVENT_COLUMNS[name]}"
    return f"s.{OF_SESSION[name]}"


@dataclass(frozen=True, slots=True)
class Filter:
    """A comparison of a field with a value, which rows have to pass. ``eq`` and ``neq`` accept
    several values: one of them, none of them. ``c`` and ``dnc`` search for a text, ``re`` and
    ``nre`` for a regular expression (RE2); both ignore case, unless the expression begins with
    ``(?c)``. Rows without a value pass no filter but ``lacks``, which keeps what ``re`` does not:
    the other rows, or of whole visits those without a row that matches."""

    field: str
    operator: Operator
    value: str | tuple[str, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The values; only ``eq`` and ``neq`` have more than one."""
        return (self.value,) if isinstance(self.value, str) else self.value

    @property
    def condition(self) -> Rows:
        name, values = column(self.field), self.values
        if self.operator in ("eq", "neq"):
            negation = "NOT " if self.operator == "neq" else ""
            texts = [form for value in values for form in unicode_forms(value)]
            return Rows(f"{name} {negation}IN ({', '.join('?' * len(texts))})", texts)
        return text_condition(name, self.operator, values[0])

    @property
    def opposite(self) -> Filter:
        """The filter that keeps what a filter ``lacks`` leaves out."""
        return replace(self, operator="re")


MINDING_CASE = "(?c)"
"""PostgreSQL's prefix of a case-sensitive regular expression."""


def text_condition(text: str, operator: str, value: str) -> Rows:
    """The condition that a text contains (``c``) or does not contain (``dnc``) a value, or matches
    (``re``) or does not match (``nre``) a regular expression."""
    negation = "NOT " if operator in NEGATED else ""
    if operator in ("c", "dnc"):
        return Rows(like(text, value, negation), [f"%{value}%"])
    # "s": a dot also matches the end of a line.
    case = "c" if value.startswith(MINDING_CASE) else "i"
    return Rows(
        f"{negation}regexp_matches({text}, ?, '{case}s')", [value.removeprefix(MINDING_CASE)]
    )


NORMALIZED = 2000
"""The maximum length of texts that are normalised: normalisation takes time that grows with the
square of the combining marks in a row."""


def unicode_forms(text: str) -> tuple[str, ...]:
    """A text, and its composed and decomposed forms if they differ."""
    if len(text) > NORMALIZED:
        return (text,)
    return tuple(dict.fromkeys((text, normalize("NFC", text), normalize("NFD", text))))


def like(text: str, value: str, negation: str = "") -> str:
    """SQL that searches a text for a value, its one parameter, ignoring case and Unicode form;
    ``%`` and ``_`` are wildcards. As in PostgreSQL, a backslash escapes them. ``ESCAPE`` and
    normalisation take time, so the SQL contains them only if the value needs them."""
    escape = r" ESCAPE '\'" if "\\" in value else ""
    if value.isascii() or len(value) > NORMALIZED:
        return f"{text} {negation}ILIKE ?{escape}"
    return f"nfc_normalize({text}) {negation}ILIKE nfc_normalize(?){escape}"


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows of a website between two instants (naive UTC, both included) that pass filters."""

    website: UUID
    start: datetime
    end: datetime
    filters: tuple[Filter, ...] = ()
    required: tuple[Filter, ...] = ()
    """Filters that rows pass even if ``any_filter`` or ``whole_visits`` is set."""
    any_filter: bool = False
    """Whether passing one of ``filters`` is enough."""
    properties: tuple[PropertyFilter, ...] = ()
    """Filters by properties of events and sessions, all of which apply."""
    event_type: int | None = None
    without_bounces: bool = False
    """Whether only visits with more than one view in the range count, regardless of filters."""
    cohort: Scope | None = None
    """Only sessions with a row in this scope count."""
    bare_hostname: bool = False
    """Whether referrers are compared with the hostname without ``www.``, as from 3.1 on."""
    own_referrers: bool = False
    """Whether a filter by referrer also keeps rows whose referrer is the website itself."""
    whole_visits: bool = False
    """Whether filters keep all rows of a visit that has a row in the range that passes them, so
    that bounces and durations are those of the visits; otherwise they keep single rows."""
    definitions: Definitions = NEWEST

    @property
    def is_filtered(self) -> bool:
        """Whether conditions other than website and range apply."""
        return bool(self._conditions())

    @property
    def external_referrer(self) -> str:
        """The condition that a row has a referrer other than the page's own website."""
        hostname = "e.hostname"
        if self.bare_hostname:
            hostname = (
                f"CASE WHEN {hostname} LIKE 'www_%' THEN substr({hostname}, 5) ELSE {hostname} END"
            )
        return f"e.referrer_domain <> {hostname}"

    def rows(self, *types: int, columns: Sequence[str] = ()) -> Rows:
        """``FROM … WHERE …`` over the events ``e``, joined with sessions ``s`` if necessary.
        ``types`` are the event types, by default all; ``columns`` are the fields that the query
        reads, which determine whether the session is joined."""
        filters = self.required if self.whole_visits else (*self.filters, *self.required)
        fields = {*columns, *(filter_.field for filter_ in filters)}
        session = f" {OF_ITS_SESSION}" if fields & OF_SESSION.keys() else ""
        rows = Rows(f"FROM website_event e{session} WHERE e.website_id = ?", [self.website])
        rows = rows.where("e.created_at BETWEEN ? AND ?", self.start, self.end)
        if types:
            rows = rows.where(f"e.event_type IN ({', '.join(map(str, types))})")
        for condition in self._conditions():
            rows = rows.where(condition.sql, *condition.values)
        return rows

    def filtered(self, *filters: Filter) -> Scope:
        """The same scope with these filters by fields instead of its own."""
        return replace(self, filters=filters)

    def unfiltered(self) -> Scope:
        """All rows of the website in the range."""
        return Scope(
            self.website,
            self.start,
            self.end,
            bare_hostname=self.bare_hostname,
            definitions=self.definitions,
        )

    def with_bounces(self) -> Scope:
        """The same scope including bounces, which 3.1 never leaves out of some counts."""
        return replace(self, without_bounces=False)

    def between(self, start: datetime, end: datetime) -> Scope:
        return replace(self, start=start, end=end)

    def _conditions(self) -> list[Rows]:
        """All conditions but those of website, range and event types."""
        conditions = self._visit_conditions() if self.whole_visits else self._row_conditions()
        conditions += [self._condition(filter_) for filter_ in self.required]
        if any(each.field == "referrer" and each.operator != "lacks" for each in self.required):
            conditions += self._without_own_referrers()
        if self.without_bounces:
            views = self.unfiltered().rows(PAGEVIEW)
            visits = f"SELECT e.session_id, e.visit_id {views.sql} GROUP BY ALL HAVING count(*) > 1"
            conditions.append(Rows(f"(e.session_id, e.visit_id) IN ({visits})", views.values))
        if self.cohort:
            members = self.cohort.rows(columns=("country",))
            conditions.append(
                Rows(f"e.session_id IN (SELECT e.session_id {members.sql})", members.values)
            )
        return conditions

    def _visit_conditions(self) -> list[Rows]:
        """The conditions that a visit has to pass: a row that passes the filters, and none that
        matches what the visit is to lack."""
        rows = replace(self, whole_visits=False, without_bounces=False, cohort=None, required=())
        lacking = [filter_ for filter_ in self.filters if filter_.operator == "lacks"]
        matching = rows.filtered(*(each for each in self.filters if each not in lacking))
        without = [
            _in_visits(replace(self.unfiltered(), filters=(filter_.opposite,)), "NOT IN")
            for filter_ in lacking
        ]
        passing = [_in_visits(matching)] if matching._row_conditions() else []
        if self.any_filter and lacking:
            either = _joined([*(passing if matching.filters else []), *without], "OR")
            unfiltered = rows.filtered()
            return [either, *([_in_visits(unfiltered)] if unfiltered._row_conditions() else [])]
        return [*passing, *without]

    def _row_conditions(self) -> list[Rows]:
        """The conditions that a single row has to pass, except ``required``."""
        conditions = [self._condition(filter_) for filter_ in self.filters]
        if self.any_filter and conditions:
            conditions = [_joined(conditions, "OR")]
        conditions += [filter_.restriction(self.website) for filter_ in self.properties]
        if any(each.field == "referrer" and each.operator != "lacks" for each in self.filters):
            conditions += self._without_own_referrers()
        if self.event_type is not None:
            conditions.append(Rows("e.event_type = ?", [self.event_type]))
        return conditions

    def _condition(self, filter_: Filter) -> Rows:
        """The condition of a filter on a row."""
        if filter_.operator != "lacks":
            return filter_.condition
        return Rows("NOT ").joined(self.matching([filter_.opposite]))

    def matching(self, filters: Sequence[Filter]) -> Rows:
        """The condition that a row passes all of some filters, which is never unknown."""
        conditions = [self._condition(filter_) for filter_ in filters]
        if any(each.field == "referrer" and each.operator != "lacks" for each in filters):
            conditions += self._without_own_referrers()
        return Rows("coalesce(").joined(all_of(conditions), Rows(", false)"))

    def _without_own_referrers(self) -> list[Rows]:
        """The condition that a filter by referrer adds: the website itself is no referrer."""
        if self.own_referrers:
            return []
        return [Rows(f"({self.external_referrer} OR e.referrer_domain IS NULL)")]


def all_of(conditions: Sequence[Rows]) -> Rows:
    """The condition that several hold."""
    return _joined(conditions, "AND")


def _joined(conditions: Sequence[Rows], operator: str) -> Rows:
    """Conditions joined by ``AND`` or ``OR``."""
    first, *others = conditions
    separator = Rows(f" {operator} ")
    rest = (piece for other in others for piece in (separator, other))
    return Rows("(").joined(first, *rest, Rows(")"))


def _in_visits(scope: Scope, test: str = "IN") -> Rows:
    """The condition that a row is of a visit with a row in a scope, or ``NOT IN`` such a visit."""
    rows = scope.rows()
    visits = f"SELECT e.session_id, e.visit_id {rows.sql}"
    return Rows(f"(e.session_id, e.visit_id) {test} ({visits})", rows.values)


def wall_clock(scope: Scope, timezone: str, time: str = "e.created_at") -> str:
    """SQL of a stored time as local time of a time zone. The SQL contains each change of the zone's
    offset within the range, which is several times faster than ``AT TIME ZONE`` for each row."""
    return f"({time} + to_seconds({_offset(time, _stretches(scope.start, scope.end, timezone))}))"


def bucket(scope: Scope, unit: Unit, timezone: str, time: str = "e.created_at") -> str:
    """SQL of the start of the bucket that contains a stored time, as local time of the zone."""
    return f"date_trunc('{unit}', {wall_clock(scope, timezone, time)})"


BUCKET = "%Y-%m-%d %H:%M:%S"
"""Umami's format of a bucket's start."""


def format_bucket(time: datetime) -> str:
    """A bucket's start in Umami's format: ``2026-08-01 00:00:00``."""
    return time.strftime(BUCKET)


Stretch = tuple[datetime, int]
"""The instant (naive UTC) from which an offset from UTC applies, and the offset in seconds."""


def _offset(time: str, stretches: Sequence[Stretch]) -> str:
    """SQL of the offset at a time, by binary search."""
    if len(stretches) == 1:
        return str(stretches[0][1])
    middle = len(stretches) // 2
    since = stretches[middle][0].isoformat(sep=" ")
    earlier, later = _offset(time, stretches[:middle]), _offset(time, stretches[middle:])
    return f"CASE WHEN {time} < TIMESTAMP '{since}' THEN {earlier} ELSE {later} END"


def _stretches(start: datetime, end: datetime, timezone: str) -> list[Stretch]:
    changes = [
        (time, seconds)
        for year in range(start.year, end.year + 1)
        for time, seconds in _changes(timezone, year)
        if start < time <= end
    ]
    return [(start, _seconds(start, timezone)), *changes]


@lru_cache(maxsize=2000)
def _changes(timezone: str, year: int) -> tuple[Stretch, ...]:
    """The changes of a zone's offset in a year, to the second."""
    changes = []
    day, limit = datetime(year, 1, 1), datetime(year + 1, 1, 1)
    while day < limit:
        low, high = day, day + timedelta(days=1)
        before, after = _seconds(low, timezone), _seconds(high, timezone)
        while before != after and high - low > timedelta(seconds=1):
            middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
            low, high = (middle, high) if _seconds(middle, timezone) == before else (low, middle)
        if before != after:
            changes.append((high, after))
        day += timedelta(days=1)
    return tuple(changes)


def _seconds(time: datetime, timezone: str) -> int:
    offset = time.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0
