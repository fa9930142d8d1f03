"""Parameters and rows that both faces share, whatever their spelling."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import AfterValidator

from umami.embedded.http import Call, Range, instant
from umami.embedded.scope import Scope, Unit

UNITS: tuple[Unit, ...] = ("minute", "hour", "day", "month", "year")
MOST_ROWS = 10_000


def one_of(names: Collection[str], otherwise: str) -> AfterValidator:
    """Refuses a text that is none of the names, with this reason."""

    def check(text: str) -> str:
        if text not in names:
            raise ValueError(otherwise)
        return text

    return AfterValidator(check)


def since_reset(call: Call[Any]) -> Scope:
    """The rows of the range that is asked about, without filters; those from before the
    website's reset do not count."""
    asked: Range = call.asked
    website = call.id("website_id")
    row = call.umami.store.row("SELECT reset_at FROM website WHERE website_id = ?", [website])
    reset = row[0] if row else None
    start = max(asked.start, reset) if reset else asked.start
    return Scope(website, start, asked.end)


def compared(scope: Scope, start: datetime, end: datetime, compare: str | None) -> Scope:
    """The range before: a calendar year earlier for ``yoy``, else by the range's own whole
    minutes, so that a range to 23:59:59.999 and the one before overlap by a minute."""
    if compare == "yoy":
        return scope.between(_year_before(start), _year_before(end))
    length = timedelta(minutes=int((end - start) / timedelta(minutes=1)))
    return scope.between(start - length, end - length)


def spelled_row(row: dict[str, Any], columns: dict[str, str]) -> dict[str, Any]:
    """A row of a table under the names that it bears on the wire."""
    return {name: _spelled(row[column]) for name, column in columns.items()}


def _spelled(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        # As text, and without the zeros that a column of a fixed scale adds.
        return f"{value.normalize():f}"
    return value


def _year_before(time: datetime) -> datetime:
    try:
        return time.replace(year=time.year - 1)
    except ValueError:
        return time.replace(year=time.year - 1, day=28)
