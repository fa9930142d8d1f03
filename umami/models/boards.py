"""Boards: pages that users of Umami put together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from umami.errors import NotFound
from umami.parsing import Row, Time


class _Board(Row):
    id: str
    type: str | None = None
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    teamId: str | None = None
    createdAt: Time = None
    updatedAt: Time = None


_BOARD = TypeAdapter(_Board)


@dataclass(frozen=True, slots=True)
class Board:
    """A board; ``parameters`` (what is on it) are the server's own."""

    id: str
    type: str | None
    name: str
    description: str
    parameters: dict[str, Any]
    team_id: str | None
    created: datetime | None
    updated: datetime | None

    @classmethod
    def read(cls, answer: Any) -> Board:
        """From a board object."""
        if answer is None:
            raise NotFound("There is no such board.")
        row = _BOARD.validate_python(answer)
        return cls(
            row.id,
            row.type,
            row.name,
            row.description or "",
            row.parameters or {},
            row.teamId,
            row.createdAt,
            row.updatedAt,
        )
