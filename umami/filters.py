"""Filters: which rows are looked at."""

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
"""The ways to compare, with the words for them; the last two take regular expressions."""

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
"""Fields to filter by, in the newest spelling, with the words for them."""
VISIT_FIELDS = frozenset(
    {"browser", "os", "device", "language", "country", "region", "city", "distinctId"}
)
"""Those of them that all views of a visit agree in. Servers keep the rows that pass a filter, so a
filter on one of these keeps or drops whole visits; any other keeps single views of a visit."""
NEWER_FIELDS = frozenset(
    {"utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm", "distinctId"}
)
"""Those of them that came with 3.1."""
SESSION_FIELDS = frozenset(
    {"browser", "os", "device", "language", "country", "region", "city", "distinctId"}
)
"""Those of them that are properties of visitors; the others are of single views and events."""
Match = Literal["all", "any"]
"""How filters are joined."""
LONGEST_VALUE = 500
MOST_VALUES = 50


@dataclass(frozen=True, slots=True, order=True)
class Filter:
    """Keep the rows whose ``field`` compares to the values; spelled ``path.eq./pricing``.

    ``eq`` keeps rows that equal any of several ``values``, ``neq`` those that equal none; the
    others take one. ``c``, ``dnc``, ``re`` and ``nre`` ignore case. A row that lacks the field
    matches none of ``neq``, ``dnc`` and ``nre``.
    """

    field: str
    operator: Operator
    values: tuple[str, ...]

    def __init__(self, field: str, operator: Operator, *values: str) -> None:
        """Raises ``InvalidView`` for what is no filter."""
        if field not in FIELDS:
            raise InvalidView(f"“{field[:40]}” is not a field to filter by.")
        if operator not in OPERATORS:
            raise InvalidView(f"“{operator[:40]}” is not a way to compare.")
        if not 1 <= len(values) <= (MOST_VALUES if operator in ("eq", "neq") else 1):
            raise InvalidView(f"A filter has 1 to {MOST_VALUES} values, one that contains one.")
        if any(not one or len(one) > LONGEST_VALUE or "\0" in one for one in values):
            raise InvalidView(f"A filter’s value has 1 to {LONGEST_VALUE} characters.")
        if operator in ("re", "nre"):
            _require_pattern(values[0])
        object.__setattr__(self, "field", field)
        object.__setattr__(self, "operator", operator)
        object.__setattr__(self, "values", tuple(dict.fromkeys(values)))

    @classmethod
    def parse(cls, text: str) -> Filter:
        """The filter that ``text`` spells; ``InvalidView`` says what is wrong with it."""
        field, _, rest = text.partition(".")
        operator, dot, value = rest.partition(".")
        if not dot:
            raise InvalidView(f"“{text[:80]}” is not a filter (field.operator.value).")
        return cls(field, operator, value)  # type: ignore[arg-type]

    def spelled(self) -> list[str]:
        """One text for each value; ``View.params`` has them, ``parse`` reads them back."""
        return [f"{self.field}.{self.operator}.{value}" for value in self.values]


def in_form_of(value: str, known: Iterable[str]) -> str:
    """A value in the Unicode form, composed or not, that known values have it in.

    Servers compare bytes, and what somebody types may look the same and be other bytes.
    """
    forms = (value, normalized("NFC", value), normalized("NFD", value))
    known = list(known)
    whole = (form for form in forms if form in known)
    within = (form for form in forms if any(form in one for one in known))
    return next(whole, None) or next(within, value)


def _require_pattern(text: str) -> None:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError):
        raise InvalidView(f"“{text[:40]}” is not a regular expression.") from None


def read(texts: Iterable[str]) -> tuple[tuple[Filter, ...], list[str]]:
    """The filters that texts spell, and a sentence for each that is none.

    Texts of one field and operator are one filter, of several values where it takes several.
    """
    found: dict[tuple[str, str], Filter] = {}
    dropped: list[str] = []
    for text in texts:
        try:
            one = Filter.parse(text)
            known = found.get((one.field, one.operator))
            if known is not None and one.operator in ("eq", "neq"):
                one = Filter(one.field, one.operator, *known.values, *one.values)
        except InvalidView as problem:
            dropped.append(str(problem))
            continue
        if known not in (None, one) and one.operator not in ("eq", "neq"):
            dropped.append(
                f"Only one filter that {FIELDS[one.field]} {OPERATORS[one.operator]} something; "
                "the last one is kept."
            )
        found[one.field, one.operator] = one
    return tuple(found.values()), dropped
