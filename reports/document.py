"""What a report is made of: a cover, and chapters of sections of blocks (``components.blocks``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from components.blocks import Block, Chart
from components.notes import Flag
from umami.analysis.expected import Marks


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under one title; ``about`` says what they are of."""

    title: str
    about: str
    blocks: tuple[Block, ...]
    wide: bool = False
    """Whether it takes the whole width, although its blocks are narrow."""
    findings: bool = False
    """Whether it says what changed, in sentences. Mails begin with them."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """What one page of the dashboard shows."""

    name: str
    title: str
    about: str
    sections: tuple[Section, ...]
    marks: Mapping[str, Marks] = field(default_factory=dict)
    """What is usual, by the column of its charts that it is drawn over."""

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
    period: str
    lines: dict[str, str]
    """What the cover says, by what it is about."""
    made: datetime
    """When it was made (aware, in the View's zone)."""
    as_of: datetime
    """When the server gave the oldest of its answers (aware, in the View's zone)."""


@dataclass(frozen=True, slots=True)
class Report:
    """All of it."""

    cover: Cover
    chapters: tuple[Chapter, ...]
    flags: tuple[Flag, ...] = ()
    """The notes of the period, which its time charts number."""
