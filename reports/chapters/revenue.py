"""Revenue, in the currency that the page's parameters name, else in the one to begin with."""

from __future__ import annotations

from functools import partial

from components import formats, traffic_blocks, view_description
from components.charts import stacks
from components.told import revenue as told
from reports.asking import Asking
from reports.document import Block, Chart, Sentence, Table, Tiles
from umami.endpoints import reports
from umami.errors import UmamiError
from umami.models.reports import Revenue


def ask(page: Asking) -> None:
    """The money in all, and every part of it."""
    view = page.view
    currency, _ = told.named(page.given)
    try:
        means = page.client.definitions
        if not currency:
            listed = page.unfiltered(view, reports.currencies)
            currency = told.suggested(listed.result()) or ""
            if not currency:
                page.said("Revenue", told.no_currency(view, page.key(listed)))
                return
    except UmamiError as problem:
        page.said("Revenue", str(problem))
        return
    scope = told.scope(means, view, currency)
    if scope.left_out:
        page.said("Filters", scope.left_out)
    money = page.compared(scope.view, partial(told.asked, currency))
    listed_too = page.hint(reports.currencies(view.unfiltered()), ())
    page.section("Figures", partial(_figures, page, scope), listed_too, *money)
    page.section(
        f"Revenue in {formats.iso_currency(currency) or currency}",
        partial(_series, scope),
        *money,
        about=view_description.described(scope.view),
    )
    page.section("World", partial(_world, currency), money.now)
    for name, (title, _) in told.PARTS.items():
        page.section(title, partial(_part, scope, name), *money)


def _figures(
    page: Asking,
    scope: told.Scope,
    listed: tuple[str, ...],
    now: Revenue,
    before: Revenue | None = None,
) -> list[Block]:
    means = page.client.definitions
    blocks: list[Block] = [Tiles(told.figures(means, scope, now, before))]
    for spelling in told.choices(listed, scope.currency)[scope.currency]:
        found = page.ask(told.asked(spelling, scope.view)).result()
        if sentence := told.elsewhere(spelling, found):
            blocks.append(Sentence(sentence))
    return blocks


def _series(scope: told.Scope, now: Revenue, before: Revenue | None = None) -> list[Block]:
    if now.chart is None:
        return [Sentence(told.BY_DAY)]
    if not now.orders:
        return [Sentence(told.why_none(scope.view))]
    alt = f"Revenue over time by event, in {scope.currency}"
    chart = Chart(alt, partial(stacks.stacked_figure, told.series(scope, now, before)))
    return [Sentence(told.LOSSES), chart] if told.losses(now) else [chart]


def _world(code: str, now: Revenue) -> list[Block]:
    alt = f"Revenue by country, in {code}"
    return traffic_blocks.world_map(told.world(code, now), key="revenue_map", alt=alt)


def _part(scope: told.Scope, name: str, now: Revenue, before: Revenue | None = None) -> list[Block]:
    found = told.part(name, scope.currency, now, before)
    if found is None:
        return [Sentence(told.untold(name))]
    table, fields = found
    if table.empty:
        return [Sentence(told.none_of(name, scope.view, now))]
    return [Table(f"revenue by {told.PARTS[name][1]}", table, fields)]
