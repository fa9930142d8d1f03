"""Filters: conditions on rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from umami.errors import InvalidView
from umami.normal_forms import normalized

Operator = Literal["eq", "neq", "c", "dnc", "re", "nre"]
OPERATORS: dict[Operator, str] = {
    "eq": "is",
    "neq": "is not",
    "c": "contains",
    "dnc": "does not contain",
    "re": "matches",
    "nre": "does not match",
}
"""Operators with their words; the last two take regular expressions."""

FIELDS: dict[str, str] = {
    "path": "Page",
    "title": "Page title",
    "query": "URL query",
    "hostname": "Hostname",
    "referrer": "Referrer",
    "event": "Event",
    "tag": "Tag",
    "browser": "Browser",
    "os": "Operating system",
    "device": "Device",
    "language": "Language",
    "country": "Country",
    "region": "Region",
    "city": "City",
    "utmSource": "UTM source",
    "utmMedium": "UTM medium",
    "utmCampaign": "UTM campaign",
    "utmContent": "UTM content",
    "utmTerm": "UTM term",
    "distinctId": "Distinct id",
}
"""Fields to filter by, by the newest generation's names, with their words."""
VISIT_FIELDS = frozenset(
    {"browser", "os", "device", "language", "country", "region", "city", "distinctId"}
)
"""Fields with the same value in all rows of a visit. Servers apply filters to rows, so a filter on
one of these keeps or drops whole visits; any other keeps single rows of a visit."""
NEWER_FIELDS = frozenset(
    {"utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm", "distinctId"}
)
"""Fields that 3.1 introduced."""
Match = Literal["all", "any"]
"""How filters are joined."""
LONGEST_VALUE = 500
MOST_VALUES = 50


@dataclass(frozen=True, slots=True, order=True)
class Filter:
    """A condition on rows, in text form ``path.eq./pricing``.

    ``eq`` keeps rows that equal any of several ``values``, ``neq`` those that equal none; the other
    operators take one value. ``c``, ``dnc``, ``re`` and ``nre`` ignore case. A row without the
    field does not match ``neq``, ``dnc`` or ``nre``.
    """

    field: str
    operator: Operator
    values: tuple[str, ...]

    def __init__(self, field: str, operator: Operator, *values: str) -> None:
        """Raises ``InvalidView``."""
        if field not in FIELDS:
            raise InvalidView(f"“{field[:40]}” is not a field to filter by.")
        if operator not in OPERATORS:
            raise InvalidView(f"“{operator[:40]}” is not an operator of filters.")
        if not 1 <= len(values) <= (MOST_VALUES if operator in ("eq", "neq") else 1):
            raise InvalidView(f"A filter has 1 to {MOST_VALUES} values, with “contains” just one.")
        if any(not value or len(value) > LONGEST_VALUE or "\0" in value for value in values):
            raise InvalidView(f"A filter’s value has 1 to {LONGEST_VALUE} characters.")
        if operator in ("re", "nre"):
            _require_pattern(values[0])
        object.__setattr__(self, "field", field)
        object.__setattr__(self, "operator", operator)
        object.__setattr__(self, "values", tuple(dict.fromkeys(values)))

    @classmethod
    def parse(cls, text: str) -> Filter:
        """The filter of a text. Raises ``InvalidView``."""
        field, _, rest = text.partition(".")
        operator, dot, value = rest.partition(".")
        if not dot:
            raise InvalidView(f"“{text[:80]}” is not a filter (field.operator.value).")
        return cls(field, operator, value)  # type: ignore[arg-type]

    def texts(self) -> list[str]:
        """One text for each value, which ``parse`` accepts."""
        return [f"{self.field}.{self.operator}.{value}" for value in self.values]


def in_form_of(value: str, known: Iterable[str]) -> str:
    """A value in the Unicode normal form, composed or not, in which known values contain it.

    Servers compare bytes, and a typed value may look the same and consist of other bytes.
    """
    forms = (value, normalized("NFC", value), normalized("NFD", value))
    known = list(known)
    whole = (form for form in forms if form in known)
    within = (form for form in forms if any(form in value for value in known))
    return next(whole, None) or next(within, value)


def _require_pattern(text: str) -> None:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError):
        raise InvalidView(f"“{text[:40]}” is not a regular expression.") from None


def parse_filters(texts: Iterable[str]) -> tuple[tuple[Filter, ...], list[str]]:
    """The filters of texts, and a sentence for each text that was dropped.

    Texts with the same field and operator make one filter, with several values where the operator
    takes several.
    """
    filters: dict[tuple[str, str], Filter] = {}
    dropped: list[str] = []
    for text in texts:
        try:
            filter_ = Filter.parse(text)
            key = filter_.field, filter_.operator
            same = filters.get(key)
            if same is not None and filter_.operator in ("eq", "neq"):
                filter_ = Filter(*key, *same.values, *filter_.values)
        except InvalidView as problem:
            dropped.append(str(problem))
            continue
        if same not in (None, filter_) and filter_.operator not in ("eq", "neq"):
            dropped.append(
                f"There can be one filter that {FIELDS[filter_.field]} "
                f"{OPERATORS[filter_.operator]} something; the last one is used."
            )
        filters[key] = filter_
    return tuple(filters.values()), dropped
