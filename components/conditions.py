"""The conditions of a View in words, with the names of groups, segments and cohorts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from components import content_groups, view_description
from components.loading import Collector
from components.texts import N_, _
from umami.api import segments
from umami.api.segments import Kind
from umami.filters import FIELDS, OPERATORS
from umami.view import View

_SAVED: Final[dict[Kind, tuple[str, str]]] = {
    "segment": (N_("Segment"), N_("in a segment")),
    "cohort": (N_("Cohort"), N_("in a cohort")),
}
"""What a saved condition is, and what it is called without its name."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: ``about`` (``Country is``) and ``name`` (``Germany``) are its words, ``key``
    is unique among those of a View, and ``without`` is the View without it."""

    key: str
    about: str
    name: str
    without: View

    @property
    def words(self) -> str:
        """The condition in words: ``Country is Germany``."""
        return " ".join(filter(None, (self.about, self.name)))


def of(query: Collector, view: View) -> Iterator[Condition]:
    """The conditions of a View. Those of a segment wait for the list of segments."""
    named = content_groups.filtered_by(query, view)
    of_groups = {filter_ for _kind, part in named for filter_ in part.filters}
    for kind, part in named:
        others = tuple(each for each in view.filters if each not in part.filters)
        label = _(content_groups.WORDS[kind].name)
        yield Condition(kind, label, part.name, replace(view, filters=others))
    for filter_ in view.filters:
        if filter_ in of_groups:
            continue
        others = tuple(each for each in view.filters if each != filter_)
        yield Condition(
            filter_.field + ("" if filter_.operator == "eq" else f"_{filter_.operator}"),
            f"{_(FIELDS[filter_.field])} {_(OPERATORS[filter_.operator])}",
            view_description.values(filter_),
            replace(view, filters=others),
        )
    if view.segment:
        yield _saved(query, view, "segment", view.segment, replace(view, segment=None))
    if view.cohort:
        yield _saved(query, view, "cohort", view.cohort, replace(view, cohort=None))


def in_words(query: Collector, view: View) -> list[str]:
    """All conditions of a View: ``Country is Germany``, ``Segment Buyers``."""
    return [condition.words for condition in of(query, view)]


def _saved(query: Collector, view: View, kind: Kind, id_: str, without: View) -> Condition:
    """The condition of a segment or cohort, with its name if that is known."""
    page = query.optional(segments.segments(view.website, kind)).result()
    name = next((row.name for row in page.rows if row.id == id_), "") if page else ""
    label, unnamed = _SAVED[kind]
    return Condition(kind, _(label) if name else "", name or _(unnamed), without)
