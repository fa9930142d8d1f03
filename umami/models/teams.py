"""Teams, which share websites among accounts."""

from __future__ import annotations

from dataclasses import dataclass

from umami.models.records import Created, Record


@dataclass(frozen=True, slots=True)
class Team(Record):
    """A team that the account belongs to. Its access code, which lets anyone join, is ignored."""

    id: str
    name: str
    created: Created = None
