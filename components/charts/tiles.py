"""Single figures in words, against those of the comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from components import formats
from components.charts import common
from components.formats import Kind
from components.view_description import present, why_unknown
from umami.definitions import Definitions
from umami.models.traffic import Stats, Timeline, Totals
from umami.view import View


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure in words. ``series`` is its own history, only where one was truly asked.

    ``number`` and ``earlier`` are the figure and the comparison's as they are, of ``kind``.
    """

    label: str
    value: str
    about: str
    delta: str | int | None = None
    before: str | None = None
    good: Literal["up", "down"] = "up"
    series: tuple[int, ...] = ()
    number: float | None = None
    earlier: float | None = None
    kind: Kind = "count"
    currency: str = ""

    @property
    def slight(self) -> bool:
        """Whether the change is less than 1% of what was before: neither good nor bad."""
        change = formats.change(self.number, self.earlier)
        return change is not None and abs(change) < formats.SLIGHT


_SHORT: Final[dict[str, Callable[[float, str], str]]] = {
    "count": lambda value, _: formats.short(value),
    "seconds": lambda value, _: formats.duration(value),
    "percent": lambda value, _: formats.percent(value),
    "money": formats.money_short,
}


def counted(
    label: str,
    now: float | None,
    before: float | None,
    about: str,
    *,
    kind: Kind = "count",
    currency: str = "",
    good: Literal["up", "down"] = "up",
    series: tuple[int, ...] = (),
) -> Tile:
    """A figure against the comparison's, the difference relative to that; ``None`` is unknown."""
    show = _SHORT[kind]
    change = formats.change(now, before)
    return Tile(
        label,
        formats.ABSENT if now is None else show(now, currency),
        about,
        delta=None if change is None else formats.relative(change) or 0,
        before=None if before is None else show(before, currency),
        good=good,
        series=series,
        number=now,
        earlier=before,
        kind=kind,
        currency=currency,
    )


def counts(
    now: object, before: object | None, fields: Sequence[tuple[str, str, str]]
) -> list[Tile]:
    """Counts that are fields of an answer, against the comparison's: label, field, meaning."""
    return [
        counted(label, getattr(now, field), getattr(before, field) if before else None, about)
        for label, field, about in fields
    ]


def rated(
    label: str,
    now: float | None,
    before: float | None,
    about: str,
    *,
    good: Literal["up", "down"] = "up",
) -> Tile:
    """A fraction against the comparison's: they differ by points, not by per cent of per cent."""
    delta: str | int | None = None
    if now is not None and before is not None:
        # Of the figures as they are shown, so that they add up.
        points = round(round(100 * now, 1) - round(100 * before, 1), 1)
        delta = f"{points:+.1f} pts" if points else 0
    return Tile(
        label,
        formats.percent(now),
        about,
        delta=delta,
        before=None if before is None else formats.percent(before),
        good=good,
        number=now,
        earlier=before,
        kind="percent",
    )


def totals(
    means: Definitions, view: View, now: Totals, before: Totals | None, timeline: pd.DataFrame
) -> tuple[Tile, ...]:
    """Views, visitors, visits, bounce rate and visit duration, against the comparison's.

    What the filters of the View make meaningless is unknown, and says why.
    """
    unknown = why_unknown(view)

    def tile(label: str, field: str, about: str, series: tuple[int, ...] = ()) -> Tile:
        if unknown and not view.keeps_views:
            return counted(label, None, None, unknown)
        previous = getattr(before, field) if before else None
        return counted(label, getattr(now, field), previous, about, series=series)

    views = tuple(int(one) for one in timeline["views"])
    visitors = tuple(int(one) for one in timeline["sessions"])
    return (
        tile("Views", "views", "Pages looked at.", views),
        tile("Visitors", "visitors", "Different visitors.", visitors),
        tile("Visits", "visits", "Stays on the website; 30 minutes of silence end one."),
        rated("Bounce rate", None, None, unknown, good="down")
        if unknown
        else rated(
            "Bounce rate",
            now.bounce_rate,
            before.bounce_rate if before else None,
            f"Bounces as a part of all visits. {means.bounce}",
            good="down",
        ),
        counted("Visit duration", None, None, unknown, kind="seconds")
        if unknown
        else counted(
            "Visit duration",
            now.average_visit,
            before.average_visit if before else None,
            "Average time between a visit's first and last event.",
            kind="seconds",
        ),
    )


def of_website(
    means: Definitions, view: View, stats: Stats, timeline: Timeline, compared: Stats | None = None
) -> tuple[Tile, ...]:
    """A website's five figures; ``compared`` where the comparison was asked apart."""
    history = common.over(timeline.frame, present(view))
    before = compared.current if compared else stats.previous
    return totals(means, view, stats.current, before, history)
