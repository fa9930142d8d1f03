"""Journeys."""

from __future__ import annotations

from functools import partial

from components import view_description
from components.charts import sankey as drawn
from components.told import journey as told
from components.told.journey import Choice
from reports.asking import Asking
from reports.document import Block, Chart, Sentence, Table
from umami.analysis import journey as analysis
from umami.models.reports import Path
from umami.view import View


def ask(page: Asking) -> None:
    """The paths that the page's parameters spell, or all of them."""
    choice, _ = told.read(page.given)
    paths = page.ask(told.asked(choice, page.view))
    page.section(
        "Paths", partial(_paths, page.view, choice), paths, about=view_description.dates(page.view)
    )


def _paths(view: View, choice: Choice, answer: tuple[Path, ...]) -> list[Block]:
    if not answer:
        return [Sentence(view_description.why_empty(view, told.NONE))]
    paths = told.chosen(choice, answer)
    blocks: list[Block] = [Sentence(told.counts(choice, paths, answer))]
    if not paths:
        return [*blocks, Sentence("None of the paths goes through there.")]
    flow = analysis.flow(paths)
    if flow.links:
        data = drawn.sankey(flow, choice.through)
        blocks.append(Chart("Visits from step to step", partial(drawn.sankey_figure, data)))
    return [*blocks, Table("paths", *told.listed(paths))]
