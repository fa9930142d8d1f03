"""Filters in the format of 3.x, and the saved segments and cohorts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import duckdb
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from umami.embedded import property_filters
from umami.embedded.http import Text, from_milliseconds, now
from umami.embedded.property_filters import PropertyFilter
from umami.embedded.refusals import BadRequest
from umami.embedded.scope import EVENT_COLUMNS, OF_SESSION, Filter, Operator, Scope, text_condition
from umami.embedded.store import Store

FIELDS = (*EVENT_COLUMNS, *(name for name in OF_SESSION if name != "screen"))
"""The fields that can be filtered by."""
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


class _Comparison(BaseModel):
    model_config = ConfigDict(extra="ignore")
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

    model_config = ConfigDict(extra="ignore")
    type: Literal["path", "event"]
    value: Text


class PropertyCondition(_Comparison):
    """A filter of a segment by a property of sessions."""

    propertyName: Text
    dataType: int

    @property
    def filter(self) -> PropertyFilter:
        """The filter. Raises ``ValueError`` if it cannot be applied."""
        return property_filters.checked(
            PropertyFilter("session", self.propertyName, self.dataType, self.operator, self.text)
        )


class Selection(BaseModel):
    """The parameters of a segment or cohort; ``dateRange`` and ``action`` belong to cohorts."""

    model_config = ConfigDict(extra="ignore")
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


def filters_by_property(name: str) -> bool:
    """Whether a parameter of this name filters by a property."""
    return property_filters.NAME.fullmatch(name) is not None


def parsed(field: str, text: str) -> Filter:
    """Parse a filter: ``eq.DE,CH``, ``c.blog``, or a value alone.

    Raises:
        BadRequest: if the text begins with an operator that 3.1 parses but cannot apply.
    """
    match = PREFIX.fullmatch(text)
    prefix, value = (match[1], match[2]) if match else ("eq", text)
    if prefix in UNSUPPORTED:
        raise BadRequest(
            f"{field}: Unsupported operator {prefix}; say eq.{text} for the text itself"
        )
    operator = OPERATORS[prefix]
    return Filter(field, operator, tuple(value.split(",")) if operator in ("eq", "neq") else value)


def apply_filters(store: Store, scope: Scope, params: Mapping[str, Any]) -> Scope:
    """The scope with the filters of a query, or of a report's ``filters``.

    Names are those of ``FIELDS``, also numbered, those of ``SWITCHES``, and ``spf0`` and ``epf0``
    for properties; values are texts, for ``eventType`` also numbers. ``None`` is no filter.

    Raises:
        BadRequest: for an unknown name or a malformed value.
    """
    texts = {name: _text(name, value) for name, value in params.items() if value is not None}
    if len(texts) > MOST_FILTERS:
        raise BadRequest("Too many filters")
    of_properties = {name: text for name, text in texts.items() if filters_by_property(name)}
    filters = {
        name: text
        for name, text in texts.items()
        if name not in SWITCHES and name not in of_properties
    }
    properties = [_property(store, name, text) for name, text in of_properties.items()]
    match = texts.get("match")
    if match not in (None, "all", "any"):
        raise BadRequest("match: Invalid option: expected one of all, any")
    if "segment" in texts:
        segment = _saved(store, scope.website, "segment", texts["segment"])
        filters |= segment.filter_params
        match = segment.match or match
        properties += _properties_of(store, segment)
    return replace(
        scope,
        filters=_filters(store, filters),
        any_filter=match == "any",
        properties=tuple(properties),
        event_type=_event_type(texts["eventType"]) if "eventType" in texts else None,
        without_bounces=bool(texts.get("excludeBounce")),
        cohort=_cohort(store, scope, texts["cohort"]) if "cohort" in texts else None,
        bare_hostname=True,
    )


def cohort_range(text: str, present: datetime) -> tuple[datetime, datetime]:
    """The first and last instant of a cohort's dates, naive UTC.

    ``30day`` are whole units up to the end of the present one; ``range:`` is followed by two times
    in Unix milliseconds; ``all`` is unlimited.

    Raises:
        BadRequest: for another text.
    """
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
    start = present.replace(minute=0, second=0, microsecond=0)
    if unit != "hour":
        start = start.replace(hour=0)
    if unit == "week":
        start -= timedelta(days=start.isoweekday() % 7)
    if unit in ("month", "year"):
        start = start.replace(day=1)
    if unit == "year":
        start = start.replace(month=1)
    end = _shifted(start, unit, 1) - timedelta(milliseconds=1)
    return _shifted(start, unit, -number), end


def _shifted(start: datetime, unit: str, number: int) -> datetime:
    """The start of the unit ``number`` units later, but not before 1970."""
    if unit in ("month", "year"):
        months = start.year * 12 + start.month - 1 + number * (12 if unit == "year" else 1)
        return datetime(max(months // 12, 1970), months % 12 + 1, 1)
    return max(start + timedelta(**{f"{unit}s": number}), EVER[0])


def _text(name: str, value: Any) -> str:
    try:
        if name == "eventType" and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return TypeAdapter(Text).validate_python(value, strict=True)
    except ValidationError:
        raise BadRequest(f"{name[:60]}: Invalid text") from None


def _event_type(text: str) -> int:
    if re.fullmatch(r"[1-9]\d{0,8}", text):
        return int(text)
    raise BadRequest("eventType: Expected a positive number")


def _filters(store: Store, params: Mapping[str, str]) -> tuple[Filter, ...]:
    filters = []
    for name, text in params.items():
        field = field_of(name)
        if field is None:
            raise BadRequest(f"{name[:60]}: Unknown filter")
        filter_ = parsed(field, text)
        _check_expression(store, field, filter_.operator, filter_.values[0])
        filters.append(filter_)
    return tuple(filters)


def _check_expression(store: Store, name: str, operator: str, text: str) -> None:
    """Raise ``BadRequest`` for an invalid regular expression."""
    if operator not in ("re", "nre"):
        return
    condition = text_condition("''", operator, text)
    try:
        store.row(f"SELECT {condition.sql}", condition.values)
    except duckdb.Error:
        raise BadRequest(f"{name}: Invalid regular expression") from None


def _property(store: Store, name: str, text: str) -> PropertyFilter:
    try:
        filter_ = property_filters.parsed("session" if name[0] == "s" else "event", text)
    except ValueError as problem:
        raise BadRequest(f"{name}: {problem}") from None
    _check_expression(store, name, filter_.operator, filter_.value)
    return filter_


def _properties_of(store: Store, segment: Selection) -> Iterable[PropertyFilter]:
    try:
        filters = [condition.filter for condition in segment.sessionPropertyFilters]
    except ValueError as problem:
        raise BadRequest(f"segment: {problem}") from None
    for filter_ in filters:
        _check_expression(store, "segment", filter_.operator, filter_.value)
    return filters


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
        return Selection.model_validate(json.loads(row[0]))
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
