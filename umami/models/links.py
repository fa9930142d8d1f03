"""Short links and tracking pixels."""

from __future__ import annotations

from dataclasses import dataclass

from umami.models.records import Created, Record


@dataclass(frozen=True, slots=True)
class Pixel(Record):
    """A tracking pixel; ``slug`` ends its address. Queries take its ``id`` like a website's."""

    id: str
    name: str
    slug: str
    team_id: str | None = None
    created: Created = None


@dataclass(frozen=True, slots=True)
class Link(Record):
    """A short link that counts its clicks and leads to ``url``; ``slug`` ends its address. Queries
    take its ``id`` like a website's."""

    id: str
    name: str
    url: str
    slug: str
    team_id: str | None = None
    created: Created = None
