"""Boards: pages that users of Umami put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import Field

from umami.models.records import Created, Object, Record, Text
from umami.parsing import Time


@dataclass(frozen=True, slots=True)
class Board(Record):
    """A board; ``parameters`` describe its content in the server's format."""

    missing: ClassVar[str] = "There is no such board."

    id: str
    name: str
    type: str | None = None
    description: Text = ""
    parameters: Object = field(default_factory=dict)
    team_id: str | None = None
    created: Created = None
    updated: Annotated[Time, Field(alias="updatedAt")] = None
