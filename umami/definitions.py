"""What a figure means on the connected server, where its meaning changed between versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from umami.compat.generations import Generation
from umami.filters import FIELDS, VISIT_FIELDS


@dataclass(frozen=True, slots=True)
class Definitions:
    """Sentences that define figures, for tooltips, and what follows from them."""

    bounce: str
    channel: str
    filtered_revenue: str
    revenue_fields: frozenset[str]
    """The fields whose filters select visitors for revenue; before 3.2 other filters apply to the
    purchases themselves."""
    attribution_money: bool
    """Whether attribution reports money beside visitors."""
    direct: bool
    """Whether the channel ``direct`` contains the visitors with a visit that has no source."""


@dataclass(frozen=True, slots=True)
class Change:
    """A definition before and after the generation that changed it."""

    since: Generation
    before: str
    after: str

    def of(self, generation: Generation) -> str:
        """The definition of a generation, and the versions that share it."""
        if generation >= self.since:
            return f"{self.after} This is the definition of Umami {self.since} and newer."
        return f"{self.before} This is the definition of Umami before {self.since}."


BOUNCE: Final = Change(
    Generation.V3_3,
    "A bounce is a visit with exactly one view, whatever else happened in it.",
    "A bounce is a visit with exactly one view and no custom event.",
)
CHANNEL: Final = Change(
    Generation.V3_3,
    "A visitor counts in every channel that one of their views came through; views without a "
    "source have no channel.",
    "Every visit has one channel: that of its first view that has a source, else “direct”. AI "
    "assistants are a channel of their own, “llm”.",
)
FILTERED_REVENUE: Final = Change(
    Generation.V3_2,
    "With filters, only purchases count whose own event passes the filters.",
    "With filters, all purchases count of visitors who have any view or event that passes the "
    "filters.",
)


def definitions(generation: Generation) -> Definitions:
    """The definitions of a generation."""
    if generation >= FILTERED_REVENUE.since:
        revenue_fields = frozenset(FIELDS)
    else:
        # 2.x ignores every filter of revenue without an error.
        revenue_fields = VISIT_FIELDS if generation >= Generation.V3_0 else frozenset()
    return Definitions(
        BOUNCE.of(generation),
        CHANNEL.of(generation),
        FILTERED_REVENUE.of(generation),
        revenue_fields,
        attribution_money=generation < Generation.V3_1,
        direct=generation >= CHANNEL.since,
    )
