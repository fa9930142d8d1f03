"""Filters in the words of 3.1, and the segments and cohorts that are saved of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import duckdb
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from umami.embedded import property_filters
from umami.embedded.http import Text, moment, now
from umami.embedded.property_filters import PropertyFilter
from umami.embedded.refusals import BadRequest
from umami.embedded.scope import MINDING_CASE, Filter, Operator, Scope, matching
from umami.embedded.store import Store

FIELDS = (
    *("path", "title", "query", "hostname", "referrer", "tag", "event"),
    *("browser", "os", "device", "language", "country", "region", "city", "distinctId"),
    *("utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm"),
)
"""What can be filtered by."""
SWITCHES = ("eventType", "segment", "cohort", "match", "excludeBounce")
"""What else narrows a question."""
OPERATORS: dict[str, Operator] = {
    "eq": "eq",
    "neq": "neq",
    "c": "c",
    "dnc": "dnc",
    "re": "re",
    "nre": "nre",
}
FRUITLESS = ("s", "ns", "t", "f", "gt", "lt", "gte", "lte", "bf", "af")
"""Words that 3.1 reads as operators, too, and then fails."""
PREFIX = re.compile(rf"({'|'.join((*OPERATORS, *FRUITLESS))})\.(.*)")
NUMBERED = re.compile(r"([A-Za-z]+?)\d*")
RELATIVE = re.compile(r"(\d{1,4})(hour|day|week|month|year)")
BETWEEN = re.compile(r"range:(\d{1,13}):(\d{1,13})")
MOST_FILTERS = 100
EVER = (datetime(1970, 1, 1), datetime(2100, 1, 1))


class Condition(BaseModel):
    """One filter of a segment; several values are one of them, or none of them."""

    model_config = ConfigDict(extra="ignore")
    name: Text
    operator: Text = "eq"
    value: Text | Annotated[list[Text], Field(max_length=MOST_FILTERS)]


class Action(BaseModel):
    """What the visitors of a cohort did: they saw a path, or an event happened."""

    model_config = ConfigDict(extra="ignore")
    type: Literal["path", "event"]
    value: Text


class PropertyCondition(BaseModel):
    """A filter of a segment by a property of sessions."""

    model_config = ConfigDict(extra="ignore")
    propertyName: Text
    dataType: int
    operator: Text = "eq"
    value: Text | Annotated[list[Text], Field(max_length=MOST_FILTERS)]

    @property
    def filter(self) -> PropertyFilter:
        """The filter. Raises ``ValueError`` where it cannot be applied."""
        value = self.value if isinstance(self.value, str) else ",".join(self.value)
        return property_filters.checked(
            PropertyFilter("session", self.propertyName, self.dataType, self.operator, value)
        )


class Selection(BaseModel):
    """What a segment or a cohort selects; ``dateRange`` and ``action`` are a cohort's."""

    model_config = ConfigDict(extra="ignore")
    filters: Annotated[list[Condition], Field(max_length=MOST_FILTERS)] = []
    match: Literal["all", "any"] | None = None
    sessionPropertyFilters: Annotated[list[PropertyCondition], Field(max_length=MOST_FILTERS)] = []
    dateRange: Text | None = None
    action: Action | None = None

    @property
    def given(self) -> dict[str, str]:
        """The filters as a query spells them; those on the same field are numbered."""
        found: dict[str, str] = {}
        for one in self.filters:
            before = sum(1 for name in found if field_of(name) == one.name)
            value = one.value if isinstance(one.value, str) else ",".join(one.value)
            found[f"{one.name}{before or ''}"] = f"{one.operator}.{value}"
        return found


def field_of(name: str) -> str | None:
    """The field that a parameter filters by, if it does: ``browser1`` is a second filter by
    ``browser``."""
    match = NUMBERED.fullmatch(name)
    return match[1] if match and match[1] in FIELDS else None


def filters_by_property(name: str) -> bool:
    """Whether a parameter of this name filters by a property."""
    return property_filters.NAME.fullmatch(name) is not None


def parsed(field: str, text: str) -> Filter:
    """A filter by its text: ``eq.DE,CH``, ``c.blog``, or a value alone.

    Raises:
        BadRequest: if the text begins with an operator that 3.1 knows but cannot answer.
    """
    match = PREFIX.fullmatch(text)
    word, value = (match[1], match[2]) if match else ("eq", text)
    if word in FRUITLESS:
        raise BadRequest(f"{field}: Unsupported operator {word}; say eq.{text} for the text itself")
    operator = OPERATORS[word]
    if operator in ("eq", "neq"):
        return Filter(field, operator, tuple(value.split(",")))
    return Filter(field, operator, value)


