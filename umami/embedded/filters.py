"""Filters in the format of 3.x, and the saved segments and cohorts."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Literal, get_args
from uuid import UUID

import duckdb
from dateutil.relativedelta import SU, relativedelta
from pydantic import BaseModel, Field

from umami.embedded import property_filters
from umami.embedded.http import Text, from_milliseconds, now
from umami.embedded.property_filters import NAME, PropertyFilter
from umami.embedded.refusals import BadRequest
from umami.embedded.scope import EVENT_COLUMNS, OF_SESSION, Filter, Operator, Scope, text_condition
from umami.embedded.store import Store

FIELDS = (*EVENT_COLUMNS, *(name for name in OF_SESSION if name != "screen"))
"""The fields that can be filtered by."""
FIELDS_OF_STEPS = {
    "group": ("path",),
    "channel": ("referrer", "utmSource", "utmMedium", "utmCampaign"),
}
"""By kind of step, the fields that the rows of one are filtered by."""
SWITCHES = ("eventType", "segment", "cohort", "match", "excludeBounce")
"""The other parameters that filter."""
OPERATORS: dict[str, Operator] = {name: name for name in get_args(Operator)}
UNSUPPORTED = ("s", "ns", "t", "f", "gt", "lt", "gte", "lte", "bf", "af")
"""Operators that 3.1 parses, but cannot apply."""
PREFIX = re.compile(rf"({'|'.join((*OPERATORS, *UNSUPPORTED))})\.(.*)")
NUMBERED = re.compile(r"([A-Za-z]+?)\d*")
RELATIVE = re.compile(r"(\d{1,4})(hour|day|week|month|year)")
BETWEEN = re.compile(r"range:(\d{1,13}):(\d{1,13})")
MOST_FILTERS = 100
EVER = (datetime(1970, 1, 1), datetime(2100, 1, 1))
_HOUR = relativedelta(minute=0, second=0, microsecond=0)
_DAY = _HOUR + relativedelta(hour=0)
RANGES = {
    "hour": (_HOUR, relativedelta(hours=1)),
    "day": (_DAY, relativedelta(days=1)),
    "week": (_DAY + relativedelta(weekday=SU(-1)), relativedelta(weeks=1)),
    "month": (_DAY + relativedelta(day=1), relativedelta(months=1)),
    "year": (_DAY + relativedelta(month=1, day=1), relativedelta(years=1)),
}
"""By unit: what leads from a time to the start of its unit, and the length of the unit."""


class _Comparison(BaseModel):
    operator: Text = "eq"
    value: Text | Annotated[list[Text], Field(max_length=MOST_FILTERS)]

    @property
    def text(self) -> str:
        """The value; several values are separated by commas."""
        return self.value if isinstance(self.value, str) else ",".join(self.value)


class Condition(_Comparison):
    """A filter of a segment; several values mean one of them, or none of them."""

    name: Text


class Action(BaseModel):
    """An action of a cohort's visitors: viewing a path, or triggering an event."""

    type: Literal["path", "event"]
    value: Text


class PropertyCondition(_Comparison):
    """A filter of a segment by a property of sessions."""

    propertyName: Text
    dataType: int

    @property
    def filter(self) -> PropertyFilter:
        """The filter. Raises ``ValueError`` if it cannot be applied."""
        return PropertyFilter("session", self.propertyName, self.dataType, self.operator, self.text)


class Selection(BaseModel):
    """The parameters of a segment or cohort; ``dateRange`` and ``action`` belong to cohorts."""

    filters: Annotated[list[Condition], Field(max_length=MOST_FILTERS)] = []
    match: Literal["all", "any"] | None = None
    sessionPropertyFilters: Annotated[list[PropertyCondition], Field(max_length=MOST_FILTERS)] = []
    dateRange: Text | None = None
    action: Action | None = None

    @property
    def filter_params(self) -> dict[str, str]:
        """The filters as query parameters; repeated fields are numbered."""
        params: dict[str, str] = {}
        for condition in self.filters:
            number = sum(1 for name in params if field_of(name) == condition.name)
            params[f"{condition.name}{number or ''}"] = f"{condition.operator}.{condition.text}"
        return params


def field_of(name: str) -> str | None:
    """The field that a parameter filters by, or ``None``: ``browser1`` is a second filter by
    ``browser``."""
    match = NUMBERED.fullmatch(name)
    return match[1] if match and match[1] in FIELDS else None


def parsed(field: str, text: str) -> Filter:
    """Parse a filter: ``eq.DE,CH``, ``c.blog``, or a value alone. Raises ``BadRequest`` if the text
    begins with an operator that 3.1 parses but cannot apply."""
    match = PREFIX.fullmatch(text)
    prefix, value = (match[1], match[2]) if match else ("eq", text)
    if prefix in UNSUPPORTED:
        raise BadRequest(
            f"{field}: Unsupported operator {prefix}; say eq.{text} for the text itself"
        )
    operator = OPERATORS[prefix]
    return Filter(field, operator, tuple(value.split(",")) if operator in ("eq", "neq") else value)


