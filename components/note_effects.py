"""The measured effect of a note on visitors, conversions and revenue, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

import pandas as pd

from components import blocks as ui
from components import conversions, formats, history, visit_tables
from components.loading import Collector, every_website
from components.texts import N_, _
from umami.analysis import effects
from umami.analysis.effects import Effect, Verdict
from umami.api import events, traffic
from umami.api.conversions import VisitGroups
from umami.api.conversions import over_time as visits_over_time
from umami.api.events import EventSeries
from umami.api.traffic import Timeline
from umami.conversion import Conversion
from umami.errors import UmamiError
from umami.period import Period
from umami.view import View

ENDPOINTS: Final = ("pageviews", "series", *visit_tables.ENDPOINTS)
"""What a page queries to measure effects."""
MOST_CONTROLS: Final = 4
"""Other websites that serve as controls."""
VISITORS: Final = "visitors"
NAMES: Final = {
    VISITORS: N_("Visitors"),
    "conversions": N_("Conversions"),
    "revenue": N_("Revenue"),
}
VERDICTS: Final[dict[Verdict, str]] = {
    "up": N_("{figure}: {middle} more than expected ({low} to {high})."),
    "down": N_("{figure}: {middle} less than expected ({low} to {high})."),
    "none": N_("{figure}: no clear effect ({low} to {high})."),
    "too early": N_("{figure}: too early to tell. A week of complete days is needed."),
    "too few": N_("{figure}: too few to tell."),
}


def section(query: Collector, view: View, first: date, last: date) -> ui.Section:
    """Send the queries for the effect of what happened from ``first`` to ``last``, whatever the
    View's filters; a single day is measured up to four weeks later."""
    until = None if last == first else last
    end = until or first + timedelta(days=effects.LONGEST - 1)
    parts = history.views(view.unfiltered(), min(end, history.yesterday(view)))
    conversion = conversions.chosen(query, view)
    ask = partial(_asked, query, parts)
    kinds: dict[str, list[Future[Any]]] = {VISITORS: ask(traffic.pageviews)}
    if conversion and view.whole_visits:
        kinds["conversions"] = ask(visit_tables.groups_query(conversion, "time"))
    elif conversion.step and conversion.step.kind == "event":
        kinds["conversions"] = ask(events.series)
    for number, website in enumerate(_other_websites(query, view)):
        of_other = [replace(part, website=website) for part in parts]
        kinds[f"control {number}"] = _asked(query, of_other, traffic.pageviews)
    names = [name for name, answers in kinds.items() for _unused in answers]

    def make(*answers: Any) -> list[ui.Block]:
        by_kind = {
            kind: [answer for name, answer in zip(names, answers, strict=True) if name == kind]
            for kind in kinds
        }
        days = daily(by_kind, conversion, [part.period for part in parts])
        return effect_blocks(days, conversion, first, until)

    sent = [answer for answers in kinds.values() for answer in answers]
    return ui.Section(_("Measured effect"), make, sent, height=150)


def _asked(query: Collector, parts: Sequence[View], ask: Any) -> list[Future[Any]]:
    with query.later():
        return [query.optional(ask(part)) for part in parts]


def _other_websites(query: Collector, view: View) -> list[str]:
    """Websites that the reader may see and that the note cannot have changed."""
    try:
        sites = every_website(query.client)
    except UmamiError:
        return []
    return [site.id for site in sites if site.id != view.website][:MOST_CONTROLS]


def daily(
    answers: Mapping[str, Sequence[Any]], conversion: Conversion, periods: Sequence[Period]
) -> dict[str, pd.Series[Any]]:
    """The counts by day of each kind whose answers have arrived, from the first day with traffic
    of the website on. Revenue is in the currency of the conversion."""
    days: dict[str, pd.Series[Any]] = {}
    for kind, parts in answers.items():
        timelines = [answer for answer in parts if isinstance(answer, Timeline)]
        if len(timelines) == len(parts):
            days[kind] = history.joined(timelines)["sessions"]
            continue
        groups = [answer for answer in parts if isinstance(answer, VisitGroups)]
        if len(groups) == len(parts):
            frames = [
                visits_over_time(part, period) for part, period in zip(groups, periods, strict=True)
            ]
            frame = pd.concat(frames).set_index("time")
            days["conversions"] = frame["conversions"]
            if conversion.currency:
                days["revenue"] = frame["revenue"]
        series = [answer for answer in parts if isinstance(answer, EventSeries)]
        if len(series) == len(parts) and conversion.step:
            frame = pd.concat([part.frame for part in series])
            named = frame[frame["event"] == conversion.step.value]
            days[kind] = named.groupby("time")["count"].sum()
    index = days[VISITORS].index if VISITORS in days else None
    if index is None:
        return {}
    return {
        kind: counts[~counts.index.duplicated()].reindex(index, fill_value=0)
        for kind, counts in days.items()
    }


def effect_blocks(
    days: Mapping[str, pd.Series[Any]], conversion: Conversion, first: date, last: date | None
) -> list[ui.Block]:
    """A sentence for each figure, and what it was measured against."""
    if not days or days[VISITORS].empty:
        return [ui.Text(_("The server does not tell the days that an effect needs."), "empty")]
    controls = [counts for kind, counts in days.items() if kind.startswith("control")]
    measured = {
        kind: effects.effect(days[kind], first, last, controls) for kind in NAMES if kind in days
    }
    blocks: list[ui.Block] = [
        ui.Text(sentence(kind, effect, conversion.currency), "body")
        for kind, effect in measured.items()
    ]
    visitors = measured[VISITORS]
    if visitors.expected is None:
        return blocks
    days_measured = formats.days(Period.of_days(visitors.first, visitors.last, "UTC"))
    about = _(
        "{days}, compared with what the days before let expect. The interval includes the true "
        "effect in {level} of the cases."
    ).format(days=days_measured, level=formats.percent(visitors.level, 0))
    if visitors.controls:
        about += " " + formats.counted(
            "{count} other website serves as control.",
            "{count} other websites serve as controls.",
            visitors.controls,
        )
    return [*blocks, ui.Text(about)]


def sentence(kind: str, effect: Effect, currency: str) -> str:
    """The effect on a figure in words, with its interval."""
    text, figure = _(VERDICTS[effect.verdict]), _(NAMES[kind])
    if effect.relative is None:
        return text.format(figure=figure)
    low, middle, high = effect.relative
    nothing = formats.percent(0)
    shown = text.format(
        figure=figure,
        low=formats.relative(low) or nothing,
        middle=formats.percent(abs(middle)),
        high=formats.relative(high) or nothing,
    )
    if effect.verdict == "none" or effect.expected is None:
        return shown
    counted = partial(formats.money, currency=currency) if kind == "revenue" else formats.whole
    instead = _("{actual} instead of {expected}.").format(
        actual=counted(effect.actual), expected=counted(round(effect.expected))
    )
    return f"{shown} {instead}"
