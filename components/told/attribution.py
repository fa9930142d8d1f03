"""Attribution: which conversion is meant, and what it is credited to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts import bars
from components.charts import slope as drawn
from components.charts.tiles import Tile, counted
from components.fields import Field, Kind
from components.theme import Mode
from components.told.revenue import sound
from umami import names
from umami.analysis import attribution as analysis
from umami.analysis.steps import KINDS
from umami.analysis.steps import read as read_step
from umami.endpoint import Query
from umami.endpoints import reports
from umami.errors import InvalidView
from umami.memoize import memoize
from umami.models.events import Property
from umami.models.reports import Attribution, FunnelStep
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
NO_LAST: Final = (
    "Last touch is left out: right before converting, visitors looked at a page of this website, "
    "which credits nobody."
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
    currency = (list(given.get("conversion_currency", ())) or [""])[-1] or None
    if currency and not sound(currency):
        faults.append(f"“{currency[:20]}” is not a currency.")
        currency = None
    spelled = list(given.get("conversion", ()))
    try:
        step = read_step(spelled[-1]) if spelled else _NOTHING
    except InvalidView as problem:
        faults.append(str(problem))
        step = _NOTHING
    return step, currency, tuple(faults)


_PURCHASES: Final = re.compile(r"purchas|order|paid|payment|sale|donat|subscri|sign.?up", re.I)


def suggested(properties: Sequence[Property], events: Sequence[str]) -> FunnelStep:
    """The conversion to begin with: the event that most often carries revenue, else the most
    frequent one with the name of a purchase or the like; its value is empty without any."""
    carriers = [one.event for one in properties if one.event and one.name.lower() == "revenue"]
    named = [name for name in events if _PURCHASES.search(name)]
    return FunnelStep("event", next(iter((*carriers, *named)), ""))


def asked(
    view: View, step: FunnelStep, currency: str | None, model: reports.Model
) -> Query[Attribution]:
    """The credit by one model."""
    return reports.attribution(view, model, step.kind, step.value, currency)


def totals(step: FunnelStep, first: Attribution, before: Attribution | None = None) -> list[Tile]:
    """How many conversions there were; both models see the same ones."""

    def tile(label: str, field: str, about: str) -> Tile:
        earlier = None if before is None else getattr(before, field)
        return counted(label, getattr(first, field), earlier, about)

    happened = f"How often it happened: {KINDS[step.kind].lower()} {step.value[:60]}."
    return [
        tile("Conversions", "conversions", happened),
        tile("Converted visitors", "visitors", "Visitors who did it."),
        tile("Converted visits", "visits", "Visits in which they did."),
    ]


@memoize
def credit(
    currency: str | None,
    first: Attribution,
    last: Attribution,
    before: Attribution | None = None,
) -> Credit:
    """The credit by both models side by side, and that of the first touch before."""
    in_money = bool(currency and first.frame["amount"].notna().any())
    value = "amount" if in_money else "visitors"
    table = analysis.shift(first, last, value)
    if before is not None:
        table = analysis.with_comparison(table, before, value)
    labels = [
        names.label(PARTS[part][1], name) if part in PARTS else str(name)
        for part, name in zip(table["part"], table["name"], strict=True)
    ]
    return Credit(
        table.assign(label=labels),
        currency if in_money else None,
        moneyless=bool(currency) and not in_money,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """The credit by one part: a sentence, a figure's data and a table.

    The figure has bars of the first touch where last touch credits nothing.
    """

    sentence: str
    figure: drawn.Shift | bars.Bars
    frame: pd.DataFrame
    fields: list[Field]


def part_figure(data: drawn.Shift | bars.Bars, mode: Mode) -> go.Figure:
    """The figure of one part."""
    if isinstance(data, bars.Bars):
        return bars.bars_figure(data, mode)
    return drawn.shift_figure(data, mode)


@memoize
def of_part(credit: Credit, part: str) -> Part:
    """One part of the credit."""
    title = PARTS[part][0]
    frame = credit.table[credit.table["part"] == part]
    currency = credit.currency or ""
    compared = "before" in frame

    def said(value: float) -> str:
        return formats.money(value, currency) if currency else formats.whole(value)

    first, last = (said(frame[column].sum()) for column in ("first", "last"))
    kind: Kind = "money" if currency else "count"
    fields = [
        Field("label", title.removeprefix("UTM ").capitalize(), "text"),
        Field("first", "First touch", kind, currency=currency),
    ]
    figure: drawn.Shift | bars.Bars
    if frame["last"].fillna(0).any():
        sentence = f"First touches name {first}, last touches {last}."
        fields += [
            Field("last", "Last touch", kind, currency=currency),
            Field("shift", "Shift", "delta", currency=currency),
        ]
        words = [[said(one) for one in frame[column].fillna(0)] for column in ("first", "last")]
        figure = drawn.shift(frame, (words[0], words[1]), currency)
    else:
        sentence = f"First touches name {first}. {NO_LAST}"
        known = frame.fillna({"first": 0.0, "before": 0.0})
        earlier = list(known["before"]) if compared else []
        figure = bars.bars(
            list(known["label"]),
            list(known["first"]),
            [said(one) for one in known["first"]],
            earlier,
        )
    if compared:
        fields.append(Field("change", "Change of first touch", "change", wide=True))
    return Part(sentence, figure, frame, fields)
