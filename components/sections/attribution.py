"""Attribution: the conversion, and which touch it is credited to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, Literal

import pandas as pd
import streamlit as st

from components import address, formats, panels, parameters, saved, steps, tiles
from components.asking import aside, blank
from components.fields import Field
from components.figures import shift as drawn
from components.listing import listing
from components.text import plain
from umami import names
from umami.analysis import attribution as analysis
from umami.analysis import saved as spelling
from umami.analysis.steps import KINDS, read, spell
from umami.endpoints import reports
from umami.errors import InvalidView
from umami.models.paging import Page
from umami.models.reports import Attribution, FunnelStep, Report
from umami.models.traffic import Value
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
_NOTHING: Final = FunnelStep("event", "")


def conversion() -> tuple[FunnelStep, str | None]:
    """The conversion that the URL names (its value may still be empty), and the currency."""
    given = parameters.read("conversion", "currency")
    currency = (given["currency"] or [""])[-1].upper() or None
    if currency and not (currency.isascii() and currency.isalnum() and len(currency) <= 10):
        aside(f"“{currency[:20]}” is not a currency.")
        currency = None
    try:
        return (read(given["conversion"][-1]) if given["conversion"] else _NOTHING), currency
    except InvalidView as problem:
        aside(str(problem))
        return _NOTHING, currency


def editor(
    view: View,
    step: FunnelStep,
    currency: str | None,
    paths: Sequence[Value],
    events: Sequence[Value],
    codes: tuple[str, ...],
    listed: Page[Report],
) -> None:
    """Inputs for the conversion and the money, and what is saved."""
    offered = steps.suggestions(paths, events)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        steps.inputs(
            step,
            offered,
            label="Conversion",
            key="edit",
            write=lambda one: parameters.write(conversion=spell(one)),
        )
        money = sorted({*(code.upper() for code in codes), *([currency] if currency else [])})
        if money:
            parameters.choice(
                "Count",
                {"": "Count visitors", **{code: f"And money in {code}" for code in money}},
                currency or "",
                key="pick_currency",
                icon=":material/payments:",
                width=220,
                write=lambda code: parameters.write(currency=code),
            )
        making = partial(_saving, view, step, currency) if step.value else None
        saved.menu(view, "attribution", making, listed)


def _saving(view: View, step: FunnelStep, currency: str | None) -> dict[str, object]:
    return spelling.parameters(
        view, model="first-click", type=step.kind, step=step.value, currency=currency
    )


def asked(
    view: View, step: FunnelStep, currency: str | None, model: reports.Model
) -> Question[Attribution]:
    """The credit by one model."""
    return reports.attribution(view, model, step.kind, step.value, currency)


def nothing() -> None:
    """What is shown until there is a conversion."""
    blank(
        "Choose the page or the event that you call a conversion. First and last touch are then "
        "shown side by side."
    )


def totals(step: FunnelStep, first: Attribution, last: Attribution) -> None:
    """How many conversions there were; both models see the same ones."""
    del last
    tiles.draw(
        [
            tiles.counted(
                "Conversions",
                first.conversions,
                None,
                f"How often it happened: {KINDS[step.kind].lower()} {plain(step.value, 60)}.",
            ),
            tiles.counted("Converted visitors", first.visitors, None, "Visitors who did it."),
            tiles.counted("Converted visits", first.visits, None, "Visits in which they did."),
        ]
    )


def parts(currency: str | None, first: Attribution, last: Attribution) -> None:
    """Each part of the credit as a figure and a table."""
    measure: Literal["visitors", "amount"] = "visitors"
    if currency and first.frame["amount"].notna().any():
        measure = "amount"
    elif currency:
        aside(
            "This server tells which visitors converted, not the money they "
            "brought. Visitors are shown."
        )
    table = analysis.shift(first, last, measure)
    if table.empty:
        blank(
            address.why_empty(
                "Nobody converted in this period, or nobody came from anywhere that is known."
            )
        )
        return
    st.caption(
        "First touch is how a visitor first came in the period. Last touch is what they did right "
        "before converting: within a visit that is a page of your own, which credits nobody."
    )
    found = [part for part in PARTS if (table["part"] == part).any()]
    with st.grid(2, min_column_width=330):
        for part in found:
            with panels.card(PARTS[part][0]):
                _part(part, table[table["part"] == part], currency if measure == "amount" else None)
    missing = [title for part, (title, _) in PARTS.items() if part not in found]
    if missing:
        st.caption(f"No credit by {', '.join(missing)}.")


def _part(part: str, table: pd.DataFrame, currency: str | None) -> None:
    title, field = PARTS[part]
    named = table.assign(label=[names.label(field, one) for one in table["name"]])

    def said(column: str) -> list[str]:
        return [
            formats.money(one, currency) if currency else formats.whole(one)
            for one in named[column].fillna(0)
        ]

    sums = (named[column].sum() for column in ("first", "last"))
    first, last = (formats.money(one, currency) if currency else formats.whole(one) for one in sums)
    st.caption(plain(f"First touches name {first}, last touches {last}."))
    panels.chart(
        drawn.shift_figure(drawn.shift(named, (said("first"), said("last"))), panels.mode()),
        key=f"shift_{part}",
        alt=f"{title}: credit by first and by last touch",
    )
    kind: Literal["money", "count"] = "money" if currency else "count"
    listing(
        named,
        [
            Field("label", title.removeprefix("UTM ").capitalize(), "text"),
            Field("first", "First touch", kind, currency=currency or ""),
            Field("last", "Last touch", kind, currency=currency or ""),
            Field("shift", "Shift", "delta", currency=currency or ""),
        ],
        what=title,
        key=f"credit_{part}",
    )