def apply_filters(store: Store, scope: Scope, params: Mapping[str, str]) -> Scope:
    """The scope with the filters of a query, or of a report's ``filters``. Names are those of
    ``FIELDS``, also numbered, those of ``SWITCHES``, and ``spf0`` and ``epf0`` for properties.
    Raises ``BadRequest`` for an unknown name or a malformed value."""
    if len(params) > MOST_FILTERS:
        raise BadRequest("Too many filters")
    of_properties = {name: text for name, text in params.items() if NAME.fullmatch(name)}
    switches = {name: params[name] for name in SWITCHES if name in params}
    filters = {name: params[name] for name in params if name not in of_properties | switches}
    properties = []
    for name, text in of_properties.items():
        with _refused(name):
            properties.append(
                property_filters.parsed("session" if name[0] == "s" else "event", text)
            )
            _check_expression(store, properties[-1].operator, properties[-1].value)
    match = params.get("match")
    if match not in (None, "all", "any"):
        raise BadRequest("match: Invalid option: expected one of all, any")
    if "segment" in params:
        segment = _saved(store, scope.website, "segment", params["segment"])
        filters |= segment.filter_params
        match = segment.match or match
        with _refused("segment"):
            for condition in segment.sessionPropertyFilters:
                properties.append(condition.filter)
                _check_expression(store, properties[-1].operator, properties[-1].value)
    event_type = params.get("eventType", "1")
    if not re.fullmatch(r"[1-9]\d{0,8}", event_type):
        raise BadRequest("eventType: Expected a positive number")
    return replace(
        scope,
        filters=_filters(store, filters),
        any_filter=match == "any",
        properties=tuple(properties),
        event_type=int(event_type) if "eventType" in params else None,
        without_bounces=bool(params.get("excludeBounce")),
        cohort=_cohort(store, scope, params["cohort"]) if "cohort" in params else None,
        bare_hostname=True,
    )


@contextmanager
def _refused(name: str) -> Iterator[None]:
    """Raise ``BadRequest`` about a parameter for a ``ValueError``."""
    try:
        yield
    except ValueError as problem:
        raise BadRequest(f"{name}: {problem}") from None


def cohort_range(text: str, present: datetime) -> tuple[datetime, datetime]:
    """The first and last instant of a cohort's dates, naive UTC. ``30day`` are whole units up to
    the end of the present one; ``range:`` is followed by two times in Unix milliseconds; ``all`` is
    unlimited. Raises ``BadRequest`` for another text."""
    if text == "all":
        return EVER
    if between := BETWEEN.fullmatch(text):
        first, last = (
            from_milliseconds(min(int(time), 4_102_444_800_000)) for time in between.groups()
        )
        return first, last
    relative = RELATIVE.fullmatch(text)
    if not relative:
        raise BadRequest("cohort: Its dates are no range")
    number, unit = int(relative[1]), relative[2]
    to_start, step = RANGES[unit]
    start = present + to_start
    # There is no year 0.
    first = EVER[0] if unit == "year" and number >= present.year else start - number * step
    return max(first, EVER[0]), start + step - timedelta(milliseconds=1)


def check_rows(kind: str | None, params: Mapping[str, str]) -> None:
    """Check the filters, by names as in ``apply_filters``, of the rows of a kind of step. Raises
    ``ValueError``."""
    fields = FIELDS_OF_STEPS.get(kind or "", ())
    if bool(params) != bool(fields):
        raise ValueError("A group or a channel needs rows, and rows a group or a channel")
    if any(field_of(name) not in fields for name in params):
        raise ValueError(f"Expected filters of {', '.join(fields)}")


def of_rows(store: Store, params: Mapping[str, str]) -> tuple[Filter, ...]:
    """Filters of single rows, by names as in ``apply_filters``. Raises ``BadRequest``."""
    if not 1 <= len(params) <= MOST_FILTERS:
        raise BadRequest(f"Expected 1 to {MOST_FILTERS} filters")
    return _filters(store, params)


def _filters(store: Store, params: Mapping[str, str]) -> tuple[Filter, ...]:
    filters = []
    for name, text in params.items():
        field = field_of(name)
        if field is None:
            raise BadRequest(f"{name[:60]}: Unknown filter")
        filters.append(parsed(field, text))
        with _refused(field):
            _check_expression(store, filters[-1].operator, filters[-1].values[0])
    return tuple(filters)


def _check_expression(store: Store, operator: str, text: str) -> None:
    """Raise ``ValueError`` for an invalid regular expression."""
    if operator not in ("re", "nre", "lacks"):
        return
    condition = text_condition("''", operator, text)
    try:
        store.row(f"SELECT {condition.sql}", condition.values)
    except duckdb.Error:
        raise ValueError("Invalid regular expression") from None


def _saved(store: Store, website: UUID, kind: str, id: str) -> Selection:
    """The segment or cohort with this id."""
    try:
        row = store.row(
            "SELECT parameters FROM segment WHERE website_id = ? AND type = ? AND segment_id = ?",
            [website, kind, UUID(id)],
        )
    except ValueError:
        raise BadRequest(f"{kind}: Invalid uuid") from None
    if row is None:
        raise BadRequest(f"{kind}: Unknown {kind}")
    try:
        return Selection.model_validate_json(row[0])
    except ValueError:
        raise BadRequest(f"{kind}: Its parameters cannot be read") from None


def _cohort(store: Store, scope: Scope, id: str) -> Scope:
    """The rows that make a session a member of a cohort: its action, with its filters."""
    cohort = _saved(store, scope.website, "cohort", id)
    start, end = cohort_range(cohort.dateRange or "", now())
    action = cohort.action
    return Scope(
        scope.website,
        start,
        end,
        filters=_filters(store, cohort.filter_params),
        required=(Filter(action.type, "eq", tuple(action.value.split(","))),) if action else (),
        any_filter=cohort.match == "any",
        own_referrers=True,
    )
