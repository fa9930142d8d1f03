"""Attribution: of the conversion that the page's parameters name, else of those saved in Umami."""

from __future__ import annotations

from functools import partial

from components import words
from components.figures import shift as drawn
from components.told import attribution as told
from reports.asking import Asking
from reports.chapters import saved
from reports.document import Block, Chart, Sentence, Table, Tiles
from umami.models.reports import Attribution, FunnelStep
from umami.view import View


def ask(page: Asking) -> None:
    """First and last touch of each conversion."""
    step, currency, _ = told.read(page.given)
    wanted = [(step, currency)] if step.value else _saved(page)
    if not wanted:
        page.said("Conversion", "No conversion was chosen, and none is saved in Umami.")
    for step, currency in wanted:
        first, last = (
            page.ask(told.asked(page.view, step, currency, model))
            for model in ("first-click", "last-click")
        )
        about = words.dates(page.view)
        page.section(step.value, partial(_totals, step), first, about=about)
        page.section(f"Credit for {step.value}", partial(_credit, page.view, currency), first, last)


def _saved(page: Asking) -> list[tuple[FunnelStep, str | None]]:
    found = [told.read(given)[:2] for _, given in saved.of_kind(page, "attribution")]
    return [one for one in dict.fromkeys(found) if one[0].value]


def _totals(step: FunnelStep, first: Attribution) -> list[Block]:
    return [Tiles(told.totals(step, first))]


def _credit(view: View, currency: str | None, first: Attribution, last: Attribution) -> list[Block]:
    credit = told.credit(currency, first, last)
    blocks: list[Block] = [Sentence(told.NO_MONEY)] if credit.moneyless else []
    if credit.table.empty:
        return [*blocks, Sentence(words.why_empty(view, told.NOBODY))]
    blocks.append(Sentence(told.EXPLAINED))
    for part in credit.parts:
        title = told.PARTS[part][0]
        sums, data, frame, fields = told.of_part(credit, part)
        blocks += [
            Sentence(f"{title}. {sums}"),
            Chart(f"{title}: credit by first and by last touch", partial(drawn.shift_figure, data)),
            Table(f"credit to {title.lower()}", frame, fields, 10),
        ]
    return [*blocks, Sentence(credit.missing)] if credit.missing else blocks
