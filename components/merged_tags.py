"""Spellings of a tag that tables show in one row, by the rules of a website.

Visits, conversions and revenue of the spellings are added up: each of these is in one row only. A
visitor can have come by several spellings, so that the visitors of such a row are unknown.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from access.rules import Rule
from components import formats
from components.loading import Collector
from components.texts import N_, NN_, _
from umami.api.conversions import Credit, VisitGroups
from umami.api.reports import Breakdown
from umami.api.traffic import Ranked, Ranking
from umami.errors import InvalidView
from umami.filters import MOST_VALUES, Filter
from umami.memoize import memoize

KIND: Final = "merge"
"""The kind of these rules. Their ``spec`` has ``field``, ``values`` and ``name``, one of these."""
FIELDS: Final = ("utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm")
ALL_MERGED: Final = NN_("{count} spelling merged", "{count} spellings merged")
TWICE: Final = N_("Of merged spellings, a visitor of two of them counts twice.")
UNDO: Final = N_("“Undo” on the page Campaigns shows merged spellings apart again.")


@dataclass(frozen=True, slots=True)
class Merge:
    """Values of a field that are shown in the row ``name``, which is one of them."""

    field: str
    name: str
    values: tuple[str, ...]

    @property
    def filter_(self) -> Filter:
        """The filter that keeps what has any of the values."""
        return Filter(self.field, "eq", *dict.fromkeys((self.name, *self.values)))

    def overlaps(self, other: Merge) -> bool:
        """Whether a value would be in both rows."""
        return self.field == other.field and not set(self.values).isdisjoint(other.values)


def read(rule: Rule) -> Merge | None:
    """What a rule merges; ``None`` for a spec that says nothing of it."""
    field, name, values = (rule.spec.get(key) for key in ("field", "name", "values"))
    if field not in FIELDS or not isinstance(name, str) or not isinstance(values, list):
        return None
    if not 2 <= len(values) <= MOST_VALUES or name not in values:
        return None
    try:
        Filter(field, "eq", *values)
    except (InvalidView, TypeError):
        return None
    return Merge(field, name, tuple(dict.fromkeys(values)))


def rule_of(website: str, merge: Merge) -> Rule:
    """The rule that merges these values. Raises ``InvalidView`` for values that no filter takes."""
    values = merge.filter_.values
    return Rule(
        website, KIND, merge.name, {"field": merge.field, "name": merge.name, "values": [*values]}
    )


def of(query: Collector, website: str, field: str) -> tuple[Merge, ...]:
    """What the rules of a website merge in a field."""
    if field not in FIELDS:
        return ()
    return in_effect(query.rules(website, KIND), field)


def in_effect(rules: Iterable[Rule], field: str) -> tuple[Merge, ...]:
    """What rules merge in a field. Rules that overlap have one row, with the name of the first; a
    rule with which a row would have more values than a filter takes does not apply."""
    rows: list[Merge] = []
    for merge in filter(None, map(read, rules)):
        if merge.field != field:
            continue
        overlapping = [row for row in rows if row.overlaps(merge)]
        values = _values((*overlapping, merge))
        if not overlapping:
            rows.append(merge)
        elif len(values) <= MOST_VALUES:
            first, *others = overlapping
            rows[rows.index(first)] = replace(first, values=values)
            rows = [row for row in rows if row not in others]
    return tuple(rows)


def absorb(rule: Rule, others: Sequence[Rule]) -> tuple[Rule, list[str]]:
    """A new rule with the values of those that it overlaps, also by way of others, and the ids of
    those. Of more values than a filter takes, those of the new rule stay."""
    merge = read(rule)
    if merge is None:
        return rule, []
    rest = {other.id: each for other in others if (each := read(other))}
    absorbed: list[str] = []
    whole = merge
    while overlapping := [id for id, each in rest.items() if whole.overlaps(each)]:
        whole = replace(whole, values=_values((whole, *(rest.pop(id) for id in overlapping))))
        absorbed += overlapping
    return rule_of(rule.website, replace(whole, values=whole.values[:MOST_VALUES])), absorbed


def _values(merges: Iterable[Merge]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(merge.values for merge in merges)))


def filters(merges: Sequence[Merge]) -> dict[str, tuple[str, ...]]:
    """The values that the rows stand for, by their names: a click filters by all of them."""
    return {merge.name: merge.filter_.values for merge in merges}


def notes(merges: Sequence[Merge], names: Iterable[str]) -> dict[str, str]:
    """A note for each row that is merged of several of these names: how many they are."""
    known = set(names)
    counted = ((merge, len(known.intersection(merge.values))) for merge in merges)
    return {
        merge.name: _note(merge, count)
        for merge, count in counted
        if count > 1 or (count and merge.name not in known)
    }


def _note(merge: Merge, count: int) -> str:
    if count == len(merge.values):
        return formats.counted(*ALL_MERGED, count)
    return _("{count} of {total} spellings merged").format(count=count, total=len(merge.values))


def _names(merges: Sequence[Merge]) -> dict[str, str]:
    """The name of the row by each value."""
    return {value: merge.name for merge in merges for value in merge.values}


@memoize
def groups(
    answer: VisitGroups, merges: tuple[Merge, ...], *, overlapping: bool = False
) -> VisitGroups:
    """The groups of visits with one row for what is merged, most visits first. The visitors of a
    row of several groups (``visitors``, ``converters`` and ``buyers``) are ``NaN``, or if they may
    be ``overlapping`` the sum."""
    frame = answer.frame
    rows = _names(merges)
    names = frame["name"].map(lambda name: rows.get(name, name))
    repeated = names.duplicated(keep=False)
    if not repeated.any():
        return answer if names.equals(frame["name"]) else VisitGroups(frame.assign(name=names))
    sums = frame.assign(name=names).groupby("name", sort=False, as_index=False)
    columns = dict.fromkeys(frame.select_dtypes("number"), "sum")
    merged = sums.agg({"country": "first", **columns})[list(frame.columns)]
    several = merged["name"].isin(names[repeated]) & (not overlapping)
    for column in ("visitors", "converters", "buyers"):
        merged[column] = merged[column].astype("float64").mask(several)
    return VisitGroups(
        merged.sort_values("visits", ascending=False, kind="stable", ignore_index=True)
    )


@memoize
def ranking(answer: Ranking, merges: tuple[Merge, ...]) -> Ranking:
    """The ranking with one row for what is merged. It adds up the counts, so that a visitor of
    several spellings counts several times."""
    names, rows = _names(merges), dict[str | None, Ranked]()
    for row in answer.rows:
        name = names.get(row.name, row.name) if row.name else row.name
        earlier = rows.get(name)
        count = row.count + (earlier.count if earlier else 0)
        rows[name] = replace(row, name=name, count=count)
    return Ranking(sorted(rows.values(), key=lambda row: -row.count), answer.measure)


def rankings(
    answers: Sequence[Ranking], merges: tuple[Merge, ...], limit: int
) -> tuple[list[Ranking], int]:
    """Rankings with one row for what is merged, and the number of rows from which on one of them
    may lack others; it is ``limit`` for the ``answers``."""
    merged = [ranking(answer, merges) for answer in answers] if merges else list(answers)
    cut = (
        len(new.rows) for old, new in zip(answers, merged, strict=True) if len(old.rows) >= limit
    )
    return merged, min(cut, default=limit)


@memoize
def credit(answer: Credit, merges: tuple[Merge, ...]) -> Credit:
    """The credit with one row for what is merged: each part of a conversion, and of its revenue, is
    credited to one value, so these add up."""
    rows = _names(merges)
    conversions, revenue = (
        frame.assign(name=frame["name"].map(lambda name: rows.get(name, name)))
        .groupby("name", sort=False, as_index=False)
        .sum()
        for frame in (answer.conversions, answer.revenue)
    )
    return replace(answer, conversions=conversions, revenue=revenue)


@memoize
def breakdown(answer: Breakdown, merges: tuple[Merge, ...]) -> Breakdown:
    """The groups with one row for what is merged. Their figures are sums, so that a visitor, or a
    visit, of several spellings counts several times."""
    columns = {merge.field: answer.frame[merge.field] for merge in merges}
    for field in columns:
        rows = _names([merge for merge in merges if merge.field == field])
        columns[field] = columns[field].map(lambda name, rows=rows: rows.get(name, name))
    frame = answer.frame.assign(**columns)
    fields = list(frame.columns.difference(frame.select_dtypes("number").columns, sort=False))
    if not frame.duplicated(fields).any():
        return Breakdown(frame)
    return Breakdown(frame.groupby(fields, sort=False, dropna=False, as_index=False).sum())


def amounts(
    numbers: Mapping[str, float],
    merges: Sequence[Merge],
    *,
    names: Iterable[str] = (),
    additive: bool = True,
) -> dict[str, float]:
    """Numbers by name with one number for what is merged: their sum. It is ``NaN`` where the number
    of one of the ``names`` is unknown and, unless they are ``additive``, for several."""
    rows = _names(merges)
    counted = Counter(rows.get(name, name) for name in numbers)
    unknown = {rows[name] for name in names if name in rows and name not in numbers}
    merged: dict[str, float] = {}
    for name, number in numbers.items():
        row = rows.get(name, name)
        known = row not in unknown and (additive or counted[row] == 1)
        merged[row] = merged.get(row, 0) + number if known else math.nan
    return merged


def joined(
    names: Iterable[str], notes: Mapping[str, str], others: Iterable[str | None]
) -> list[str | None]:
    """The note of each row: that of its name, and what else there is to say."""
    pairs = zip(names, others, strict=True)
    return [", ".join(filter(None, (notes.get(name), other))) or None for name, other in pairs]
