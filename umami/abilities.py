"""What a server can narrow its answers by; servers drop what they do not know without a word."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from umami.filters import FIELDS, OPERATORS, Filter

if TYPE_CHECKING:
    from umami.view import View


@dataclass(frozen=True, slots=True)
class Abilities:
    """Which parts of a View a server can answer for; the default is all of them."""

    fields: frozenset[str] = frozenset(FIELDS)
    operators: frozenset[str] = frozenset(OPERATORS)
    several: bool = True
    """Several values in one filter, several filters of one field, filters joined by "any"."""
    commas: bool = True
    """Values that hold a comma."""
    segments: bool = True
    """Saved segments and cohorts."""

    def lacks(self, view: View) -> str | None:
        """What of the View a server of these abilities cannot tell, in a sentence."""
        return next((found for one in view.filters if (found := self.refused(one))), None) or (
            self._joined(view) or self._saved(view)
        )

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

    def possible(self, view: View) -> tuple[View, list[str]]:
        """The View without what cannot be answered for, and a sentence for each part of that."""
        kept: list[Filter] = []
        dropped: list[str] = []
        for one in view.filters:
            lacking = self.lacks(replace(view.unfiltered(), filters=(*kept, one)))
            if lacking is None:
                kept.append(one)
            else:
                dropped.append(f"{lacking} That filter is left out.")
        view = replace(view, filters=tuple(kept))
        if joined := self._joined(view):
            dropped.append(joined)
            view = replace(view, match="all")
        if saved := self._saved(view):
            dropped.append(saved)
            view = replace(view, segment=None, cohort=None)
        return view, dropped

    def _joined(self, view: View) -> str | None:
        if self.several:
            return None
        fields = [one.field for one in view.filters]
        twice = next((field for field in fields if fields.count(field) > 1), None)
        if twice:
            return f"This server takes one filter of {FIELDS[twice]}."
        if view.match == "any" and len(fields) > 1:
            return "This server joins filters by “all”, never by “any”."
        return None

    def _saved(self, view: View) -> str | None:
        if self.segments or not (view.segment or view.cohort):
            return None
        return "This server cannot filter by a segment or a cohort."


EVERYTHING = Abilities()
