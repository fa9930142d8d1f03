"""What the collector says of something sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from umami.parsing import Row


class _Sent(Row):
    cache: str
    sessionId: str | None = None
    visitId: str | None = None


_SENT = TypeAdapter(_Sent)


@dataclass(frozen=True, slots=True)
class Sent:
    """Whether something was counted, and as whose; servers drop what bots send."""

    counted: bool
    session: str | None = None
    visit: str | None = None
    cache: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, answer: Any) -> Sent:
        """From ``{cache, sessionId, visitId}``, or ``{"beep": "boop"}`` for a bot."""
        if isinstance(answer, dict) and "beep" in answer:
            return cls(counted=False)
        row = _SENT.validate_python(answer)
        return cls(True, row.sessionId, row.visitId, row.cache)
