"""Funnels: the one that the page's parameters spell, else those saved in Umami."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from components import view_description
from components.charts import steps as drawn
from components.told import funnel as told
from components.told.funnel import Chain
from reports.asking import Asking
from reports.chapters import saved
from reports.document import Block, Chart, Sentence, Table
from umami.analysis import funnel as analysis
from umami.endpoints import reports
from umami.models.reports import FunnelResult
from umami.view import View


def ask(page: Asking) -> None:
    """Every step of every funnel, and the comparison's."""
    given, _ = told.read(page.given)
    chains = [("Conversion", given)] if given.complete else _saved(page)
    if not chains:
        page.said("Conversion", "No funnel was chosen, and none is saved in Umami.")
    for title, chain in chains:
        results = page.compared(
            page.view, partial(reports.funnel, steps=chain.steps, window=chain.window)
        )
        page.section(
            title,
            partial(_funnel, page.view, chain),
            *results,
            about=f"{view_description.described(page.view)}. Each step: "
            f"{told.within(chain.window).lower()}.",
        )


def _saved(page: Asking) -> list[tuple[str, Chain]]:
    read = [(name, told.read(given)[0]) for name, given in saved.of_kind(page, "funnel")]
    return [(name, chain) for name, chain in read if chain.complete]


def _funnel(
    view: View,
    chain: Chain,
    now: Sequence[FunnelResult],
    before: Sequence[FunnelResult] | None = None,
) -> list[Block]:
    table = analysis.table(now, before)
    overall, lost = told.overall(now), told.lost(now)
    blocks: list[Block] = []
    if overall is None:
        blocks.append(Sentence(view_description.why_empty(view, told.NOBODY)))
    else:
        blocks.append(Sentence(" ".join(overall)))
        if lost:
            blocks.append(Sentence("".join(lost)))
        data = drawn.funnel(table, analysis.worst(now))
        blocks.append(
            Chart("Visitors at each step of the funnel", partial(drawn.funnel_figure, data))
        )
    frame, fields = told.listed(table, compared=before is not None)
    return [*blocks, Table("funnel steps", frame, fields, len(chain.steps))]
