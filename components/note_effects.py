"""The measured effect of a note on visitors, conversions and revenue, in sentences."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

import pandas as pd

from access.notes import Note
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
from umami.endpoint import Query
from umami.errors import UmamiError
from umami.period import Period
from umami.view import View

ENDPOINTS: Final = ("pageviews", "series", *visit_tables.ENDPOINTS)
"""What a page queries to measure effects."""
MOST: Final = 5
"""Notes of a report whose effects are measured, with up to 12 queries each."""
MOST_CONTROLS: Final = 4
"""Other websites that serve as controls."""
VISITORS: Final = "visitors"
NAMES: Final = {
    VISITORS: N_("Daily visitors"),
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


def section(query: Collector, view: View, selected: str) -> ui.Section:
    """The effect of the selected note of a website, whatever the View's filters. Its queries are
    sent once the notes have arrived."""
    measured = _Measured(query, view, selected)
    return ui.Section(
        _("Measured effect"),
        measured.make,
        [query.notes(view)],
        ask_more=measured.ask_more,
        height=150,
    )


@dataclass(slots=True)
class _Measured:
    """The effect of the selected note in one run of a page."""

    query: Collector
    view: View
    selected: str
    measurement: Measurement | None = None

    def ask_more(self, notes: Sequence[Note]) -> list[Future[Any]]:
        """Send the queries for the days before the note and after it."""
        note = next((note for note in notes if note.key == self.selected), None)
        self.measurement = ask(self.query, self.view, note) if note else None
        return self.measurement.answers if self.measurement else []

    def make(self, *_answers: Any) -> list[ui.Block]:
        """The sentences about the effect."""
        if self.measurement is None:
            return []
        days, note = self.measurement.daily(), self.measurement.note
        return effect_blocks(days, self.measurement.conversion, *_days(note))


@dataclass(frozen=True, slots=True)
class Measurement:
    """The queries that measure the effect of a note."""

    note: Note
    conversion: Conversion
    periods: Sequence[Period]
    kinds: Sequence[str]
    """What each of the answers counts."""
    answers: list[Future[Any]]

    def daily(self) -> dict[str, pd.Series[Any]]:
        """The counts by day (``daily``); waits for the answers."""
        by_kind: dict[str, list[Any]] = {kind: [] for kind in self.kinds}
        for kind, answer in zip(self.kinds, self.answers, strict=True):
            by_kind[kind].append(answer.result())
        return daily(by_kind, self.conversion, self.periods)


def ask(query: Collector, view: View, note: Note) -> Measurement:
    """Send the queries for the days before a note and after it, whatever the View's filters."""
    first, last = _days(note)
    end = last or first + timedelta(days=effects.LONGEST - 1)
    # Notes whose effects end in the same month share their queries.
    end = end.replace(day=monthrange(end.year, end.month)[1])
    unfiltered = view.unfiltered()
    parts = history.views(unfiltered, min(end, history.yesterday(view)))
    conversion = conversions.chosen(query, unfiltered)
    sent: list[tuple[str, list[View], Callable[[View], Query[Any]]]] = [
        (VISITORS, parts, traffic.pageviews)
    ]
    if conversion and view.whole_visits:
        sent.append(("conversions", parts, visit_tables.groups_query(conversion, "time")))
    elif conversion.step and conversion.step.kind == "event":
        sent.append(("conversions", parts, events.series))
    for number, website in enumerate(_other_websites(query, view)):
        of_other = [part.of_website(website) for part in parts]
        sent.append((f"control {number}", of_other, traffic.pageviews))
    return Measurement(
        note,
        conversion,
        [part.period for part in parts],
        [kind for kind, views, _unused in sent for _view in views],
        [query.optional(make(each)) for _kind, views, make in sent for each in views],
    )


def of_newest(query: Collector, view: View, notes: Sequence[Note]) -> dict[str, str]:
    """The effects of the first ``MOST`` notes on days in sentences, by the key of the note. Waits
    for the answers; a note whose days the server does not report has none."""
    measurements = [ask(query, view, note) for note in on_days(notes)[:MOST]]
    in_words: dict[str, str] = {}
    for each in measurements:
        by_figure = _by_figure(each.daily(), *_days(each.note))
        if by_figure:
            currency = each.conversion.currency
            sentences = (sentence(name, effect, currency) for name, effect in by_figure.items())
            in_words[each.note.key] = " ".join(sentences)
    return in_words


def on_days(notes: Sequence[Note]) -> list[Note]:
    """The notes whose effects can be measured: not those on an hour."""
    return [note for note in notes if note.at is None]


def _days(note: Note) -> tuple[date, date | None]:
    """The first day of a note, and the last one of a range. A single day is measured up to four
    weeks later."""
    return note.first, note.last if note.last > note.first else None


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
    if VISITORS not in days:
        return {}
    index = days[VISITORS].index
    return {kind: history.on_days(counts, index) for kind, counts in days.items()}


def effect_blocks(
    days: Mapping[str, pd.Series[Any]], conversion: Conversion, first: date, last: date | None
) -> list[ui.Block]:
    """A sentence for each figure, and what it was measured against."""
    measured = _by_figure(days, first, last)
    if not measured:
        text = _("The server does not report the days that this measurement needs.")
        return [ui.Text(text, "empty")]
    blocks: list[ui.Block] = [
        ui.Text("", "body", lead=_("Measured effect")),
        *(
            ui.Text(sentence(kind, effect, conversion.currency), "body")
            for kind, effect in measured.items()
        ),
    ]
    visitors = measured[VISITORS]
    if visitors.expected is None:
        return blocks
    days_measured = formats.days(Period.of_days(visitors.first, visitors.last, "UTC"))
    about = _(
        "{days}, compared with a forecast from the days before. The interval contains the true "
        "effect in {level} of the cases."
    ).format(days=days_measured, level=formats.percent(visitors.level, 0))
    if visitors.controls:
        about += " " + formats.counted(
            "{count} other website serves as control.",
            "{count} other websites serve as controls.",
            visitors.controls,
        )
    return [*blocks, ui.Text(about)]


def _by_figure(
    days: Mapping[str, pd.Series[Any]], first: date, last: date | None
) -> dict[str, Effect]:
    """The effect on each figure; empty without any day."""
    if not days or days[VISITORS].empty:
        return {}
    controls = [counts for kind, counts in days.items() if kind.startswith("control")]
    return {
        kind: effects.effect(days[kind], first, last, controls) for kind in NAMES if kind in days
    }


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
    if effect.verdict not in ("up", "down") or effect.expected is None:
        return shown
    counted = partial(formats.money, currency=currency) if kind == "revenue" else formats.whole
    instead = _("{actual} instead of {expected}.").format(
        actual=counted(effect.actual), expected=counted(round(effect.expected))
    )
    return f"{shown} {instead}"
