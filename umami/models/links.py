"""Short links and tracking pixels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from umami.parsing import Row, Time


class _Pixel(Row):
    id: str
    name: str
    slug: str
    teamId: str | None = None
    createdAt: Time = None


class _Link(_Pixel):
    url: str


_LINK, _PIXEL = TypeAdapter(_Link), TypeAdapter(_Pixel)


@dataclass(frozen=True, slots=True)
class Pixel:
    """A pixel that counts where it is shown; ``slug`` ends its address. Its ``id`` is asked about
    like that of a website."""

    id: str
    name: str
    slug: str
    team_id: str | None
    created: datetime | None

    @classmethod
    def read(cls, answer: Any) -> Pixel:
        """From a pixel object."""
        row = _PIXEL.validate_python(answer)
        return cls(row.id, row.name, row.slug, row.teamId, row.createdAt)


@dataclass(frozen=True, slots=True)
class Link:
    """A short link that counts its clicks and leads to ``url``; ``slug`` ends its address. Its
    ``id`` is asked about like that of a website."""

    id: str
    name: str
    url: str
    slug: str
    team_id: str | None
    created: datetime | None

    @classmethod
    def read(cls, answer: Any) -> Link:
        """From a link object."""
        row = _LINK.validate_python(answer)
        return cls(row.id, row.name, row.url, row.slug, row.teamId, row.createdAt)
