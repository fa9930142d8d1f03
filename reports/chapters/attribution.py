"""Attribution: of the conversion that the page's parameters name, else of those saved in Umami."""

from __future__ import annotations

from functools import partial

from components import view_description
from components.told import attribution as told
from reports.asking import Asking
from reports.chapters import saved
from reports.document import Block, Chart, Sentence, Table, Tiles
from umami.endpoints import events, traffic
from umami.errors import UmamiError
from umami.models.reports import Attribution, FunnelStep
from umami.models.traffic import Value
from umami.view import View


def ask(page: Asking) -> None:
    """First and last touch of each conversion, and the first touch of the comparison."""
    view = page.view
    step, currency, _ = told.read(page.given)
    wanted = [(step, currency)] if step.value else _saved(page) or _suggested(page)
    if not wanted:
        page.said("Conversion", "No conversion was chosen, and none is saved in Umami.")
        return
    try:
        in_money = page.client.definitions.attribution_money
    except UmamiError as problem:
        page.said("Conversion", str(problem))
        return
    for step, currency in wanted:
        credited = partial(told.asked, step=step, currency=currency if in_money else None)
        first = page.compared(view, partial(credited, model="first-click"))
        last = page.ask(credited(view, model="last-click"))
        about = view_description.described(view)
        page.section(step.value, partial(_totals, step), *first, about=about)
        page.section(
            f"Credit for {step.value}",
            partial(_credit, view, currency),
            first.now,
            last,
            *first.earlier,
        )


def _suggested(page: Asking) -> list[tuple[FunnelStep, str | None]]:
    """The conversion that the page begins with. Waits for the answers."""
    none: tuple[Value, ...] = ()
    properties = page.hint(events.event_data_properties(page.view.unfiltered()), ())
    values = page.hint(traffic.values(page.view, "event"), none)
    names = [one.value for one in values.result() if one.value]
    step = told.suggested(properties.result(), names)
    return [(step, None)] if step.value else []


def _saved(page: Asking) -> list[tuple[FunnelStep, str | None]]:
    found = [told.read(given)[:2] for _, given in saved.of_kind(page, "attribution")]
    return [one for one in dict.fromkeys(found) if one[0].value]


def _totals(step: FunnelStep, first: Attribution, before: Attribution | None = None) -> list[Block]:
    return [Tiles(told.totals(step, first, before))]


def _credit(
    view: View,
    currency: str | None,
    first: Attribution,
    last: Attribution,
    before: Attribution | None = None,
) -> list[Block]:
    credit = told.credit(currency, first, last, before)
    blocks: list[Block] = [Sentence(told.NO_MONEY)] if credit.moneyless else []
    if credit.table.empty:
        return [*blocks, Sentence(view_description.why_empty(view, told.NOBODY))]
    blocks.append(Sentence(told.EXPLAINED))
    for part in credit.parts:
        title = told.PARTS[part][0]
        found = told.of_part(credit, part)
        blocks += [
            Sentence(f"{title}. {found.sentence}"),
            Chart(
                f"{title}: credit by first and by last touch",
                partial(told.part_figure, found.figure),
            ),
            Table(f"credit to {title.lower()}", found.frame, found.fields, 10),
        ]
    return [*blocks, Sentence(credit.missing)] if credit.missing else blocks
