"""Goals: those that the page's parameters spell, else those saved in Umami."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

from components import view_description
from components.charts import sparkline as drawn
from components.told import goals as told
from reports.asking import Asking
from reports.chapters import saved
from reports.document import Block, Chart, Sentence, Table, Tiles
from umami.analysis import goals as analysis
from umami.analysis.steps import KINDS, Target
from umami.endpoints import events, traffic
from umami.models.reports import Goal


def ask(page: Asking) -> None:
    """Every goal with its trend, and all of them side by side."""
    view = page.view
    given, _ = told.read(page.given)
    wanted = [one for one in given if one.step.value] or _saved(page)
    if not wanted:
        page.said("Goals", "No goal was chosen, and none is saved in Umami.")
        return
    asked = [page.compared(view, partial(told.asked, target)) for target in wanted]
    trends = [_trend(page, target) for target in wanted]
    page.section("Goals", partial(_all, wanted), *(one.now for one in asked))
    for target, answers, (make, of) in zip(wanted, asked, trends, strict=True):
        about = f"{KINDS[target.step.kind]} · {view_description.described(view)}"
        page.section(target.step.value, partial(_figures, target), *answers, about=about)
        page.section(f"{target.step.value} over time", make, *of)


def _saved(page: Asking) -> list[Target]:
    found = [
        target
        for _, given in saved.of_kind(page, "goal")
        for target in told.read(given)[0]
        if target.step.value
    ]
    return list(dict.fromkeys(found))[: told.MOST]


def _trend(
    page: Asking, target: Target
) -> tuple[Callable[..., Sequence[Block]], tuple[Future[Any], ...]]:
    """What makes the trend of a goal, and of which answers."""
    view = page.view

    def of_event(series: Any) -> list[Block]:
        return _drawn(target, told.of_event(view, target, series))

    def of_page(timeline: Any) -> list[Block]:
        return _drawn(target, told.of_page(view, target, timeline))

    if target.step.kind == "event":
        return of_event, (page.ask(events.series(view)),)
    narrowed = analysis.viewing(view, target)
    if narrowed is None:
        return (lambda: [Sentence(told.NO_TREND)]), ()
    return of_page, (page.ask(traffic.pageviews(narrowed)),)


def _drawn(target: Target, data: drawn.Trend | None) -> list[Block]:
    if data is None:
        return [Sentence(told.NOT_REACHED)]
    alt = f"How often the goal {target.step.value} was reached over time"
    return [Chart(alt, partial(drawn.trend_figure, data))]


def _figures(target: Target, now: Goal, before: Goal | None = None) -> list[Block]:
    reached = told.reached(target, now)
    blocks: list[Block] = [Tiles(told.figures(now, before))]
    return [*blocks, Sentence(f"{reached[1]}.")] if reached else blocks


def _all(wanted: Sequence[Target], *answers: Goal) -> list[Block]:
    return [Table("goals", *told.listed(wanted, answers))]
