"""What a figure means on the connected server, where its meaning changed between versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from umami.compat.generations import Generation
from umami.filters import FIELDS, SESSION_FIELDS


@dataclass(frozen=True, slots=True)
class Definitions:
    """Sentences that define figures, for tooltips, and what follows from them."""

    bounce: str
    channel: str
    filtered_revenue: str
    revenue_fields: frozenset[str]
    """The fields by which revenue can be filtered so that it is the revenue of the visitors who
    match: before 3.2 other filters are applied to the purchases themselves."""
    attribution_money: bool
    """Whether attribution tells money beside visitors."""
    direct: bool
    """Whether the channel ``direct`` holds the visitors with a visit that has no source."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One definition before and from the generation that changed it."""

    since: Generation
    before: str
    after: str

    def of(self, generation: Generation) -> str:
        """The definition that servers of a generation apply, and which versions share it."""
        if generation >= self.since:
            return f"{self.after} This is the definition of Umami {self.since} and newer."
        return f"{self.before} This is the definition of Umami before {self.since}."


BOUNCE: Final = Changed(
    Generation.V3_3,
    "A bounce is a visit with exactly one view, whatever else happened in it.",
    "A bounce is a visit with exactly one view and no custom event.",
)
CHANNEL: Final = Changed(
    Generation.V3_3,
    "A visitor counts in every channel that one of their views came through; views without a "
    "source have no channel.",
    "Every visit has one channel: that of its first view that has a source, else “direct”. AI "
    "assistants are a channel of their own, “llm”.",
)
FILTERED_REVENUE: Final = Changed(
    Generation.V3_2,
    "With filters, only purchases count whose own event passes the filters.",
    "With filters, all purchases count of visitors who have any view or event that passes the "
    "filters.",
)


def definitions(generation: Generation) -> Definitions:
    """The definitions that servers of a generation apply."""
    return Definitions(
        BOUNCE.of(generation),
        CHANNEL.of(generation),
        FILTERED_REVENUE.of(generation),
        _revenue_fields(generation),
        attribution_money=generation < Generation.V3_1,
        direct=generation >= CHANNEL.since,
    )


def _revenue_fields(generation: Generation) -> frozenset[str]:
    if generation >= FILTERED_REVENUE.since:
        return frozenset(FIELDS)
    # 2.x drops every filter of revenue without a word.
    return SESSION_FIELDS if generation >= Generation.V3_0 else frozenset()
