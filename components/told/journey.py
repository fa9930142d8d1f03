"""Journeys: which ones are meant, and the paths one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from components import formats
from components.fields import Field
from umami.analysis import journey as analysis
from umami.analysis.journey import Through
from umami.endpoint import Query
from umami.endpoints import reports
from umami.filters import LONGEST_VALUE
from umami.memoize import memoize
from umami.models.reports import Path
from umami.view import View

LENGTHS: Final = {length: f"{length} steps" for length in range(3, 8)}
DEFAULT_LENGTH: Final = 5
NONE: Final = "No visit took such a path in this period. Try another start or end, or more time."


@dataclass(frozen=True, slots=True)
class Choice:
    """Which journeys are looked at: so many steps, from ``start``, to ``end``."""

    length: int
    start: str | None
    end: str | None
    through: Through | None


def read(parameters: Mapping[str, Sequence[str]]) -> tuple[Choice, tuple[str, ...]]:
    """The journeys that a page's parameters spell, and what is wrong with them."""
    given = {
        name: (list(parameters.get(name, ())) or [""])[-1]
        for name in ("steps", "start", "end", "through")
    }
    length = next((one for one in LENGTHS if str(one) == given["steps"]), DEFAULT_LENGTH)
    faults: tuple[str, ...] = ()
    if given["steps"] and str(length) != given["steps"]:
        faults = (f"“{given['steps'][:20]}” is no number of steps from 3 to 7.",)
    through = Through.read(given["through"])
    choice = Choice(
        length,
        given["start"][:LONGEST_VALUE] or None,
        given["end"][:LONGEST_VALUE] or None,
        through if through and through.step <= length else None,
    )
    return choice, faults


def asked(now: Choice, view: View) -> Query[tuple[Path, ...]]:
    """The paths of a View."""
    return reports.journey(view, now.length, now.start, now.end)


def chosen(now: Choice, answer: Sequence[Path]) -> list[Path]:
    """The paths that are looked at."""
    return [path for path in answer if now.through is None or now.through.leads(path)]


def counts(now: Choice, paths: Sequence[Path], answer: Sequence[Path]) -> str:
    """How many visits took how many paths."""
    visits = sum(path.visits for path in paths)
    of = sum(path.visits for path in answer)
    said = f"{formats.whole(visits)} visits on {formats.whole(len(paths))} paths"
    if now.through:
        said += f", {formats.percent(visits / of)} of those on all paths"
    if len(answer) >= analysis.LONGEST_LIST:
        said += f". The server tells the {analysis.LONGEST_LIST} most frequent paths"
    return f"{said}."


@memoize
def listed(paths: Sequence[Path]) -> tuple[pd.DataFrame, list[Field]]:
    """A row a path."""
    return analysis.table(paths), [
        Field("path", "Path", "text"),
        Field("length", "Steps", wide=True),
        Field("visits", "Visits", bar=True),
        Field("share", "Share", "percent"),
    ]
