"""Websites, and the span of their data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from umami.errors import NotFound
from umami.wire import Row, Time


class _Website(Row):
    id: str
    name: str
    domain: str | None = None
    shareId: str | None = None
    teamId: str | None = None
    createdAt: Time = None
    resetAt: Time = None


class _DateRange(Row):
    startDate: Time
    endDate: Time


_WEBSITE, _RANGE = TypeAdapter(_Website), TypeAdapter(_DateRange)


@dataclass(frozen=True, slots=True)
class Website:
    """A website that Umami watches; ``share_id`` is set while it has a public link."""

    id: str
    name: str
    domain: str
    share_id: str | None = None
    team_id: str | None = None
    created: datetime | None = None
    reset: datetime | None = None

    @classmethod
    def read(cls, answer: Any) -> Website:
        """From a website object; ``null`` is how Umami says that there is none."""
        if answer is None:
            raise NotFound("There is no such website.")
        row = _WEBSITE.validate_python(answer)
        return cls(
            row.id,
            row.name,
            row.domain or "",
            row.shareId,
            row.teamId,
            row.createdAt,
            row.resetAt,
        )


@dataclass(frozen=True, slots=True)
class DateRange:
    """First and last instant (UTC) with data; both ``None`` for an empty website."""

    start: datetime | None
    end: datetime | None

    @classmethod
    def read(cls, answer: Any) -> DateRange:
        """From ``{startDate, endDate}``."""
        row = _RANGE.validate_python(answer)
        return cls(row.startDate, row.endDate)


def done(answer: Any) -> None:
    """What remains of ``{"ok": true}``."""
    if not isinstance(answer, dict):
        raise ValueError("no object")
