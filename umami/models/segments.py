"""Saved segments and cohorts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, TypeAdapter

from umami.errors import NotFound
from umami.parsing import Row

Kind = Literal["segment", "cohort"]


class _Segment(Row):
    id: str
    websiteId: str | None = None
    type: Kind
    name: str
    parameters: dict[str, Any] | None = Field(default_factory=dict)


_SEGMENT = TypeAdapter(_Segment)


@dataclass(frozen=True, slots=True)
class Segment:
    """A saved set of filters; ``parameters`` are the server's own."""

    id: str
    kind: Kind
    name: str
    parameters: dict[str, Any]

    @classmethod
    def read(cls, answer: Any, website: str | None = None) -> Segment:
        """From a segment object, which must be of the ``website`` where one is given."""
        if answer is None:
            raise NotFound("There is no such segment.")
        row = _SEGMENT.validate_python(answer)
        if website is not None and row.websiteId not in (None, website):
            raise NotFound("This website has no such segment.")
        return cls(row.id, row.type, row.name, row.parameters or {})
