"""Teams, which share websites among accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from umami.parsing import Row, Time


class _Team(Row):
    id: str
    name: str
    createdAt: Time = None


_TEAM = TypeAdapter(_Team)


@dataclass(frozen=True, slots=True)
class Team:
    """A team that the account belongs to. Its access code, which lets anyone join, is not read."""

    id: str
    name: str
    created: datetime | None

    @classmethod
    def read(cls, answer: Any) -> Team:
        """From a team object."""
        row = _TEAM.validate_python(answer)
        return cls(row.id, row.name, row.createdAt)
