"""What counts as a conversion, and the currency of its revenue: choices and suggestions."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import replace
from datetime import date
from itertools import chain
from typing import Final

from components import content_groups, formats
from components.blocks import Params, Section, Text, blocks_section
from components.loading import Collector
from components.texts import N_, _
from umami.api import events, revenue, traffic
from umami.api.events import Property
from umami.api.traffic import Value
from umami.conversion import PURCHASE, Conversion, FunnelStep, is_currency, read
from umami.endpoint import Query
from umami.errors import InvalidView
from umami.period import Period
from umami.view import View

ENDPOINTS: Final = ("values", "event_data_properties", "currencies")
"""What a page queries to suggest a conversion."""
PARAMS: Final = ("conversion", "conversion_currency")
"""Parameters by which a saved report chooses the conversion, instead of the View."""
_LEFT_OUT: Final = {
    "group": N_(
        "No conversions are counted: there is no content group “{name}”, or this server cannot "
        "count it. Choose another one: Conversion in the bar."
    ),
    "channel": N_(
        "No conversions are counted: there is no own channel “{name}”, or this server cannot "
        "count it. Choose another one: Conversion in the bar."
    ),
}
"""By kind of step, why a conversion is left out."""
_PURCHASES: Final = re.compile(r"purchas|order|paid|payment|sale|donat|subscri|sign.?up", re.I)


def chosen(query: Collector, view: View, params: Params | None = None) -> Conversion:
    """The conversion of ``params`` (of a saved report), else of the View, else the suggested one.

    It is false where there is nothing to suggest, and where it is a content group or own channel
    that cannot be counted (``left_out``). Waits for the queries of a suggestion.
    """
    text, currency = _texts(view, params)
    conversion = resolved(text, currency, lambda: suggested(query, view))
    conversion = with_group(query, view.website, conversion)
    step = conversion.step
    return Conversion() if step and step.is_unknown else conversion


def left_out(query: Collector, view: View, params: Params | None = None) -> list[Section]:
    """A note if the conversion is a content group or own channel that was removed or renamed, or
    that the server cannot count, so that none is counted."""
    kind, _dot, name = _texts(view, params)[0].partition(".")
    if kind not in _LEFT_OUT or chosen(query, view, params):
        return []
    reason = _(_LEFT_OUT[kind]).format(name=formats.shortened(name))
    return [blocks_section("", Text(reason, "note"), framed=False)]


def _texts(view: View, params: Params | None) -> tuple[str, str]:
    """The texts of the conversion and the currency in ``params``, else in the View."""
    text, currency = (
        next(reversed((params or {}).get(name, ())), "") or of_view
        for name, of_view in zip(PARAMS, (view.conversion, view.currency), strict=True)
    )
    return text, currency


def with_group(query: Collector, website: str, conversion: Conversion) -> Conversion:
    """A conversion of a website; if it is a content group or own channel, with its filters."""
    if conversion.step is None:
        return conversion
    step = content_groups.resolved(query, website, conversion.step)
    return replace(conversion, step=step)


def resolved(
    text: str, currency: str, suggest: Callable[[], tuple[FunnelStep | None, str]]
) -> Conversion:
    """The conversion with this text and currency; what is empty or invalid is suggested."""
    try:
        step = read(text) if text and text != PURCHASE else None
    except InvalidView:
        text, step = "", None
    if text and currency:
        return Conversion(step, currency)
    step_of_website, currency_of_website = suggest()
    return Conversion(step if text else step_of_website, currency or currency_of_website)


def suggested(query: Collector, view: View) -> tuple[FunnelStep | None, str]:
    """The step and the currency (``""``) to suggest. Waits for the queries."""
    return suggestion(query, view)()


def suggestion(query: Collector, view: View) -> Callable[[], tuple[FunnelStep | None, str]]:
    """Send the queries of a suggestion; the result waits for them and returns the step and the
    currency (``""``).

    The step is the event that most often has a ``revenue`` property, else the most frequent event
    whose name resembles a purchase or a registration.
    """
    no_properties: tuple[Property, ...] = ()
    no_values: tuple[Value, ...] = ()
    unfiltered = replace(view.unfiltered(), period=_quarters(view.period))
    properties = query.hint(events.event_data_properties(unfiltered), no_properties)
    values = query.hint(traffic.values(unfiltered, "event"), no_values)
    currencies = ask_every_currency(query, view)

    def answer() -> tuple[FunnelStep | None, str]:
        carriers = (
            row.event for row in properties.result() if row.event and row.name.lower() == "revenue"
        )
        named = (row.value for row in values.result() if row.value and _PURCHASES.search(row.value))
        event = next(chain(carriers, named), "")
        step = FunnelStep("event", event) if event else None
        return step, suggested_currency(currencies.result()) or ""

    return answer


def _quarters(period: Period) -> Period:
    """The quarters of the year that a period lies in, which most periods of a website share, and
    with them the answers and the suggestion."""
    first, last = period.days
    month = last.month + 2 - (last.month - 1) % 3
    return Period.of_days(
        date(first.year, first.month - (first.month - 1) % 3, 1),
        date(last.year, month, monthrange(last.year, month)[1]),
        period.timezone,
    )


def described(conversion: Conversion) -> str:
    """The conversion in words: ``purchase``, ``/thank-you``, ``any purchase in EUR``."""
    return (
        content_groups.step_name(conversion.step)
        if conversion.step
        else _("any purchase in {currency}").format(currency=conversion.currency)
    )


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


def ask_every_currency(query: Collector, view: View) -> Future[tuple[str, ...]]:
    """The currencies of ``every_currency``; empty if the server cannot list them."""
    none: tuple[str, ...] = ()
    return query.hint(every_currency(view), none)


def every_currency(view: View) -> Query[tuple[str, ...]]:
    """The currencies of a website in the quarters that the period lies in."""
    return revenue.currencies(replace(view.unfiltered(), period=_quarters(view.period)))


def ask_currencies(query: Collector, view: View) -> Future[tuple[str, ...]]:
    """The website's currencies; empty if the server cannot list them."""
    none: tuple[str, ...] = ()
    return query.hint(revenue.currencies(view.unfiltered()), none)
