"""What counts as a conversion, and the currency of its revenue: choices and suggestions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import chain
from typing import Final

from components import blocks as ui
from components import formats
from components.loading import Collector
from umami.analysis.steps import read
from umami.api import events, revenue, traffic
from umami.api.events import Property
from umami.api.reports import FunnelStep
from umami.api.traffic import Value
from umami.errors import InvalidView
from umami.view import View

PARAMS: Final = ("conversion", "conversion_currency")
"""The parameters of the URL that choose the conversion."""
LONGEST_CURRENCY: Final = 100
"""Longest currency in characters that servers store."""
_PURCHASES: Final = re.compile(r"purchas|order|paid|payment|sale|donat|subscri|sign.?up", re.I)

Choice = tuple[FunnelStep, str | None]
"""The step that counts as a conversion (value ``""`` for none), and the currency of revenue."""


def parse(params: ui.Params) -> tuple[Choice, tuple[str, ...]]:
    """Parse the page's parameters; returns the conversion and error messages."""
    faults: list[str] = []
    currency = next(reversed(params.get("conversion_currency", ())), None)
    if currency and not is_currency(currency):
        faults.append(f"“{currency[:20]}” is not a currency.")
        currency = None
    step = FunnelStep("event", "")
    try:
        for text in list(params.get("conversion", ()))[-1:]:
            step = read(text)
    except InvalidView as problem:
        faults.append(str(problem))
    return (step, currency), tuple(faults)


def suggested(query: Collector, view: View) -> FunnelStep:
    """The default conversion; its value is ``""`` if no event qualifies.

    It is the event that most often has a ``revenue`` property, else the most frequent event whose
    name resembles a purchase or a registration. Waits for the queries.
    """
    no_properties: tuple[Property, ...] = ()
    no_values: tuple[Value, ...] = ()
    properties = query.hint(events.event_data_properties(view.unfiltered()), no_properties)
    values = query.hint(traffic.values(view, "event"), no_values)
    carriers = (
        row.event for row in properties.result() if row.event and row.name.lower() == "revenue"
    )
    named = (row.value for row in values.result() if row.value and _PURCHASES.search(row.value))
    return FunnelStep("event", next(chain(carriers, named), ""))


def choices(currencies: Iterable[str], chosen: str = "") -> dict[str, tuple[str, ...]]:
    """The currencies to choose from, each with its other spellings.

    Spellings of a currency differ only in case and surrounding spaces. The spelling to query is
    ``chosen`` where that is among them, else the upper-case code, else the first.
    """
    spellings: dict[str, set[str]] = {}
    for currency in (*currencies, *([chosen] if chosen else [])):
        if is_currency(currency):
            spellings.setdefault(currency.strip().upper(), set()).add(currency)
    by_first: dict[str, tuple[str, ...]] = {}
    for code, alike in sorted(spellings.items()):
        first = next((spelling for spelling in (chosen, code) if spelling in alike), min(alike))
        by_first[first] = tuple(sorted(alike - {first}))
    return by_first


def suggested_currency(currencies: Iterable[str]) -> str | None:
    """The default currency: EUR, else the first ISO code, else the first text; ``None`` without
    any."""
    return min(
        choices(currencies),
        key=lambda currency: (
            currency.strip().upper() != "EUR",
            formats.iso_currency(currency) is None,
            currency.upper(),
        ),
        default=None,
    )


def is_currency(text: str) -> bool:
    """Whether a text may be a currency; websites send symbols and names, too."""
    return bool(text.strip()) and len(text) <= LONGEST_CURRENCY and text.isprintable()


@dataclass(frozen=True, slots=True)
class Conversion:
    """What counts as a conversion (value ``""``: nothing), and the currency of its revenue."""

    step: FunnelStep
    currency: str


def faults(params: ui.Params) -> tuple[str, ...]:
    """What of the page's parameters is malformed, in sentences."""
    return parse(params)[1]


def chosen(query: Collector, view: View, params: ui.Params) -> Conversion:
    """The conversion of the parameters; waits for suggestions in place of what they lack."""
    (step, currency), _ = parse(params)
    step = step if step.value else suggested(query, view)
    currency = currency or suggested_currency(ask_currencies(query, view).result())
    return Conversion(step, currency or "")


def ask_currencies(query: Collector, view: View) -> Future[tuple[str, ...]]:
    """The website's currencies; empty if the server cannot list them."""
    none: tuple[str, ...] = ()
    return query.hint(revenue.currencies(view.unfiltered()), none)
