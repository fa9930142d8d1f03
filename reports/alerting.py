"""Whether an alert holds, in words; and when it would have held before it is saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pandas as pd

from access.database import digest
from access.notifications import Alert
from access.permissions import QueryClient
from components import blocks as ui
from components import (
    conversions,
    figure_parts,
    formats,
    history,
    texts,
    traffic_blocks,
    what_changed,
)
from components.loading import Collector, every_website
from components.texts import N_, NN_, _
from components.view_description import value_name
from reports import alert_history
from umami.analysis.alerts import (
    BASE,
    BASE_OF_HOURS,
    DAY,
    Condition,
    Episode,
    Judgement,
    judge,
)
from umami.conversion import Conversion
from umami.errors import InvalidView, UmamiError
from umami.period import MILLISECOND, Period, as_instant, hour_end, midnight, zone
from umami.view import View

LOOKED_BACK: Final = 21
"""Days within which the beginning of an episode is searched."""
LOOKED_BACK_HOURS: Final = 7
"""The same for episodes of hours: two days are one request."""
MOST_FINDINGS: Final = 3
MOST_DATES: Final = 6
"""Dates that the sentence of a rehearsal lists."""
NOT_ENOUGH: Final = N_("There is too little data to tell.")
BEYOND: Final = {
    "above": N_("{measured}, above {expected}."),
    "below": N_("{measured}, below {expected}."),
    "changed": N_("{measured}, {change} from {expected} a week before."),
    "high": N_("{measured}, unusually high: about {expected} is usual."),
    "low": N_("{measured}, unusually low: about {expected} is usual."),
}
"""That a figure is beyond its limit."""
BACK: Final = {
    "above": N_("{measured}, no longer above {expected}."),
    "below": N_("{measured}, no longer below {expected}."),
    "changed": N_("{measured}, close to a week before again."),
    "unusual": N_("{measured}, usual again."),
    "behind_pace": N_("{measured}: the month may reach {expected} again."),
}
"""That it no longer is."""
FIRED: Final = NN_(
    "Would have fired {count} time in the last {days} days: on {dates}.",
    "Would have fired {count} times in the last {days} days: on {dates}.",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the condition of an alert holds.

    ``holds`` is ``None`` where that cannot be told, with the reason in ``why``. ``occasion``
    identifies an episode (``above:2026-11-22T00:00:00+00:00``): it is the same in each check while
    the episode lasts, unless it has lasted for longer than its beginning is searched. ``headline``
    says what holds, or that it no longer does; ``findings`` say what moved it. ``params`` are the
    URL parameters of the View that shows it on ``page``.
    """

    holds: bool | None
    why: str = ""
    since: datetime | None = None
    occasion: str = ""
    headline: str = ""
    findings: tuple[str, ...] = ()
    params: dict[str, list[str]] = field(default_factory=dict)
    page: str = "overview"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The episodes in local time, the number of ``days`` that could be judged, and a sentence about
    them, which says why if none could."""

    episodes: tuple[Episode, ...]
    days: int
    sentence: str


def check(client: QueryClient, view: View, alert: Alert, now: datetime) -> tuple[Verdict, ...]:
    """Whether an alert holds at ``now`` (aware).

    One verdict, except for ``new_value``: there, one for each new value of the latest complete day,
    all of which hold, or none; such an episode is over with the day and needs no second message.
    ``view`` has the website, the filters, the conversion and the time zone. Errors become a verdict
    that cannot be told. Texts are in the current language.
    """
    query = Collector(client, below=True)
    condition = alert.condition
    try:
        if condition.kind == "new_value":
            values = alert_history.of_field(query, view, condition, now, 1)
            judgement = judge(condition, values, alert_history.wall(view, now))
            words = _Words(query, view, condition, now)
            return tuple(words.holds(episode) for episode in judgement.lasting)
        judgement, currency = _judgement(query, view, condition, now)
        words = _Words(query, view, condition, now, currency)
        if judgement.lasting:
            return (words.holds(judgement.lasting[-1]),)
        if judgement.latest is None:
            return (Verdict(None, _(NOT_ENOUGH)),)
        return (words.is_over(*judgement.latest),)
    except UmamiError as problem:
        return (Verdict(None, texts.sentence(problem)),)
    finally:
        query.leave()


def rehearse(
    client: QueryClient, view: View, alert: Alert, now: datetime, days: int = 90
) -> Rehearsal:
    """When an alert would have held in the latest ``days`` complete days until ``now`` (aware).

    The requests are those of ``alert_history``: a few for days, one for two days of hours, and one
    a day for new values and for figures that the server does not report by day. ``view`` is that of
    ``check``. An ``UmamiError`` becomes the sentence, in the current language.
    """
    query = Collector(client, below=True)
    condition, wall = alert.condition, alert_history.wall(view, now)
    since = wall.normalize() - days * DAY
    try:
        if condition.kind == "new_value":
            frame = alert_history.of_field(query, view, condition, now, days)
        else:
            before = days + _days_before(condition)
            frame, _unused = alert_history.of_figure(query, view, condition, now, before)
        judgement = judge(condition, frame, wall, since)
    except UmamiError as problem:
        return Rehearsal((), 0, texts.sentence(problem))
    finally:
        query.leave()
    if not judgement.days:
        return Rehearsal((), 0, _(NOT_ENOUGH))
    judged = min(days, judgement.days)
    sentence = _rehearsed(judgement.episodes, days)
    if judged < days:
        few = _("Only {count} of these days could be judged.").format(count=formats.whole(judged))
        sentence = f"{sentence} {few}"
    return Rehearsal(judgement.episodes, judged, sentence)


def _rehearsed(episodes: tuple[Episode, ...], days: int) -> str:
    if not episodes:
        return _("Would not have fired in the last {days} days.").format(days=formats.whole(days))
    dates = list(dict.fromkeys(formats.dated(each.begin, "MMMd") for each in episodes))
    listed = ", ".join([*dates[:MOST_DATES], *(["…"] if len(dates) > MOST_DATES else [])])
    count = len(episodes)
    # In some languages, a date ends with a full stop, as the sentence does.
    return texts.ngettext(*FIRED, count).format(
        count=formats.whole(count), days=formats.whole(days), dates=listed.removesuffix(".")
    )


def _days_before(condition: Condition) -> int:
    """The days that the first judged one is compared with."""
    hourly = condition.span == "hour" or condition.kind == "no_data"
    match condition.kind:
        case "unusual" | "no_data":
            return BASE_OF_HOURS if hourly else BASE
        case "behind_pace":
            return BASE
    return 7 if hourly else 14


def _judgement(
    query: Collector, view: View, condition: Condition, now: datetime
) -> tuple[Judgement, str]:
    """What the history tells about ``now``, and the currency of the figure."""
    hourly = condition.span == "hour" or condition.kind == "no_data"
    back = LOOKED_BACK_HOURS if hourly else LOOKED_BACK
    wall = alert_history.wall(view, now)
    since = wall.normalize() - back * DAY
    if condition.kind == "behind_pace":
        since = (wall.normalize() - DAY).replace(day=1)
    days = (wall - since).days + _days_before(condition)
    frame, currency = alert_history.of_figure(query, view, condition, now, days)
    return judge(condition, frame, wall, since), currency


@dataclass(frozen=True, slots=True)
class _Words:
    """Makes the verdicts of a condition."""

    query: Collector
    view: View
    condition: Condition
    now: datetime
    currency: str = ""

    @property
    def website(self) -> str:
        """The name of the website."""
        sites = every_website(self.query.client)
        return next((site.name for site in sites if site.id == self.view.website), "")

    def holds(self, episode: Episode) -> Verdict:
        """The verdict while an episode lasts."""
        since = as_instant(episode.begin.to_pydatetime(), zone(self.view.period.timezone))
        parts = [self.condition.kind, since.isoformat()]
        if episode.name:
            # The database takes an occasion of 100 characters.
            parts += [self.condition.field, digest(episode.name)[:32]]
        opened = self.opened(episode)
        return Verdict(
            True,
            since=since,
            occasion=":".join(parts),
            headline=self.headline(episode),
            findings=() if episode.name else tuple(self.findings(opened)),
            params=opened.params(),
            page="quality" if self.condition.kind == "no_data" else "overview",
        )

    def is_over(self, at: pd.Timestamp, value: float) -> Verdict:
        """The verdict while none does; the latest hour or day has this value."""
        kind = self.condition.kind
        opened = self.opened(Episode(at, None, at, value, 0.0))
        if kind == "no_data":
            headline = _("{website}: views arrive again.").format(website=self.website)
        else:
            headline = _(BACK[kind]).format(
                measured=self.measured(at, value), expected=self.shown(self.condition.limit)
            )
        return Verdict(False, headline=headline, params=opened.params())

    def headline(self, episode: Episode) -> str:
        """What holds, in a sentence."""
        kind, shown = self.condition.kind, self.shown(episode.expected)
        if kind == "no_data":
            return _("{website}: no views for {hours}, since {start}.").format(
                website=self.website,
                hours=formats.counted("{count} hour", "{count} hours", round(episode.value)),
                start=formats.moment(episode.begin, "hour"),
            )
        if kind == "new_value":
            return _("{website}, {when}: {value} is new, with {visitors}.").format(
                website=self.website,
                when=self.when(episode.at),
                value=self.new_value(episode.name),
                visitors=formats.counted("{count} visitor", "{count} visitors", int(episode.value)),
            )
        measured = self.measured(episode.at, episode.value)
        if kind == "behind_pace":
            return _("{measured}: at most {expected} are likely, below {target}.").format(
                measured=measured, expected=shown, target=self.shown(self.condition.limit)
            )
        name: str = kind
        if kind == "unusual":
            name = "high" if episode.value > episode.expected else "low"
        change = formats.relative(formats.change(episode.value, episode.expected) or 0.0)
        return _(BEYOND[name]).format(
            measured=measured,
            expected=shown,
            change=change or formats.percent(0.0),
        )

    def measured(self, at: pd.Timestamp, value: float) -> str:
        """The figure of an hour, a day or some days."""
        adds_up = self.condition.span == "week" or self.condition.kind == "behind_pace"
        text = _("{figure} of {website}, {when}: {value}")
        if self.condition.figure == "visitors" and adds_up:
            # Umami counts a visitor of several days once.
            text = _("{figure} of {website}, {when}: {value} (those of each day)")
        return text.format(
            figure=_(figure_parts.WORDS[self.condition.figure].name),
            website=self.website,
            when=self.when(at),
            value=self.shown(value),
        )

    def new_value(self, name: str) -> str:
        """A value with its field: ``Referrer news.example``."""
        shown = formats.shortened(value_name(self.condition.field, name))
        return f"{_(figure_parts.LABELS[self.condition.field])} {shown}"

    def shown(self, value: float) -> str:
        """A value of the figure."""
        kind = figure_parts.WORDS[self.condition.figure].kind
        if kind == "percent":
            return formats.percent(value)
        return formats.amount(value, self.currency if kind == "money" else "")

    def when(self, at: pd.Timestamp) -> str:
        """An hour, a day, or the days that end with it."""
        if self.first_day(at) != at.date():
            period = Period.of_days(
                self.first_day(at), at.date(), self.view.period.timezone, unit="day"
            )
            return formats.days(period)
        hourly = self.condition.span == "hour" and self.condition.kind in (
            "above",
            "below",
            "changed",
            "unusual",
        )
        return formats.moment(at, "hour" if hourly else "day")

    def first_day(self, at: pd.Timestamp) -> date:
        """The first of the days that the figure of a day is made of."""
        if self.condition.kind == "behind_pace":
            return at.date().replace(day=1)
        weekly = self.condition.span == "week" and self.condition.kind not in (
            "no_data",
            "new_value",
        )
        return at.date() - timedelta(days=6 if weekly else 0)

    def opened(self, episode: Episode) -> View:
        """The View of the latest days of an episode, up to the running hour, compared with the same
        days of a week, or a month, before."""
        local = zone(self.view.period.timezone)
        first = self.first_day(episode.at)
        if self.condition.kind == "no_data":
            first = episode.begin.date()
        end = midnight(episode.at.date() + timedelta(days=1), local) - MILLISECOND
        until = hour_end(self.now.astimezone(local)).astimezone(UTC) - MILLISECOND
        period = Period.of_days(first, episode.at.date(), self.view.period.timezone)
        period = period.moved(period.start, min(end, until))
        opened = replace(
            self.view.of_period(period),
            comparison="previous",
            weekdays=self.condition.kind != "behind_pace",
        )
        with suppress(InvalidView):
            # No filter can have some values, such as very long ones.
            return opened.filtered(self.condition.field, episode.name) if episode.name else opened
        return opened

    def findings(self, opened: View) -> Iterator[str]:
        """What moved the figure, in sentences; nothing where that is unknown."""
        try:
            conversion = conversions.chosen(self.query, opened)
            blocks = list(_what_changed(self.query, opened, conversion))
        except UmamiError:
            return
        sentences = [
            finding.text
            for block in blocks
            if isinstance(block, ui.Findings)
            for finding in block.findings
            # Others say that nothing changed, or why that is unknown.
            if finding.change
        ]
        yield from sentences[:MOST_FINDINGS]


def _what_changed(query: Collector, view: View, conversion: Conversion) -> Iterator[ui.Block]:
    """The blocks of “What changed” on the Overview. Waits for the answers."""
    section = what_changed.section(
        query,
        view,
        conversion or None,
        query.totals(view),
        traffic_blocks.ask_conversions(query, view, conversion) if conversion else (),
        history.ask(query, view),
    )
    answers = [answer.result() for answer in section.answers]
    if section.ask_more:
        answers += [answer.result() for answer in section.ask_more(*answers)]
    yield from section.make(*answers)
