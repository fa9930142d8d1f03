"""Revenue, in the currency that the page's parameters name, else in the one to begin with."""

from __future__ import annotations

from functools import partial

from components import words
from components.figures import maps, stacks
from components.questions import Asks
from components.told import revenue as told
from components.told import traffic
from reports.asking import Asking
from reports.document import Block, Chart, Sentence, Table, Tiles
from umami.endpoints import reports
from umami.errors import UmamiError
from umami.models.reports import Revenue
from umami.view import View


def ask(page: Asking) -> None:
    """The money in all, and every part of it."""
    view = page.view
    code, _ = told.named(page.given)
    if not code:
        try:
            code = told.suggested(page.ask(reports.currencies(view)).result()) or ""
        except UmamiError as problem:
            page.said("Revenue", str(problem))
            return
    if not code:
        page.said("Revenue", words.why_empty(view, told.NO_MONEY))
        return
    money = page.against(view, partial(told.asked, code))
    page.section("Figures", partial(_figures, page.client, view, code), *money)
    page.section(
        f"Revenue in {code}", partial(_series, view, code), money.now, about=words.described(view)
    )
    page.section("World", partial(_world, code), money.now)
    for name, (title, _) in told.PARTS.items():
        page.section(title, partial(_part, view, name, code), *money)


def _figures(
    client: Asks, view: View, code: str, now: Revenue, before: Revenue | None = None
) -> list[Block]:
    return [Tiles(told.figures(client.definitions, view, code, now, before))]


def _series(view: View, code: str, now: Revenue) -> list[Block]:
    if now.chart is None:
        return [Sentence(told.BY_DAY)]
    if not now.orders:
        return [Sentence(words.why_empty(view, told.NO_MONEY))]
    data = stacks.stacked(now.chart, view.period.unit, "amount", money=code)
    alt = f"Revenue over time by event, in {code}"
    return [Chart(alt, partial(stacks.stacked_figure, data))]


def _world(code: str, now: Revenue) -> list[Block]:
    data = told.world(code, now)
    alt = f"Revenue by country, in {code}"
    blocks: list[Block] = [Chart(alt, partial(maps.world_figure, data))]
    small = traffic.undrawn(data)
    return [*blocks, Sentence(small)] if small else blocks


def _part(
    view: View, name: str, code: str, now: Revenue, before: Revenue | None = None
) -> list[Block]:
    found = told.part(name, code, now, before)
    if found is None:
        return [Sentence(told.untold(name))]
    table, fields = found
    if table.empty:
        return [Sentence(words.why_empty(view, told.NONE_OF))]
    return [Table(f"revenue by {told.PARTS[name][1]}", table, fields)]
