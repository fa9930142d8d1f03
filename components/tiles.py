"""The row of figures at the top of a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd
import streamlit as st

from components import address, figures, formats
from components.text import plain
from umami.models.traffic import Active, Stats, Timeline, Totals
from umami.view import View


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure in words. ``series`` is its own history, only where one was truly asked."""

    label: str
    value: str
    about: str
    delta: str | int | None = None
    before: str | None = None
    good: Literal["up", "down"] = "up"
    series: tuple[int, ...] = ()


def totals(now: Totals, before: Totals | None, timeline: pd.DataFrame) -> tuple[Tile, ...]:
    """Views, visitors, visits, bounce rate and visit duration, against the comparison's."""

    def counted(label: str, field: str, about: str, series: tuple[int, ...] = ()) -> Tile:
        value = getattr(now, field)
        previous = getattr(before, field) if before else None
        return Tile(
            label,
            formats.short(value),
            about,
            delta=_relative(value, previous),
            before=None if previous is None else formats.short(previous),
            series=series,
        )

    views = tuple(int(one) for one in timeline["views"])
    visitors = tuple(int(one) for one in timeline["sessions"])
    return (
        counted("Views", "views", "Pages looked at.", views),
        counted("Visitors", "visitors", "Different visitors.", visitors),
        counted("Visits", "visits", "Stays on the website; 30 minutes of silence end one."),
        _bounces(now, before),
        Tile(
            "Visit duration",
            formats.duration(now.average_visit),
            "Average time between a visit's first and last event.",
            delta=_relative(now.average_visit, before.average_visit if before else None),
            before=formats.duration(before.average_visit) if before else None,
        ),
    )


def _bounces(now: Totals, before: Totals | None) -> Tile:
    """Bounce rates differ by points, not by per cent of per cent."""
    delta: str | int | None = None
    if before and now.bounce_rate is not None and before.bounce_rate is not None:
        points = round(100 * (now.bounce_rate - before.bounce_rate), 1)
        delta = f"{points:+.1f} pts" if points else 0
    return Tile(
        "Bounce rate",
        formats.percent(now.bounce_rate),
        "Visits that saw a single page.",
        delta=delta,
        before=formats.percent(before.bounce_rate) if before else None,
        good="down",
    )


def _relative(now: float | None, before: float | None) -> str | int | None:
    change = formats.change(now, before)
    if change is None:
        return None
    return f"{change:+.1%}" if abs(change) >= 0.0005 else 0


def row(view: View, stats: Stats, timeline: Timeline, compared: Stats | None = None) -> None:
    """Draw the five figures; ``compared`` where the comparison was asked apart."""
    history = figures.over(timeline.frame, address.present(view))
    before = compared.current if compared else stats.previous
    with st.grid(5, min_column_width=165, gap="small"):
        for tile in totals(stats.current, before, history):
            st.metric(
                tile.label,
                tile.value,
                tile.delta,
                delta_color="normal" if tile.good == "up" else "inverse",
                delta_description=f"from {tile.before}" if tile.delta is not None else None,
                help=tile.about,
                chart_data=figures.sparkline(tile.series),
                chart_type="area",
                border=True,
                height="stretch",
            )


def live(active: Active) -> None:
    """How many visitors are on the website now."""
    count = active.visitors
    st.badge(
        plain(f"{formats.whole(count)} online now"),
        icon=":material/sensors:",
        color="green" if count else "gray",
        help="Visitors seen in the last five minutes.",
    )
