"""Filters by a property of events or of sessions, as 3.3 brought them: ``spf0`` and ``epf0``.

Their text is ``<type>.<operator>.<name>.<value>``: ``1.eq.plan.pro,team`` keeps what has the text
property ``plan`` with one of two values. The name is percent-encoded, its dots included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal
from urllib.parse import unquote
from uuid import UUID

from umami.embedded.queries.session_data import NEWEST_VALUE
from umami.embedded.scope import MINDING_CASE, Rows, like, matching

Owner = Literal["event", "session"]
NAME: Final = re.compile(r"([es])pf\d+")
"""The name of a parameter that filters by a property; the number only tells several apart."""
TEXT, NUMBER, BOOLEAN, DATE, LIST = 1, 2, 3, 4, 5
ONE_OF: Final = ("eq", "neq")
OPERATORS: Final[dict[int, tuple[str, ...]]] = {
    TEXT: (*ONE_OF, "c", "dnc", "re", "nre"),
    NUMBER: (*ONE_OF, "gt", "lt", "gte", "lte"),
    BOOLEAN: ONE_OF,
    DATE: ("bf", "af"),
    LIST: (*ONE_OF, "c", "dnc", "re", "nre"),
}
"""What values of a type can be compared by."""
SIGNS: Final = {"gt": ">", "lt": "<", "gte": ">=", "lte": "<=", "bf": "<", "af": ">"}


@dataclass(frozen=True, slots=True)
class PropertyFilter:
    """Keep rows whose event or session has the property, with a value that fits.

    ``eq`` and ``neq`` take several values between commas: one of them, none of them.
    """

    owner: Owner
    name: str
    data_type: int
    operator: str
    value: str

    def restriction(self, website: UUID) -> Rows:
        """Condition on an event ``e``, and the values of its question marks."""
        fits, values = self._condition()
        given = [website, self.name, self.data_type, *values]
        if self.owner == "event":
            return Rows(
                "e.event_id IN (SELECT d.website_event_id FROM event_data d "
                f"WHERE d.website_id = ? AND d.data_key = ? AND d.data_type = ? AND {fits})",
                given,
            )
        return Rows(
            "e.session_id IN (SELECT d.session_id FROM (SELECT d.* FROM session_data d "
            f"WHERE d.website_id = ? AND d.data_key = ? {NEWEST_VALUE}) d "
            f"WHERE d.data_type = ? AND {fits})",
            given,
        )

    def _condition(self) -> tuple[str, list[Any]]:
        """Condition on a record ``d`` of a property, and its values.

        Raises ``ValueError`` for a value that is none of its type.
        """
        negation = "NOT " if self.operator in ("neq", "dnc", "nre") else ""
        if self.operator in ("c", "dnc"):
            return like("d.string_value", self.value, negation), [f"%{self.value}%"]
        if self.operator in ("re", "nre"):
            matches = matching("d.string_value", self.value)
            return f"{negation}{matches}", [self.value.removeprefix(MINDING_CASE)]
        column = {NUMBER: "number_value", DATE: "date_value"}.get(self.data_type, "string_value")
        if self.operator in SIGNS:
            return f"d.{column} {SIGNS[self.operator]} ?", [self._typed(self.value)]
        values = [self._typed(one) for one in self.value.split(",")]
        return f"d.{column} {negation}IN ({', '.join('?' * len(values))})", values

    def _typed(self, text: str) -> Any:
        if self.data_type == NUMBER:
            number = Decimal(text)
            if not number.is_finite() or abs(number) >= 10**15:
                raise ValueError(text)
            return number
        if self.data_type == DATE:
            time = datetime.fromisoformat(text)
            return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
        if self.data_type == BOOLEAN and text not in ("true", "false"):
            raise ValueError(text)
        return text


def parsed(owner: Owner, text: str) -> PropertyFilter:
    """A filter by its text. Raises ``ValueError`` with what is wrong."""
    parts = text.split(".", 3)
    if len(parts) != 4 or not parts[2]:
        raise ValueError("Expected <type>.<operator>.<name>.<value>")
    kind, operator, name, value = parts
    return checked(PropertyFilter(owner, unquote(name), _type(kind), operator, value))


def checked(given: PropertyFilter) -> PropertyFilter:
    """The filter. Raises ``ValueError`` where it cannot be applied."""
    operators = OPERATORS.get(given.data_type)
    if operators is None:
        raise ValueError("A type is a number from 1 to 5")
    if given.operator not in operators:
        raise ValueError(f"Values of this type are compared by {', '.join(operators)}")
    try:
        given.restriction(UUID(int=0))
    except (ValueError, InvalidOperation, OverflowError):
        raise ValueError("The value is not of this type") from None
    return given


def _type(text: str) -> int:
    return int(text) if re.fullmatch("[1-5]", text) else 0
