"""The row of figures at the top of a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import streamlit as st

from components import address, formats
from components.asking import Compared, Page
from components.figures import common
from components.text import plain
from umami.endpoints import traffic
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


def counted(
    label: str,
    now: float | None,
    before: float | None,
    about: str,
    *,
    show: Callable[[float], str] = formats.short,
    good: Literal["up", "down"] = "up",
    series: tuple[int, ...] = (),
) -> Tile:
    """A figure against the comparison's, the difference relative to that; ``None`` is unknown."""
    return Tile(
        label,
        formats.ABSENT if now is None else show(now),
        about,
        delta=_relative(now, before),
        before=None if before is None else show(before),
        good=good,
        series=series,
    )


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
        points = round(100 * (now - before), 1)
        delta = f"{points:+.1f} pts" if points else 0
    return Tile(
        label,
        formats.percent(now),
        about,
        delta=delta,
        before=None if before is None else formats.percent(before),
        good=good,
    )


def ask(page: Page, view: View) -> Compared[Stats]:
    """Ask for a website's totals, and apart for those of a comparison that the viewer chose:
    of any other servers answer both at once."""
    compared = view.compared()
    apart = (page.ask(traffic.stats(compared)),) if compared and view.against else ()
    return Compared(page.ask(traffic.stats(view)), apart)


def totals(now: Totals, before: Totals | None, timeline: pd.DataFrame) -> tuple[Tile, ...]:
    """Views, visitors, visits, bounce rate and visit duration, against the comparison's."""

    def tile(label: str, field: str, about: str, series: tuple[int, ...] = ()) -> Tile:
        previous = getattr(before, field) if before else None
        return counted(label, getattr(now, field), previous, about, series=series)

    views = tuple(int(one) for one in timeline["views"])
    visitors = tuple(int(one) for one in timeline["sessions"])
    return (
        tile("Views", "views", "Pages looked at.", views),
        tile("Visitors", "visitors", "Different visitors.", visitors),
        tile("Visits", "visits", "Stays on the website; 30 minutes of silence end one."),
        rated(
            "Bounce rate",
            now.bounce_rate,
            before.bounce_rate if before else None,
            "Visits that saw a single page.",
            good="down",
        ),
        counted(
            "Visit duration",
            now.average_visit,
            before.average_visit if before else None,
            "Average time between a visit's first and last event.",
            show=formats.duration,
        ),
    )


def _relative(now: float | None, before: float | None) -> str | int | None:
    change = formats.change(now, before)
    if change is None:
        return None
    return formats.relative(change) or 0


def row(view: View, stats: Stats, timeline: Timeline, compared: Stats | None = None) -> None:
    """Draw a website's five figures; ``compared`` where the comparison was asked apart."""
    history = common.over(timeline.frame, address.present(view))
    draw(totals(stats.current, compared.current if compared else stats.previous, history))


def draw(tiles: Sequence[Tile], *, within: bool = False) -> None:
    """Draw figures side by side, as many as fit; ``within`` a card they have no frames."""
    with st.grid(len(tiles), min_column_width=130 if within else 165, gap="small"):
        for tile in tiles:
            st.metric(
                tile.label,
                tile.value,
                tile.delta,
                delta_color="normal" if tile.good == "up" else "inverse",
                delta_description=f"from {tile.before}" if tile.delta is not None else None,
                help=tile.about,
                chart_data=common.sparkline(tile.series),
                chart_type="area",
                border=not within,
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
