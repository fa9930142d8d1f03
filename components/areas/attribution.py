"""Attribution: the first and last touches that get credit for conversions, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

import pandas as pd

from components import blocks as ui
from components import conversions, formats, loading
from components.areas import PageInfo
from components.charts import bars
from components.charts.tiles import Figures
from components.formats import Field, Kind
from components.loading import Collector
from components.view_description import described, why_empty
from umami import names
from umami.analysis import marketing as analysis
from umami.analysis.steps import KINDS
from umami.api import revenue
from umami.api.revenue import Attribution
from umami.conversion import Conversion, FunnelStep
from umami.errors import UmamiError
from umami.memoize import memoize
from umami.view import View

INFO: Final = PageInfo(
    "attribution",
    "Attribution",
    "call_split",
    "Marketing",
    2,
    "Which channels get the credit for conversions: first touch and last touch.",
    ("values", "currencies", "reports"),
    ("attribution", "event_data_properties"),
)
PARTS: Final = {
    "referrer": ("Referrers", "referrer"),
    "paid ads": ("Paid ads", "ads"),
    "source": ("UTM sources", "utmSource"),
    "medium": ("UTM mediums", "utmMedium"),
    "campaign": ("UTM campaigns", "utmCampaign"),
    "content": ("UTM ad content", "utmContent"),
    "term": ("UTM keywords", "utmTerm"),
}
"""The dimensions that get credit: title, and field for the labels of their values."""
EXPLAINED: Final = (
    "First touch is the source of a visitor's first visit in the period. Last touch is the view "
    "right before the conversion: within a visit, that is a page of this website without a source."
)
NO_LAST: Final = (
    "Last touch is left out: right before converting, visitors viewed a page of this website, "
    "which has no source."
)
NO_MONEY: Final = (
    "This server reports which visitors converted, but not their revenue. Visitors are shown."
)


def reports_money(query: Collector) -> bool:
    """Whether the server reports revenue in attribution; ``False`` if it does not answer."""
    try:
        return query.client.definitions.attribution_money
    except UmamiError:
        # Every section shows the error.
        return False


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """Credit for the chosen conversion; reports add the saved ones."""
    conversion = conversions.chosen(query, view, params)
    if conversion.step:
        yield from _credit(query, view, conversion.step, view.currency)
    else:
        empty = "Choose the page or the event that counts as a conversion: Conversion in the bar."
        yield ui.blocks_section("Conversion", ui.Text(empty, "empty"))
    yield ui.ReportItems(partial(_saved, query, view, conversion))


def _saved(query: Collector, view: View, shown: Conversion) -> Iterator[ui.Item]:
    """Credit for the saved conversions that are not ``shown`` already."""
    saved = [
        conversions.chosen(query, view, params)
        for _, params in loading.saved_analyses(query, view, "attribution")
    ]
    for conversion in dict.fromkeys(saved):
        if conversion.step and conversion.step != shown.step:
            yield from _credit(query, view, conversion.step, conversion.currency)


def _credit(query: Collector, view: View, step: FunnelStep, currency: str) -> Iterator[ui.Item]:
    """Credit by first and last touch, and by first touch of the comparison."""
    credited = partial(
        revenue.attribution,
        kind=step.kind,
        step=step.value,
        currency=currency if currency and reports_money(query) else None,
    )
    first = query.compared(view, partial(credited, model="first-click"))
    last = query.ask(credited(view, model="last-click"))
    happened = f"How often it occurred: {KINDS[step.kind].lower()} {step.value[:60]}."
    fields: Figures = [
        ("Conversions", "conversions", happened, "count"),
        ("Converted visitors", "visitors", "Visitors who converted.", "count"),
        ("Converted visits", "visits", "Visits with a conversion.", "count"),
    ]
    totals = partial(ui.figure_tiles, fields)  # the same in both models
    yield ui.Section(step.value, totals, [*first], about=described(view), framed=False)
    yield ui.Section(
        f"Credit for {step.value}",
        partial(_parts, view, currency),
        [first.now, last, *first.earlier],
        height=420,
        framed=False,
    )


def _parts(
    view: View,
    currency: str | None,
    first: Attribution,
    last: Attribution,
    before: Attribution | None = None,
) -> list[ui.Block]:
    """The credit by each dimension; in visitors if the server does not report revenue."""
    in_money = bool(currency and first.frame["amount"].notna().any())
    notes = [ui.Text(NO_MONEY, "note")] if currency and not in_money else []
    table = credit("amount" if in_money else "visitors", first, last, before)
    if table.empty:
        no_credit = "No visitor converted in this period, or their sources are unknown."
        return [*notes, ui.Text(why_empty(view, no_credit), "empty")]
    credited = [part for part in PARTS if (table["part"] == part).any()]
    cards = [
        (PARTS[part][0], part_blocks(part, table, currency or "" if in_money else ""))
        for part in credited
    ]
    missing = ", ".join(title for part, (title, _) in PARTS.items() if part not in credited)
    return [
        *notes,
        ui.Text(EXPLAINED),
        ui.Cards(cards),
        *([ui.Text(f"No credit by {missing}.")] if missing else []),
    ]


@memoize
def credit(
    value: str, first: Attribution, last: Attribution, before: Attribution | None = None
) -> pd.DataFrame:
    """The credit by both models with a ``label`` for each name, and the comparison's first touch.

    ``value`` is ``visitors`` or ``amount``.
    """
    table = analysis.shift(first, last, value)
    if before is not None:
        table = analysis.with_comparison(table, before, value)
    labels = [
        names.label(PARTS[part][1], name) if part in PARTS else str(name)
        for part, name in zip(table["part"], table["name"], strict=True)
    ]
    return table.assign(label=labels)


@memoize
def part_blocks(part: str, table: pd.DataFrame, currency: str) -> list[ui.Block]:
    """The credit by one dimension, in money if there is a currency: sentence, chart and table.

    Without any credit by last touch, the chart shows first touch only.
    """
    title = PARTS[part][0]
    frame = table[table["part"] == part]
    compared = "before" in frame
    first, last = (formats.amount(value, currency) for value in frame[["first", "last"]].sum())
    kind: Kind = "money" if currency else "count"
    fields = [
        Field("label", title.removeprefix("UTM ").capitalize(), "text"),
        Field("first", "First touch", kind, currency=currency),
    ]
    key, alt = f"shift_{part}", f"{title}: credit by first and by last touch"
    if frame["last"].fillna(0).any():
        sentence = f"Credit by first touch: {first}. Credit by last touch: {last}."
        fields += [
            Field("last", "Last touch", kind, currency=currency),
            Field("shift", "Shift", "delta", currency=currency),
        ]
        chart = ui.Chart(alt, key, partial(bars.shift, frame, currency))
    else:
        sentence = f"Credit by first touch: {first}. {NO_LAST}"
        chart = ui.Chart(alt, key, partial(bars.ranking, frame, "label", fields[1], compared))
    if compared:
        fields.append(Field("change", "Change of first touch", "change", wide=True))
    return [
        ui.Text(sentence, medium="page"),
        ui.Text(f"{title}. {sentence}", medium="report"),
        chart,
        ui.Table(
            title,
            frame,
            fields,
            f"credit_{part}",
            printed=10,
            report_title=f"credit to {title.lower()}",
        ),
    ]
