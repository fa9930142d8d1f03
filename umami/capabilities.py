"""What a server can filter by; servers ignore filters that they do not support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from umami.filters import FIELDS, OPERATORS, Filter, Match


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The parts of a View that a server supports; by default all of them."""

    fields: frozenset[str] = frozenset(FIELDS)
    operators: frozenset[str] = frozenset(OPERATORS)
    several: bool = True
    """Several values in one filter, several filters of one field, filters joined by “any”."""
    commas: bool = True
    """Values that contain a comma."""
    segments: bool = True
    """Saved segments and cohorts."""

    def lacks(self, filters: Sequence[Filter], match: Match, *, saved: bool) -> str | None:
        """What the server does not support, in a sentence; ``saved`` says whether there is a
        segment or a cohort."""
        refused = next(filter(None, map(self.refused, filters)), None)
        if refused or (joined := self.joined(filters, match)):
            return refused or joined
        if saved and not self.segments:
            return "This server cannot filter by a segment or a cohort."
        return None

    def refused(self, filter_: Filter) -> str | None:
        """Why the server does not support a filter, in a sentence; ``None`` where it does."""
        if filter_.field not in self.fields:
            return f"This server cannot filter by {FIELDS[filter_.field]}."
        if filter_.operator not in self.operators:
            return f"This server has no filter that “{OPERATORS[filter_.operator]}”."
        if len(filter_.values) > 1 and not self.several:
            return f"This server takes one value in a filter of {FIELDS[filter_.field]}."
        if not self.commas and any("," in value for value in filter_.values):
            return "This server cannot filter by a value that contains a comma."
        return None

    def joined(self, filters: Sequence[Filter], match: Match) -> str | None:
        """Why the server cannot join these filters, in a sentence; ``None`` where it can."""
        if self.several:
            return None
        fields = [filter_.field for filter_ in filters]
        twice = next((field for field in fields if fields.count(field) > 1), None)
        if twice:
            return f"This server takes one filter of {FIELDS[twice]}."
        if match == "any" and len(fields) > 1:
            return "This server joins filters by “all”, never by “any”."
        return None


EVERYTHING = Capabilities()
