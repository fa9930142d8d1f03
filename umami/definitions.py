"""What a figure means on the connected server, where its meaning changed between versions."""

from dataclasses import dataclass

from umami.compat.generations import Generation
from umami.filters import FIELDS, VISIT_FIELDS
from umami.texts import N_, Message


@dataclass(frozen=True, slots=True)
class Term:
    """A figure and what it means on a server. If a version ``changed`` that, ``other`` is what it
    means on the other side of it; ``newer`` says whether the server is on the newer side."""

    name: str
    text: str
    other: str = ""
    changed: Generation | None = None
    newer: bool = False


@dataclass(frozen=True, slots=True)
class Definitions:
    """Sentences that define figures, for tooltips, and what follows from them."""

    generation: Generation

    @property
    def version(self) -> str:
        """The version of Umami by whose definitions the server answers."""
        return str(self.generation)

    def _since(self, term: "Term") -> str:
        """The definition that this server applies, with the versions that do."""
        if term.newer:
            return Message(
                "{after} This is the definition of Umami {changed} and newer.",
                after=Message(term.text),
                changed=term.changed,
            )
        return Message(
            "{before} This is the definition of Umami before {changed}.",
            before=Message(term.text),
            changed=term.changed,
        )

    def _changed(self, name: str, changed: Generation, before: str, after: str) -> "Term":
        newer = self.generation >= changed
        texts = (after, before) if newer else (before, after)
        return Term(name, *texts, changed, newer)

    @property
    def bounce(self) -> str:
        return self._since(self._bounce)

    @property
    def channel(self) -> str:
        return self._since(self._channel)

    @property
    def filtered_revenue(self) -> str:
        return self._since(self._filtered_revenue)

    @property
    def terms(self) -> "tuple[Term, ...]":
        """The figures and what they mean on this server."""
        return (
            Term(
                N_("Visitor"),
                N_(
                    "One browser on one website. A visitor without an id of their own counts as a "
                    "new one each calendar month."
                ),
            ),
            Term(
                N_("Visit"),
                N_("The activity of a visitor until they pause for 30 minutes."),
            ),
            self._bounce,
            Term(
                N_("Visit duration"),
                N_("From the first to the last view of a visit; a bounce lasts 0 seconds."),
            ),
            self._channel,
            self._filtered_revenue,
        )

    @property
    def _bounce(self) -> "Term":
        return self._changed(
            N_("Bounce"),
            Generation.V3_3,
            N_("A bounce is a visit with exactly one view, whatever else happened in it."),
            N_("A bounce is a visit with exactly one view and no custom event."),
        )

    @property
    def _channel(self) -> "Term":
        return self._changed(
            N_("Channel"),
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
    def _filtered_revenue(self) -> "Term":
        return self._changed(
            N_("Revenue"),
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
