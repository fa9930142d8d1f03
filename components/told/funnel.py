"""Funnels: which one is meant, and what each step keeps and loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from components import formats
from components.fields import Field
from umami.analysis import funnel as analysis
from umami.analysis.steps import KINDS, read_steps
from umami.memoize import memoize
from umami.models.reports import FunnelResult, FunnelStep

FEWEST, MOST = 2, 8
WINDOWS: Final[dict[int, str]] = {
    30: "30 minutes",
    60: "1 hour",
    360: "6 hours",
    1_440: "1 day",
    10_080: "7 days",
    43_200: "30 days",
}
DEFAULT_WINDOW: Final = 60
NOBODY: Final = "Nobody took the first step in this period. Choose another first step or period."


@dataclass(frozen=True, slots=True)
class Chain:
    """The funnel that the URL spells; ``window`` is in minutes."""

    steps: tuple[FunnelStep, ...]
    window: int

    @property
    def complete(self) -> bool:
        """Whether there is something to ask."""
        return len(self.steps) >= FEWEST and all(step.value for step in self.steps)


def read(given: Mapping[str, Sequence[str]]) -> tuple[Chain, tuple[str, ...]]:
    """The funnel that a page's parameters spell, and what is wrong with them."""
    found, faults = read_steps(given.get("step", ()))
    text = (list(given.get("window", ())) or [""])[-1]
    window = int(text) if text.isascii() and text.isdigit() and 0 < int(text) <= 525_600 else 0
    if text and not window:
        faults = (*faults, f"“{text[:20]}” is no number of minutes; an hour is taken instead.")
    if len(found) > MOST:
        faults = (*faults, f"A funnel has at most {MOST} steps; the others are left out.")
    blanks = (FunnelStep("path", ""),) * max(0, FEWEST - len(found))
    return Chain((*found[:MOST], *blanks), window or DEFAULT_WINDOW), faults


def within(window: int) -> str:
    """How soon each step follows the last."""
    return f"Within {WINDOWS.get(window, f'{formats.whole(window)} minutes')}"


def overall(now: Sequence[FunnelResult]) -> tuple[str, str] | None:
    """How many went all the way, as a fraction and as a sentence after it; ``None`` where nobody
    took the first step."""
    if not now or not now[0].visitors:
        return None
    last = now[-1]
    return formats.percent(last.remaining), (
        f"of {formats.whole(now[0].visitors)} visitors "
        f"went all the way: {formats.whole(last.visitors)}."
    )


def lost(now: Sequence[FunnelResult]) -> tuple[str, str, str] | None:
    """Where most are lost: a sentence around the step's name; ``None`` where nobody is."""
    worst = analysis.worst(now)
    if worst is None:
        return None
    one = now[worst]
    return (
        f"Most are lost before step {worst + 1}, ",
        one.step.value,
        f": {formats.whole(one.dropped)} visitors, "
        f"{formats.percent(one.drop_off)} of those who took the step before.",
    )


@memoize
def listed(table: pd.DataFrame, *, compared: bool) -> tuple[pd.DataFrame, list[Field]]:
    """A row a step, of what ``umami.analysis.funnel.table`` gives."""
    named = table.assign(kind=table["kind"].map(KINDS), place=range(1, len(table) + 1))
    fields = [
        Field("value", "Step", "text", note="kind"),
        Field("visitors", "Visitors", bar=True),
        Field("dropped", "Lost before it", wide=True),
        Field("kept", "Of the step before", "percent"),
        Field("of_first", "Of the first", "percent"),
    ]
    if compared:
        fields += [
            Field("visitors_before", "Visitors before", wide=True),
            Field("change", "Change", "change", wide=True),
            Field("points", "Change of the first", "points", wide=True),
        ]
    return named, fields
