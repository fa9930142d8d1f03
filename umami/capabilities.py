"""What a server can narrow its answers by; servers drop what they do not know without a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from umami.filters import FIELDS, OPERATORS, Filter, Match


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Which parts of a View a server can answer for; the default is all of them."""

    fields: frozenset[str] = frozenset(FIELDS)
    operators: frozenset[str] = frozenset(OPERATORS)
    several: bool = True
    """Several values in one filter, several filters of one field, filters joined by "any"."""
    commas: bool = True
    """Values that hold a comma."""
    segments: bool = True
    """Saved segments and cohorts."""

    def lacks(self, filters: Sequence[Filter], match: Match, *, saved: bool) -> str | None:
        """What of these a server of these capabilities cannot tell, in a sentence; ``saved`` says
        whether there is a segment or a cohort."""
        refused = next((found for one in filters if (found := self.refused(one))), None)
        return refused or self.joined(filters, match) or (self.unsaved if saved else None)

    def refused(self, one: Filter) -> str | None:
        """Why a filter cannot be used, in a sentence; ``None`` where it can."""
        if one.field not in self.fields:
            return f"This server cannot filter by {FIELDS[one.field]}."
        if one.operator not in self.operators:
            return f"This server has no filter that “{OPERATORS[one.operator]}”."
        if len(one.values) > 1 and not self.several:
            return f"This server takes one value in a filter of {FIELDS[one.field]}."
        if not self.commas and any("," in value for value in one.values):
            return "This server cannot filter by a value that holds a comma."
        return None

    def joined(self, filters: Sequence[Filter], match: Match) -> str | None:
        """Why filters cannot be joined like this, in a sentence."""
        if self.several:
            return None
        fields = [one.field for one in filters]
        twice = next((field for field in fields if fields.count(field) > 1), None)
        if twice:
            return f"This server takes one filter of {FIELDS[twice]}."
        if match == "any" and len(fields) > 1:
            return "This server joins filters by “all”, never by “any”."
        return None

    @property
    def unsaved(self) -> str | None:
        """Why there can be no segment and no cohort, in a sentence."""
        return None if self.segments else "This server cannot filter by a segment or a cohort."


EVERYTHING = Capabilities()
