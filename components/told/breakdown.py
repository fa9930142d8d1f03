"""Breakdown: which fields are meant, the groups, the pivot table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

import pandas as pd

from components.charts import treemap as drawn
from components.fields import Field, Kind
from components.view_description import why_unknown
from umami import names
from umami.analysis import breakdown as analysis
from umami.analysis.breakdown import Measure
from umami.endpoints.reports import BreakdownField
from umami.filters import FIELDS, VISIT_FIELDS
from umami.memoize import memoize
from umami.models.reports import Breakdown
from umami.view import View

MOST_FIELDS: Final = 3
DEFAULT: Final[tuple[BreakdownField, ...]] = ("country", "browser")
MEASURES: Final[dict[Measure, tuple[str, Kind]]] = {
    "views": ("Views", "count"),
    "visitors": ("Visitors", "count"),
    "visits": ("Visits", "count"),
    "bounce_rate": ("Bounce rate", "percent"),
    "average_visit": ("Visit duration", "seconds"),
}
SUMMED: Final = ("views", "visitors", "visits")
PARTS_OF_VISITS: Final = (
    "Umami groups views, not visits: by a page, source, title, query or campaign, a visit falls "
    "into several groups and has only its own views in each, so bounce rates and visit durations "
    "would be wrong."
)
NONE: Final = "No views in this period."
FIRST: Final = f"The server tells the first {analysis.MOST} groups; there are more."


@dataclass(frozen=True, slots=True)
class Choice:
    """What is broken down, and by which measure."""

    fields: tuple[BreakdownField, ...]
    measure: Measure

    @property
    def drawn(self) -> Measure:
        """The measure that areas can show: rates have no sum."""
        return self.measure if self.measure in SUMMED else "views"


def known(able: Collection[str]) -> list[BreakdownField]:
    """The fields that a server can break down: a breakdown counts views, and those have no
    event."""
    return [one for one in get_args(BreakdownField) if one in able and one != "event"]


def read(
    given: Mapping[str, Sequence[str]], able: Collection[str]
) -> tuple[Choice, tuple[str, ...]]:
    """The choice that a page's parameters spell, and what is wrong with them."""
    asked = list(dict.fromkeys(given.get("field", ())))
    named: dict[str, BreakdownField] = {one: one for one in known(able)}
    fields = tuple(named[one] for one in asked if one in named)[:MOST_FIELDS] or DEFAULT
    strange = [one for one in asked if one not in named]
    faults = [f"“{one[:40]}” is not a field that can be broken down here." for one in strange[:1]]
    measures = list(given.get("measure", ()))
    measure: Measure = next((one for one in MEASURES if [one] == measures), "views")
    return Choice(fields, measure), tuple(faults)


def rates_unknown(view: View, now: Choice) -> str | None:
    """Why bounce rates and visit durations of groups are unknown; ``None`` where they are not."""
    if any(field not in VISIT_FIELDS for field in now.fields):
        return PARTS_OF_VISITS
    return why_unknown(view)


def groups(view: View, now: Choice, answer: Breakdown) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The groups in their order, as values and as names; rates that are unknown are ``NaN``."""
    return _groups(now, answer, rates=rates_unknown(view, now) is None)


@memoize
def _groups(now: Choice, answer: Breakdown, *, rates: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = analysis.table(answer)
    if not rates:
        table = table.assign(bounce_rate=float("nan"), average_visit=float("nan"))
    found = analysis.ranked(table, now.measure)
    columns = {
        field: [
            names.label(field, value if isinstance(value, str) else None) for value in found[field]
        ]
        for field in now.fields
    }
    return found, found.assign(**columns)


@memoize
def treemap(now: Choice, named: pd.DataFrame) -> drawn.Tree:
    """The groups as areas."""
    what = MEASURES[now.drawn][0].lower()
    return drawn.tree(analysis.tree(named, now.fields, now.drawn), what)


def has_pivot(view: View, now: Choice) -> bool:
    """Whether there are two fields, and the measure is known."""
    known = now.measure in SUMMED or rates_unknown(view, now) is None
    return len(now.fields) > 1 and known


def several(now: Choice) -> str | None:
    """What to know about sums of groups, where there is anything."""
    if now.drawn == "views":
        return None
    return f"One with {MEASURES[now.drawn][0].lower()} in several groups counts in each of them."


@memoize
def pivot(now: Choice, named: pd.DataFrame) -> tuple[str, pd.DataFrame, list[Field]]:
    """The first field by the second: a title, a row a value of the first."""
    label, kind = MEASURES[now.measure]
    rows, columns = now.fields[0], now.fields[1]
    table = analysis.pivot(named, rows, columns, now.measure, "Others")
    frame = table.reset_index()
    # Positions for names: a value may be called as the first column is.
    frame.columns = pd.Index(["name", *(f"c{at}" for at in range(len(table.columns)))])
    fields = [
        Field("name", FIELDS[rows], "text"),
        *(
            Field(f"c{at}", _unlike(str(name), FIELDS[rows]), kind, wide=at > 1)
            for at, name in enumerate(table.columns)
        ),
    ]
    return f"{label} by {FIELDS[rows].lower()} and {FIELDS[columns].lower()}", frame, fields


def _unlike(name: str, other: str) -> str:
    """A column's heading, unlike the first one's."""
    return f"{name} " if name == other else name


def every(now: Choice) -> list[Field]:
    """The columns of all groups one by one."""
    return [
        *(Field(one, FIELDS[one], "text") for one in now.fields),
        *(
            Field(one, label, kind, bar=one == now.measure, wide=one != now.measure)
            for one, (label, kind) in MEASURES.items()
        ),
    ]
