"""Attribution: which conversion is meant, and what it is credited to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from components import formats
from components.fields import Field
from components.figures import shift as drawn
from components.figures.tiles import Tile, counted
from umami import names
from umami.analysis import attribution as analysis
from umami.analysis.steps import KINDS
from umami.analysis.steps import read as read_step
from umami.derived import derived
from umami.endpoints import reports
from umami.errors import InvalidView
from umami.models.reports import Attribution, FunnelStep
from umami.question import Question
from umami.view import View

PARTS: Final = {
    "referrer": ("Referrers", "referrer"),
    "paid ads": ("Paid ads", "ads"),
    "source": ("UTM sources", "utmSource"),
    "medium": ("UTM media", "utmMedium"),
    "campaign": ("UTM campaigns", "utmCampaign"),
    "content": ("UTM contents", "utmContent"),
    "term": ("UTM terms", "utmTerm"),
}
"""What credit is given to: a title, and the field that the names are of."""
NOBODY: Final = "Nobody converted in this period, or nobody came from anywhere that is known."
EXPLAINED: Final = (
    "First touch is how a visitor first came in the period. Last touch is what they did right "
    "before converting: within a visit that is a page of your own, which credits nobody."
)
NO_MONEY: Final = (
    "This server tells which visitors converted, not the money they brought. Visitors are shown."
)
_NOTHING: Final = FunnelStep("event", "")


@dataclass(frozen=True, slots=True)
class Credit:
    """Credit by part and name (``label``, ``first``, ``last``, ``shift``), in money or visitors."""

    table: pd.DataFrame
    currency: str | None
    moneyless: bool = False
    """Whether money was wanted and is not told."""

    @property
    def parts(self) -> list[str]:
        """The parts that have any, in their order."""
        return [part for part in PARTS if (self.table["part"] == part).any()]

    @property
    def missing(self) -> str | None:
        """What is credited with nothing, in a sentence."""
        without = [title for part, (title, _) in PARTS.items() if part not in self.parts]
        return f"No credit by {', '.join(without)}." if without else None


def read(
    given: Mapping[str, Sequence[str]],
) -> tuple[FunnelStep, str | None, tuple[str, ...]]:
    """The conversion that a page's parameters name (its value may still be empty), the currency,
    and what is wrong with them."""
    faults: list[str] = []
    currency = (list(given.get("conversion_currency", ())) or [""])[-1].upper() or None
    if currency and not (currency.isascii() and currency.isalnum() and len(currency) <= 10):
        faults.append(f"“{currency[:20]}” is not a currency.")
        currency = None
    spelled = list(given.get("conversion", ()))
    try:
        step = read_step(spelled[-1]) if spelled else _NOTHING
    except InvalidView as problem:
        faults.append(str(problem))
        step = _NOTHING
    return step, currency, tuple(faults)


def asked(
    view: View, step: FunnelStep, currency: str | None, model: reports.Model
) -> Question[Attribution]:
    """The credit by one model."""
    return reports.attribution(view, model, step.kind, step.value, currency)


def totals(step: FunnelStep, first: Attribution) -> list[Tile]:
    """How many conversions there were; both models see the same ones."""
    return [
        counted(
            "Conversions",
            first.conversions,
            None,
            f"How often it happened: {KINDS[step.kind].lower()} {step.value[:60]}.",
        ),
        counted("Converted visitors", first.visitors, None, "Visitors who did it."),
        counted("Converted visits", first.visits, None, "Visits in which they did."),
    ]


@derived
def credit(currency: str | None, first: Attribution, last: Attribution) -> Credit:
    """The credit by both models side by side."""
    in_money = bool(currency and first.frame["amount"].notna().any())
    table = analysis.shift(first, last, "amount" if in_money else "visitors")
    labels = [
        names.label(PARTS[part][1], name) if part in PARTS else str(name)
        for part, name in zip(table["part"], table["name"], strict=True)
    ]
    return Credit(
        table.assign(label=labels),
        currency if in_money else None,
        moneyless=bool(currency) and not in_money,
    )


@derived
def of_part(credit: Credit, part: str) -> tuple[str, drawn.Shift, pd.DataFrame, list[Field]]:
    """One part: its sums in a sentence, its figure, its table."""
    title = PARTS[part][0]
    frame = credit.table[credit.table["part"] == part]
    currency = credit.currency

    def said(value: float) -> str:
        return formats.money(value, currency) if currency else formats.whole(value)

    first, last = (said(frame[column].sum()) for column in ("first", "last"))
    words = tuple([said(one) for one in frame[column].fillna(0)] for column in ("first", "last"))
    kind: Literal["money", "count"] = "money" if currency else "count"
    fields = [
        Field("label", title.removeprefix("UTM ").capitalize(), "text"),
        Field("first", "First touch", kind, currency=currency or ""),
        Field("last", "Last touch", kind, currency=currency or ""),
        Field("shift", "Shift", "delta", currency=currency or ""),
    ]
    sentence = f"First touches name {first}, last touches {last}."
    return sentence, drawn.shift(frame, (words[0], words[1])), frame, fields
