"""Retention."""

from __future__ import annotations

from functools import partial

from components import view_description
from components.charts import cohorts as drawn
from components.told import retention as told
from reports.asking import Asking
from reports.document import Block, Chart, Sentence, Table, Tiles
from umami.analysis.retention import Grain
from umami.endpoints import reports
from umami.models.reports import Retention
from umami.view import View


def ask(page: Asking) -> None:
    """Cohorts by what the page's parameters say, or by what fits the period."""
    view = page.view
    by = told.grain(view, page.given)
    cohorts = page.against(view, reports.retention)
    page.section("Figures", partial(_figures, view), *cohorts)
    page.section(
        "Cohorts", partial(_triangle, view, by), cohorts.now, about=view_description.described(view)
    )
    page.section("Back on average", partial(_curve, view), *cohorts)
    page.section("Cohort sizes", partial(_sizes, view, by), cohorts.now)


def _figures(view: View, now: Retention, before: Retention | None = None) -> list[Block]:
    return [Tiles(told.figures(view, now, before))]


def _triangle(view: View, by: Grain, answer: Retention) -> list[Block]:
    if answer.frame.empty:
        return [Sentence(told.NOBODY)]
    found = told.found(view, answer, by)
    data = drawn.triangle(found, by)
    frame, fields = told.table(found)
    return [
        Sentence(told.explained(found, data, by)),
        Chart(
            "Share of each cohort that came back, by time after the first visit",
            partial(drawn.triangle_figure, data),
        ),
        Table(f"cohorts by {by}", frame, fields, shown=0),
    ]


def _curve(view: View, now: Retention, before: Retention | None = None) -> list[Block]:
    if now.frame.empty:
        return [Sentence("The average appears with the first cohort.")]
    return [
        Sentence(told.WEIGHED),
        Chart(
            "Average share of visitors that are back, by day after the first visit",
            partial(drawn.curve_figure, told.curve(view, now, before)),
        ),
    ]


def _sizes(view: View, by: Grain, answer: Retention) -> list[Block]:
    if answer.frame.empty:
        return [Sentence(view_description.why_empty(view, "No visits in this period."))]
    found = told.found(view, answer, by)
    data = drawn.sizes(found, by)
    return [
        Chart("Visitors of each cohort", partial(drawn.sizes_figure, data)),
        Sentence(told.counts(found)),
    ]
