"""Breakdown."""

from __future__ import annotations

from functools import partial

from components import view_description
from components.charts import treemap as drawn
from components.told import breakdown as told
from components.told.breakdown import Choice
from reports.asking import Asking
from reports.document import Block, Chart, Sentence, Table
from umami.analysis import breakdown as analysis
from umami.endpoints import reports
from umami.filters import FIELDS
from umami.models.reports import Breakdown
from umami.view import View


def ask(page: Asking) -> None:
    """The groups of the fields that the page's parameters name."""
    view = page.view
    choice, _ = told.read(page.given, page.capabilities.fields)
    groups = page.ask(reports.breakdown(view, choice.fields))
    by = " and ".join(FIELDS[one].lower() for one in choice.fields)
    page.section(
        f"By {by}", partial(_treemap, view, choice), groups, about=view_description.dates(view)
    )
    if told.has_pivot(view, choice):
        page.section("Pivot table", partial(_pivot, view, choice), groups)
    page.section("Every group", partial(_every, view, choice), groups)


def _treemap(view: View, choice: Choice, answer: Breakdown) -> list[Block]:
    found, named = told.groups(view, choice, answer)
    if found.empty:
        return [Sentence(view_description.why_empty(view, told.NONE))]
    what = told.MEASURES[choice.drawn][0].lower()
    by = " and ".join(FIELDS[one] for one in choice.fields)
    data = told.treemap(choice, named)
    blocks: list[Block] = [Chart(f"{what.capitalize()} by {by}", partial(drawn.tree_figure, data))]
    told_too = told.several(choice), told.FIRST if len(found) >= analysis.MOST else None
    return [*blocks, *(Sentence(one) for one in told_too if one)]


def _pivot(view: View, choice: Choice, answer: Breakdown) -> list[Block]:
    found, named = told.groups(view, choice, answer)
    if found.empty:
        return []
    title, frame, fields = told.pivot(choice, named)
    return [Sentence(f"{title}."), Table("pivot table", frame, fields)]


def _every(view: View, choice: Choice, answer: Breakdown) -> list[Block]:
    found, named = told.groups(view, choice, answer)
    if found.empty:
        return []
    unknown = told.rates_unknown(view, choice)
    blocks: list[Block] = [Sentence(unknown)] if unknown else []
    return [*blocks, Table("groups", named, told.every(choice), 25)]
