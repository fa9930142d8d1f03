"""What a report is made of: a cover, and chapters of sections of blocks (``components.blocks``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from components.blocks import Block, Chart


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under one title; ``about`` says what they are of."""

    title: str
    about: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """What one page of the dashboard shows."""

    name: str
    title: str
    about: str
    sections: tuple[Section, ...]

    @property
    def charts(self) -> list[Chart]:
        """Its charts in their order."""
        return [
            block for part in self.sections for block in part.blocks if isinstance(block, Chart)
        ]


@dataclass(frozen=True, slots=True)
class Cover:
    """What the report is of, in words."""

    website: str
    domain: str
    period: str
    timezone: str
    filters: tuple[str, ...]
    comparison: str
    """The dates compared with; empty without a comparison."""
    server: str
    demo: bool
    made: datetime
    """When it was made (aware, in the View's zone)."""
    as_of: datetime
    """When the server gave the oldest of its answers (aware, in the View's zone)."""

    @property
    def lines(self) -> dict[str, str]:
        """What the cover says, by what it is about."""
        joined = "; ".join(self.filters)
        return {
            "Website": f"{self.website} ({self.domain})" if self.domain else self.website,
            "Period": self.period,
            "Time zone": self.timezone,
            "Filters": joined or "None",
            "Compared with": self.comparison or "Nothing",
            "Server": f"{self.server}, demo data" if self.demo else self.server,
            "Made": _said(self.made),
            "Figures as of": _said(self.as_of),
        }


def _said(moment: datetime) -> str:
    return f"{moment:%a} {moment.day} {moment:%b %Y, %H:%M}"


@dataclass(frozen=True, slots=True)
class Report:
    """All of it."""

    cover: Cover
    chapters: tuple[Chapter, ...]