def narrowed(store: Store, scope: Scope, given: Mapping[str, Any]) -> Scope:
    """The scope with filters as 3.1 spells them, in a query or in a report's ``filters``.

    Names are those of ``FIELDS``, also numbered, and of ``SWITCHES``, and ``spf0`` and ``epf0`` for
    properties; values are texts, and for
    ``eventType`` also a number. ``None`` is no filter.

    Raises:
        BadRequest: for an unknown name or a malformed value.
    """
    asked = {name: _text(name, value) for name, value in given.items() if value is not None}
    if len(asked) > MOST_FILTERS:
        raise BadRequest("Too many filters")
    of_properties = {name: text for name, text in asked.items() if filters_by_property(name)}
    filters = {
        name: text
        for name, text in asked.items()
        if name not in SWITCHES and name not in of_properties
    }
    by_property = [_property(store, name, text) for name, text in of_properties.items()]
    match = asked.get("match")
    if match not in (None, "all", "any"):
        raise BadRequest("match: Invalid option: expected one of all, any")
    if "segment" in asked:
        segment = _saved(store, scope.website, "segment", asked["segment"])
        filters |= segment.given
        match = segment.match or match
        by_property += _properties_of(store, segment)
    return replace(
        scope,
        filters=_filters(store, filters),
        any_filter=match == "any",
        properties=tuple(by_property),
        event_type=_event_type(asked["eventType"]) if "eventType" in asked else None,
        without_bounces=bool(asked.get("excludeBounce")),
        cohort=_cohort(store, scope, asked["cohort"]) if "cohort" in asked else None,
        bare_hostname=True,
    )


def dated(text: str, present: datetime) -> tuple[datetime, datetime]:
    """First and last instant of a cohort's dates: whole units up to the present one's end, such as
    ``30day``, or ``range:`` with two times in Unix milliseconds, or ``all``.

    Raises:
        BadRequest: for another text.
    """
    if text == "all":
        return EVER
    if between := BETWEEN.fullmatch(text):
        first, last = (min(int(one), 4_102_444_800_000) for one in between.groups())
        return moment(first), moment(last)
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
    end = _moved(start, unit, 1) - timedelta(milliseconds=1)
    return _moved(start, unit, -number), end


def _moved(start: datetime, unit: str, number: int) -> datetime:
    """So many units later; of months and years, the first day. Not before 1970."""
    if unit in ("month", "year"):
        months = start.year * 12 + start.month - 1 + number * (12 if unit == "year" else 1)
        return datetime(max(months // 12, 1970), months % 12 + 1, 1)
    steps = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
    return max(start + steps[unit] * number, EVER[0])


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


def _filters(store: Store, given: Mapping[str, str]) -> tuple[Filter, ...]:
    found = []
    for name, text in given.items():
        field = field_of(name)
        if field is None:
            raise BadRequest(f"{name[:60]}: Unknown filter")
        one = parsed(field, text)
        _check_expression(store, field, one.operator, one.values[0])
        found.append(one)
    return tuple(found)


def _check_expression(store: Store, name: str, operator: str, text: str) -> None:
    """Refuse a regular expression that is none; other operators take any text."""
    if operator not in ("re", "nre"):
        return
    test = matching("''", text)
    try:
        store.row(f"SELECT {test}", [text.removeprefix(MINDING_CASE)])
    except duckdb.Error:
        raise BadRequest(f"{name}: Invalid regular expression") from None


def _property(store: Store, name: str, text: str) -> PropertyFilter:
    try:
        found = property_filters.parsed("session" if name[0] == "s" else "event", text)
    except ValueError as problem:
        raise BadRequest(f"{name}: {problem}") from None
    _check_expression(store, name, found.operator, found.value)
    return found


def _properties_of(store: Store, segment: Selection) -> list[PropertyFilter]:
    try:
        found = [one.filter for one in segment.sessionPropertyFilters]
    except ValueError as problem:
        raise BadRequest(f"segment: {problem}") from None
    for one in found:
        _check_expression(store, "segment", one.operator, one.value)
    return found


def _saved(store: Store, website: UUID, kind: str, id: str) -> Selection:
    """The segment or cohort of this id."""
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
    """The rows whose sessions are the cohort: those that pass its filters and are its action."""
    saved = _saved(store, scope.website, "cohort", id)
    start, end = dated(saved.dateRange or "", now())
    action = saved.action
    return Scope(
        scope.website,
        start,
        end,
        filters=_filters(store, saved.given),
        required=(Filter(action.type, "eq", tuple(action.value.split(","))),) if action else (),
        any_filter=saved.match == "any",
        own_referrers=True,
    )
