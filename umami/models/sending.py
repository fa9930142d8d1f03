"""The collector's response to something sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from umami.models.records import Record, parse


@dataclass(frozen=True, slots=True)
class Sent(Record):
    """Whether the server counted something, and for which session; servers drop what bots send."""

    counted: bool
    session: Annotated[str | None, Field(alias="sessionId")] = None
    visit: Annotated[str | None, Field(alias="visitId")] = None
    cache: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, answer: Any) -> Sent:
        """From ``{cache, sessionId, visitId}``, or ``{"beep": "boop"}`` for a bot."""
        if isinstance(answer, dict) and "beep" in answer:
            return cls(counted=False)
        if not isinstance(answer["cache"], str):
            raise ValueError("no cache")
        return parse(cls, {**answer, "counted": True})
