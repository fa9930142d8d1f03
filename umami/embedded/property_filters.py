"""Filters by a property of events or sessions (since 3.3): the parameters ``spf0`` and ``epf0``.
The format is ``<type>.<operator>.<name>.<value>``: ``1.eq.plan.pro,team`` keeps rows whose text
property ``plan`` is one of two values. The name is percent-encoded, including its dots."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal
from urllib.parse import unquote
from uuid import UUID

from umami.embedded.queries.property_data import NEWEST_VALUE
from umami.embedded.scope import Rows, text_condition

Owner = Literal["event", "session"]
NAME: Final = re.compile(r"([es])pf\d+")
"""The name of a parameter that filters by a property; the number makes it unique."""
TEXT, NUMBER, BOOLEAN, DATE, LIST = 1, 2, 3, 4, 5
ONE_OF: Final = ("eq", "neq")
OPERATORS: Final[dict[int, tuple[str, ...]]] = {
    TEXT: (*ONE_OF, "c", "dnc", "re", "nre"),
    NUMBER: (*ONE_OF, "gt", "lt", "gte", "lte"),
    BOOLEAN: ONE_OF,
    DATE: ("bf", "af"),
    LIST: (*ONE_OF, "c", "dnc", "re", "nre"),
}
SIGNS: Final = {"gt": ">", "lt": "<", "gte": ">=", "lte": "<=", "bf": "<", "af": ">"}


@dataclass(frozen=True, slots=True)
class PropertyFilter:
    """A comparison of a property of events or sessions with a value. ``eq`` and ``neq`` accept
    several values, separated by commas: one of them, none of them. Raises ``ValueError`` with the
    reason if the filter cannot be applied."""

    owner: Owner
    name: str
    data_type: int
    operator: str
    value: str

    def __post_init__(self) -> None:
        operators = OPERATORS.get(self.data_type)
        if operators is None:
            raise ValueError("A type is a number from 1 to 5")
        if self.operator not in operators:
            raise ValueError(f"Values of this type are compared by {', '.join(operators)}")
        try:
            self._condition()
        except (ValueError, InvalidOperation, OverflowError):
            raise ValueError("The value is not of this type") from None

    def restriction(self, website: UUID) -> Rows:
        """The condition on an event ``e``."""
        condition = self._condition()
        here = "WHERE d.website_id = ? AND d.data_key = ?"
        if self.owner == "event":
            ids = f"e.event_id IN (SELECT d.website_event_id FROM event_data d {here} AND"
        else:
            newest = f"SELECT d.* FROM session_data d {here} {NEWEST_VALUE}"
            ids = f"e.session_id IN (SELECT d.session_id FROM ({newest}) d WHERE"
        return Rows(
            f"{ids} d.data_type = ? AND {condition.sql})",
            [website, self.name, self.data_type, *condition.values],
        )

    def _condition(self) -> Rows:
        """The condition on a record ``d``."""
        if self.operator in ("c", "dnc", "re", "nre"):
            return text_condition("d.string_value", self.operator, self.value)
        column = {NUMBER: "number_value", DATE: "date_value"}.get(self.data_type, "string_value")
        if self.operator in SIGNS:
            return Rows(f"d.{column} {SIGNS[self.operator]} ?", [self._typed(self.value)])
        values = [self._typed(value) for value in self.value.split(",")]
        negation = "NOT " if self.operator == "neq" else ""
        return Rows(f"d.{column} {negation}IN ({', '.join('?' * len(values))})", values)

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
    """Parse a filter. Raises ``ValueError`` with the reason."""
    parts = text.split(".", 3)
    if len(parts) != 4 or not parts[2]:
        raise ValueError("Expected <type>.<operator>.<name>.<value>")
    kind, operator, name, value = parts
    data_type = int(kind) if re.fullmatch("[1-5]", kind) else 0
    return PropertyFilter(owner, unquote(name), data_type, operator, value)
