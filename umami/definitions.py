"""What a figure means on the connected server, where its meaning changed between versions."""

from dataclasses import dataclass

from umami.compat.generations import Generation
from umami.filters import FIELDS, VISIT_FIELDS
from umami.texts import N_, Message


@dataclass(frozen=True, slots=True)
class Definitions:
    """Sentences that define figures, for tooltips, and what follows from them."""

    generation: Generation

    def _since(self, changed: Generation, before: str, after: str) -> str:
        """The definition before or after the generation that changed it, with its versions."""
        if self.generation >= changed:
            return Message(
                "{after} This is the definition of Umami {changed} and newer.",
                after=Message(after),
                changed=changed,
            )
        return Message(
            "{before} This is the definition of Umami before {changed}.",
            before=Message(before),
            changed=changed,
        )

    @property
    def bounce(self) -> str:
        return self._since(
            Generation.V3_3,
            N_("A bounce is a visit with exactly one view, whatever else happened in it."),
            N_("A bounce is a visit with exactly one view and no custom event."),
        )

    @property
    def channel(self) -> str:
        return self._since(
            Generation.V3_3,
            N_(
                "A visitor counts in every channel that one of their views came through; views "
                "without a source have no channel."
            ),
            N_(
                "Every visit has one channel: that of its first view that has a source, else "
                "“direct”. AI assistants are a channel of their own, “llm”."
            ),
        )

    @property
    def filtered_revenue(self) -> str:
        return self._since(
            Generation.V3_2,
            N_("With filters, only purchases count whose own event passes the filters."),
            N_(
                "With filters, all purchases count of visitors who have any view or event that "
                "passes the filters."
            ),
        )

    @property
    def revenue_fields(self) -> frozenset[str]:
        """The fields whose filters select visitors for revenue; before 3.2 other filters apply to
        the purchases themselves, and 2.x ignores every filter of revenue without an error."""
        if self.generation >= Generation.V3_2:
            return frozenset(FIELDS)
        return VISIT_FIELDS if self.generation >= Generation.V3_0 else frozenset()

    @property
    def attribution_money(self) -> bool:
        """Whether attribution reports money beside visitors."""
        return self.generation < Generation.V3_1

    @property
    def direct(self) -> bool:
        """Whether the channel ``direct`` contains the visitors with a visit that has no source."""
        return self.generation >= Generation.V3_3
