"""Tiles: single figures, formatted, with the change against the comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import pandas as pd

from components import formats
from components.charts import common
from components.charts.over_time import Measure
from components.formats import Kind
from components.texts import N_, _
from components.view_description import present, why_unknown
from umami.api.traffic import Stats
from umami.definitions import Definitions
from umami.view import View

Direction = Literal["up", "down", "none"]


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
    good: Direction = "up"
    series: tuple[float, ...] = ()
    number: float | None = None
    earlier: float | None = None
    kind: Kind = "count"
    currency: str = ""
    measure: str = ""
    """What a click on the tile shows over time; empty for a tile without clicks."""
    source: str = ""
    """The request and the server that it comes from, in a sentence."""
    figure: str = ""
    """The figure whose change can be explained (``umami.analysis.changes.FIGURES``), if any."""
    unexplained: str = ""
    """Why the change cannot be explained, in a sentence."""

    @property
    def slight(self) -> bool:
        """Whether the change is neither good nor bad, as one of less than 1% of the comparison."""
        if self.good == "none":
            return True
        change = formats.change(self.number, self.earlier)
        return change is not None and abs(change) < formats.SLIGHT


_SHORT: Final[dict[str, Callable[[float, str], str]]] = {
    "count": lambda value, _unused: formats.short(value),
    "seconds": lambda value, _unused: formats.duration(value),
    "milliseconds": lambda value, _unused: formats.milliseconds(value),
    "number": lambda value, _unused: formats.number(value),
    "percent": lambda value, _unused: formats.percent(value),
    "money": formats.money_short,
}


def figure(
    label: str,
    now: float | None,
    before: float | None,
    about: str,
    kind: Kind = "count",
    *,
    currency: str = "",
    good: Direction = "up",
    series: Sequence[float] = (),
) -> Tile:
    """A figure with its change against the comparison; ``None`` stands for unknown.

    The change of a fraction is in percentage points, that of other figures is relative.
    """
    delta: str | int | None = None
    if kind == "percent" and now is not None and before is not None:
        # The difference of the rounded figures, so that the displayed figures add up.
        points = round(round(100 * now, 1) - round(100 * before, 1), 1)
        delta = formats.points(points / 100) if points else 0
    elif kind != "percent" and (change := formats.change(now, before)) is not None:
        delta = formats.relative(change) or 0
    show = _SHORT[kind]
    return Tile(
        label,
        formats.ABSENT if now is None else show(now, currency),
        about,
        delta=delta,
        before=None if before is None else show(before, currency),
        good=good,
        series=tuple(series),
        number=now,
        earlier=before,
        kind=kind,
        currency=currency,
    )


Figures = Sequence[tuple[str, str, str, Kind]]
"""Label, attribute, description and kind of each figure of an answer."""


def figures(now: object, before: object, fields: Figures, currency: str = "") -> list[Tile]:
    """A tile for each of the figures of two answers; ``before`` may be ``None``."""

    def number(answer: object, field: str) -> float | None:
        value = getattr(answer, field, None)
        return value if value is None or isinstance(value, int) else float(value)

    return [
        figure(
            _(label), number(now, field), number(before, field), _(about), kind, currency=currency
        )
        for label, field, about, kind in fields
    ]


def unexplained(tiles: Sequence[Tile], reason: str) -> list[Tile]:
    """Tiles whose changes cannot be explained, for a reason that they show."""
    return [replace(tile, unexplained=reason) for tile in tiles]


MEASURES: Final[dict[str, Measure]] = {
    "views": ("views", N_("Views"), "count"),
    "visitors": ("sessions", N_("Visitors"), "count"),
    "visits": ("visits", N_("Visits"), "count"),
    "bounce_rate": ("bounce_rate", N_("Bounce rate"), "percent"),
    "duration": ("duration", N_("Visit duration"), "seconds"),
    "conversions": ("conversions", N_("Conversions"), "count"),
    "revenue": ("revenue", N_("Revenue"), "money"),
}
"""What the chart of the traffic can show: column, name and kind, by the value in the URL."""


def with_history(tile: Tile, measure: str, history: pd.Series[Any]) -> Tile:
    """A tile with its curve; a click on it shows the measure in the chart."""
    return replace(tile, measure=measure, series=tuple(history.fillna(0).tolist()))


def of_website(
    definitions: Definitions,
    view: View,
    stats: Stats,
    frame: pd.DataFrame,
    compared: Stats | None = None,
) -> list[Tile]:
    """A website's views, visitors, visits, bounce rate and visit duration with their changes: the
    first of ``MEASURES``.

    ``frame`` has the measures over time, as far as they are known. ``compared`` is the comparison's
    answer if it has a query of its own. Figures that the View's filters make meaningless are
    unknown, with the reason as description.
    """
    before = compared.current if compared else stats.previous
    bounces = _("Share of bounces in all visits. {bounce}").format(bounce=_(definitions.bounce))
    between = _("Average time between a visit's first and last event.")
    tiles = figures(
        stats.current,
        before,
        [
            (_("Views"), "views", _("Page views."), "count"),
            (_("Visitors"), "visitors", _("Different visitors."), "count"),
            (_("Visits"), "visits", _("A visit ends after 30 minutes without activity."), "count"),
            (_("Bounce rate"), "bounce_rate", bounces, "percent"),
            (_("Visit duration"), "average_visit", between, "seconds"),
        ],
    )
    history = common.over(frame, present(view))
    for at, measure in zip(range(len(tiles)), MEASURES, strict=False):
        column, *_unused = MEASURES[measure]
        if column in history:
            tiles[at] = with_history(tiles[at], measure, history[column])
    tiles[3] = replace(tiles[3], good="down")
    if unknown := why_unknown(view):
        return [
            tile
            if tile.kind == "count" and view.keeps_views
            else figure(tile.label, None, None, unknown, tile.kind, good=tile.good)
            for tile in tiles
        ]
    return tiles
