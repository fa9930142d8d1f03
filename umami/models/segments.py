"""Saved segments and cohorts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, TypeAdapter

from umami.wire import Row


class _Segment(Row):
    id: str
    type: Literal["segment", "cohort"]
    name: str
    parameters: dict[str, Any] = Field(default_factory=dict)


_SEGMENT = TypeAdapter(_Segment)


@dataclass(frozen=True, slots=True)
class Segment:
    """A saved set of filters; ``parameters`` are the server's own."""

    id: str
    kind: Literal["segment", "cohort"]
    name: str
    parameters: dict[str, Any]

    @classmethod
    def read(cls, answer: Any) -> Segment:
        """From a segment object."""
        row = _SEGMENT.validate_python(answer)
        return cls(row.id, row.type, row.name, row.parameters)
