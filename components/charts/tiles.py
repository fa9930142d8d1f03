"""Tiles: single figures, formatted, with the change against the comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from components import formats
from components.charts import common
from components.formats import Kind
from components.view_description import present, why_unknown
from umami.api.traffic import Stats, Timeline
from umami.definitions import Definitions
from umami.view import View


@dataclass(frozen=True, slots=True)
class Tile:
    """A formatted figure. ``series`` is its history, empty where none was queried.

    ``number`` and ``earlier`` are the unformatted figures of the period and the comparison.
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
        """Whether the change is less than 1% of the comparison, hence neither good nor bad."""
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
    """A figure with its change relative to the comparison; ``None`` stands for unknown."""
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
    """A tile for each of ``fields`` (label, attribute, description) of two answers."""
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
    """A fraction with its change against the comparison in percentage points."""
    delta: str | int | None = None
    if now is not None and before is not None:
        # The difference of the rounded figures, so that the displayed figures add up.
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


def of_website(
    definitions: Definitions,
    view: View,
    stats: Stats,
    timeline: Timeline,
    compared: Stats | None = None,
) -> tuple[Tile, ...]:
    """A website's views, visitors, visits, bounce rate and visit duration with their changes.

    ``compared`` is the comparison's answer if it has a query of its own. Figures that the View's
    filters make meaningless are unknown, with the reason as description.
    """
    now, history = stats.current, common.over(timeline.frame, present(view))
    before = compared.current if compared else stats.previous
    unknown = why_unknown(view)

    def tile(label: str, field: str, about: str, series: tuple[int, ...] = ()) -> Tile:
        if unknown and not view.keeps_views:
            return counted(label, None, None, unknown)
        previous = getattr(before, field) if before else None
        return counted(label, getattr(now, field), previous, about, series=series)

    views = tuple(map(int, history["views"]))
    visitors = tuple(map(int, history["sessions"]))
    return (
        tile("Views", "views", "Page views.", views),
        tile("Visitors", "visitors", "Different visitors.", visitors),
        tile("Visits", "visits", "A visit ends after 30 minutes without activity."),
        rated("Bounce rate", None, None, unknown, good="down")
        if unknown
        else rated(
            "Bounce rate",
            now.bounce_rate,
            before.bounce_rate if before else None,
            f"Share of bounces in all visits. {definitions.bounce}",
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
