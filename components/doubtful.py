"""What makes the figures of a View doubtful: the queries that tell, what they tell, and the figures
without it. The rules are those of ``umami/analysis/doubts.py`` and ``expected.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal

import pandas as pd

from components import conversions, formats, history
from components.blocks import Change, OpenPage
from components.loading import Collector
from components.texts import N_, NN_, _
from components.view_description import value_name
from umami.analysis import doubts, expected
from umami.api import events, revenue, traffic
from umami.api.events import EventSeries
from umami.api.traffic import Groups, Metric, Ranking, Stats, Timeline
from umami.errors import InvalidView
from umami.filters import FIELDS
from umami.memoize import memoize
from umami.period import MILLISECOND, Period, midnight, zone
from umami.view import View

ENDPOINTS: Final = ("stats", "pageviews", "metrics", "groups", "series", "currencies")
"""What a page with such findings queries."""
OPTIONAL_ENDPOINTS: Final = ("revenue_chart",)
"""What it queries where there is revenue."""
Kind = Literal["down", "gap", "drop", "spike", "doubled", "event", "money", "automated"]
KINDS: Final[dict[Kind, str]] = {
    "down": N_("All pages down"),
    "gap": N_("Hours without any view"),
    "drop": N_("Fewer visitors than expected"),
    "spike": N_("More visitors than expected"),
    "doubled": N_("Views counted twice"),
    "event": N_("Event stopped"),
    "money": N_("Revenue stopped"),
    "automated": N_("Looks automated"),
}
MISSING: Final = {
    "views": NN_("{count} view missing", "{count} views missing"),
    "visitors": NN_("{count} visitor missing", "{count} visitors missing"),
    "times": NN_("{count} event missing", "{count} events missing"),
}
EXTRA: Final = {
    "views": NN_("{count} view too many", "{count} views too many"),
    "visitors": NN_("{count} visitor more", "{count} visitors more"),
    "visits": NN_("{count} visit", "{count} visits"),
}
NO_ANSWER: Final = N_("the server did not tell")
TOO_FEW: Final = N_("too little data")
NO_EARLIER: Final = N_("no traffic before to compare with")
FILTERED: Final = N_("not with filters on parts of visits")
GROUPED: Final[tuple[Metric, ...]] = ("referrer", "country", "browser")
"""The fields of which a value can be automated traffic."""
HOUR_DAYS: Final = 28
"""The latest days whose hours are looked at: servers count longer ranges than two days by day."""
PAGES: Final = 6
"""The pages, most visitors first, that are down at once or not."""
PAGE_DAYS: Final = history.STRETCH
LIMIT: Final = 500
"""Rows of a ranking at most."""
REPLACED: Final = ("down", "gap", "drop", "spike", "doubled")
"""The doubts about hours or days, which an expected value can replace."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that makes figures doubtful.

    ``size`` is what is missing (negative) or too much, as a number of ``unit``; ``share`` is its
    part of what should have been counted in the period, if it lies within. ``start`` and ``end``
    (excluded) are local times. ``change`` opens it.
    """

    kind: Kind
    when: str
    start: pd.Timestamp
    end: pd.Timestamp
    size: float
    unit: str
    share: float | None
    change: Change
    what: str = ""
    """The event, or the group of visits."""
    currency: str = ""
    group: str = ""
    """The field and value of a group of visits."""

    @property
    def key(self) -> str:
        """Identifies it in a URL."""
        return f"{self.kind}.{self.group or self.start.isoformat(timespec='hours')}"

    @property
    def can_be_left_out(self) -> bool:
        """Whether there are figures without it."""
        return self.kind in REPLACED or self.kind == "automated"

    @property
    def title(self) -> str:
        """What it is, in words."""
        return f"{_(KINDS[self.kind])}: {self.what}" if self.what else _(KINDS[self.kind])

    @property
    def sized(self) -> str:
        """Its size in words."""
        amount = abs(self.size)
        if self.unit == "money":
            return _("{count} missing").format(count=formats.money(amount, self.currency))
        words = MISSING if self.size < 0 else EXTRA
        return formats.counted(*words[self.unit], round(amount))


@dataclass(frozen=True, slots=True)
class Findings:
    """The doubts of a View, largest share first, and what could not be looked at, with why."""

    doubts: tuple[Doubt, ...]
    unknown: Mapping[str, str]
    """Why by what."""
    hours: pd.DataFrame
    """``views`` and ``sessions`` by hour, complete hours only."""
    days: pd.DataFrame
    """The same by day, from the first day with traffic on, complete days only."""
    twice: Mapping[date, float] = field(default_factory=dict)
    """The usual views per visitor of the days on which views are counted twice."""


@dataclass(slots=True)
class Search:
    """Sends the queries about a View and looks for doubts in their answers, once for all sections
    of a run."""

    query: Collector
    view: View
    sent: dict[str, tuple[Future[Any], ...]] = field(default_factory=dict)
    _more: dict[str, Future[Any]] | None = None
    currency: str = ""
    """The currency of the revenue that is looked at, known after ``ask_more``."""
    _findings: Findings | None = None

    def ask(self) -> list[Future[Any]]:
        """Send the first queries; sections pass their answers to ``ask_more`` and ``find``."""
        query, view = self.query, self.view
        last = history.last_day(view)
        before = _before(view)
        self.sent["stats"] = (query.ask(traffic.stats(view)),)
        self.sent["days"] = history.ask(query, view)
        with query.later():
            self.sent["hours"] = tuple(
                query.optional(traffic.pageviews(part)) for part in by_hour(view)
            )
            listed = history.of_days(view, last, PAGE_DAYS)
            self.sent["pages"] = (query.optional(traffic.metrics(listed, "path", PAGES)),)
            self.sent["path"] = (query.optional(traffic.metrics(view, "path", LIMIT)),)
            counted = history.of_days(view, last, doubts.STOPPED_DAYS)
            self.sent["events"] = (query.optional(events.series(counted)),)
            self.sent["currencies"] = (query.optional(revenue.currencies(view.unfiltered())),)
            for name in GROUPED:
                self.sent[name] = tuple(
                    query.optional(traffic.groups(each, name, LIMIT))
                    for each in (view, before)
                    if each
                )
        return [future for futures in self.sent.values() for future in futures]

    def ask_more(self, *_answers: Any) -> list[Future[Any]]:
        """Send the queries that depend on the first answers."""
        if self._more is None:
            self._more = {}
            last = history.last_day(self.view)
            ranking, currencies = self._first("pages"), self._first("currencies")
            with self.query.later():
                if isinstance(ranking, Ranking) and can_check_pages(self.view):
                    listed = history.of_days(self.view, last, PAGE_DAYS)
                    for row in ranking.rows:
                        if page := _filtered(listed, "path", row.name or ""):
                            views = traffic.pageviews(page)
                            self._more[row.name or ""] = self.query.optional(views)
                known = conversions.suggested_currency(currencies or ())
                self.currency = self.view.currency or known or ""
                if self.currency:
                    days = history.of_days(self.view, last, doubts.STOPPED_DAYS)
                    chart = revenue.revenue_chart(days, self.currency)
                    self._more[_MONEY] = self.query.optional(chart)
        return list(self._more.values())

    def find(self) -> Findings:
        """What the answers tell, once all have arrived."""
        if self._findings is None:
            self._findings = _findings_of(self)
        return self._findings

    def results(self, name: str) -> list[Any]:
        """The answers to the first queries with a name."""
        return [future.result() for future in self.sent[name]]

    def more(self, wanted: Callable[[str], bool]) -> dict[str, Any]:
        """The answers to the dependent queries with a wanted name."""
        sent = (self._more or {}).items()
        return {name: future.result() for name, future in sent if wanted(name)}

    def _first(self, name: str) -> Any:
        return self.results(name)[0]

    def capped(self) -> list[str]:
        """The fields whose rankings are as long as servers list them."""
        lists = {name: self._first(name) for name in ("path", *GROUPED)}
        lengths = {
            name: len(answer.rows if isinstance(answer, Ranking) else answer.frame)
            for name, answer in lists.items()
            if answer is not None
        }
        return [name for name, length in lengths.items() if length >= LIMIT]


_MONEY: Final = " money"
"""The name of the query for revenue, which no path has."""


def can_check_pages(view: View) -> bool:
    """Whether a filter on a page leaves the View's other filters as they are."""
    return view.filters_visits and not (view.match == "any" and len(view.filters) > 1)


def _before(view: View) -> View | None:
    """The View of the previous period; ``None`` where that begins before all periods."""
    try:
        return replace(view, comparison="previous").compared()
    except InvalidView:
        return None


def _filtered(view: View, name: str, value: str) -> View | None:
    """The View of the rows with a value of a field; ``None`` if no filter can have this value."""
    try:
        return replace(view.filtered(name, value), match="all", whole_visits=False)
    except InvalidView:
        return None


def by_hour(view: View, days: int = HOUR_DAYS) -> Iterator[View]:
    """The latest days of a View in parts that every server counts by the hour, up to the last
    complete hour."""
    local = zone(view.period.timezone)
    running = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    end = min(view.period.end, running - MILLISECOND)
    last = end.astimezone(local).date()
    first = max(last - timedelta(days=days - 1), history.FIRST)
    # The same pairs of days whatever the period is, so that their answers are found in the cache.
    while first <= last:
        after = first + timedelta(days=2 - first.toordinal() % 2)
        start, until = midnight(first, local), midnight(after, local)
        if until - start > timedelta(days=2):
            after = first + timedelta(days=1)
            until = midnight(after, local)
        until = min(until - MILLISECOND, end)
        if start < until:
            yield view.of_period(Period(start, until, "hour", view.period.timezone))
        first = after


def _findings_of(search: Search) -> Findings:
    view, unknown = search.view, dict[str, str]()
    stats: Stats = search.results("stats")[0]
    if None in (answers := search.results("days")):
        unknown[_("unusual days")] = _(NO_ANSWER)
    days = history.joined(answers)
    parts = search.results("hours")
    if None in parts:
        unknown[_("hours without views")] = _(NO_ANSWER)
    hours = hours_of(tuple(parts)) if None not in parts else days.iloc[:0]
    make = _Made(view, stats)
    findings = [*_gaps(make, hours, unknown), *_downs(search, make, days, unknown)]
    down = [(doubt.start, doubt.end) for doubt in findings if doubt.kind == "down"]
    if len(days) < expected.SHORTEST:
        unknown.setdefault(_("unusual days"), _(TOO_FEW))
    elif history.last_day(view) - timedelta(days=history.DAYS - 1) > view.period.days[0]:
        latest = _("only in the last {count} days").format(count=history.DAYS)
        unknown.setdefault(_("unusual days"), latest)
    for stretch in history.unusual_stretches(days):
        start, end = pd.Timestamp(stretch.first), _next_day(stretch.last)
        # Pages that are down explain the drop.
        if stretch.kind == "spike" or not any(a < end and start < b for a, b in down):
            findings += make.of_days(stretch.kind, start, end, stretch.difference, "visitors")
    counted_twice = doubts.doubled(days.rename(columns={"sessions": "visits"}))
    for twice in counted_twice:
        start, end = pd.Timestamp(twice.first), _next_day(twice.last)
        findings += make.of_days("doubled", start, end, twice.extra, "views")
    findings += [*_stopped(search, make, unknown), *_automated(search, make, unknown)]
    findings.sort(key=lambda doubt: -(doubt.share or 0.0))
    usual = {
        day.date(): twice.usual
        for twice in counted_twice
        for day in pd.date_range(twice.first, twice.last)
    }
    return Findings(tuple(findings), unknown, hours, days, usual)


@memoize
def hours_of(parts: tuple[Timeline, ...]) -> pd.DataFrame:
    """The hours of these answers, from the first with any view on. The hour that a clock change
    repeats is one."""
    frames = [part.frame for part in parts]
    if not frames:
        return history.NO_TRAFFIC
    return history.from_first_view(pd.concat(frames, ignore_index=True).groupby("time").sum())


def _next_day(day: date) -> pd.Timestamp:
    return pd.Timestamp(day) + pd.Timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Made:
    """Makes the doubts of a View."""

    view: View
    stats: Stats

    def opened(self, first: date, last: date) -> View:
        """The View of some days."""
        return self.view.of_period(Period.of_days(first, last, self.view.period.timezone))

    def of_days(
        self, kind: Kind, start: pd.Timestamp, end: pd.Timestamp, size: float, unit: str
    ) -> list[Doubt]:
        """A doubt about whole days, if one of them is in the period."""
        opened = self.opened(start.date(), (end - pd.Timedelta(days=1)).date())
        return self.of_span(kind, start, end, size, unit, formats.days(opened.period))

    def of_span(
        self, kind: Kind, start: pd.Timestamp, end: pd.Timestamp, size: float, unit: str, when: str
    ) -> list[Doubt]:
        """A doubt about a span of time, if a part of it is in the period."""
        first, last = bounds(self.view)
        if not (start < last and first < end):
            return []
        counted = getattr(self.stats.current, unit) + max(0.0, -size)
        within = first <= start and end <= last
        share = abs(size) / counted if counted and within else None
        opened = self.opened(start.date(), (end - pd.Timedelta(hours=1)).date())
        change = OpenPage("overview", {}, opened)
        return [Doubt(kind, when, start, end, size, unit, share, change)]


def bounds(view: View) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The local times between which a period lies; the second is excluded."""
    start, end = (
        pd.Timestamp(moment).tz_convert(view.period.timezone).tz_localize(None)
        for moment in (view.period.start, view.period.end + MILLISECOND)
    )
    return start, end


def _gaps(make: _Made, hours: pd.DataFrame, unknown: dict[str, str]) -> Iterator[Doubt]:
    if len(hours) < doubts.FEWEST_WEEKS * 7 * 24:
        unknown.setdefault(_("hours without views"), _(TOO_FEW))
        return
    if hours.index[0] > bounds(make.view)[0]:
        latest = _("only in the last {count} days").format(count=HOUR_DAYS)
        unknown[_("hours without views")] = latest
    for gap in doubts.gaps(hours["views"]):
        opened = make.opened(gap.start.date(), (gap.end - pd.Timedelta(hours=1)).date())
        when = _("{days}, from {start} for {hours}").format(
            days=formats.days(opened.period),
            start=formats.dated(gap.start, "short"),
            hours=formats.counted("{count} hour", "{count} hours", gap.hours),
        )
        yield from make.of_span("gap", gap.start, gap.end, -gap.missing, "views", when)


def _downs(
    search: Search, make: _Made, days: pd.DataFrame, unknown: dict[str, str]
) -> Iterator[Doubt]:
    what = _("pages down at once")
    if not can_check_pages(search.view):
        unknown[what] = _(FILTERED)
        return
    pages = search.more(lambda name: name != _MONEY)
    if search.results("pages")[0] is None or None in pages.values():
        unknown[what] = _(NO_ANSWER)
        return
    if len(pages) < doubts.FEWEST_PAGES:
        unknown[what] = _("fewer than {count} pages").format(count=doubts.FEWEST_PAGES)
        return
    if history.last_day(search.view) - timedelta(days=PAGE_DAYS) > search.view.period.days[0]:
        unknown[what] = _("only in the last {count} days").format(count=PAGE_DAYS)
    views = {name: answer.frame.set_index("time")["views"] for name, answer in pages.items()}
    for down in doubts.all_down(pd.DataFrame(views)):
        start, end = pd.Timestamp(down.first), _next_day(down.last)
        # The pages that were looked at are not all pages.
        within = (days.index >= start) & (days.index < end)
        missing = (_expected_days(days, "views") - days["views"])[within].sum()
        size = -max(down.missing, float(missing))
        yield from make.of_days("down", start, end, size, "views")


def _stopped(search: Search, make: _Made, unknown: dict[str, str]) -> Iterator[Doubt]:
    """Events and money that have not come for a while when the period ends."""
    (series,) = search.results("events")
    if isinstance(series, EventSeries):
        for name, rows in series.frame.groupby("event", sort=False):
            history_of = rows.set_index("time")["count"]
            yield from _stop(make, history_of, "event", "times", str(name))
    else:
        unknown[_("events that stopped")] = _(NO_ANSWER)
    chart = search.more(lambda name: name == _MONEY).get(_MONEY)
    if isinstance(chart, pd.DataFrame):
        amounts = chart.groupby("time")["amount"].sum()
        yield from _stop(make, amounts, "money", "money", currency=search.currency)
    elif search.currency or search.results("currencies")[0] is None:
        unknown[_("revenue that stopped")] = _(NO_ANSWER)


def _stop(
    make: _Made, daily: pd.Series, kind: Kind, unit: str, what: str = "", currency: str = ""
) -> Iterator[Doubt]:
    stop = doubts.stopped(daily)
    if stop is None:
        return
    last = history.last_day(make.view)
    opened = make.opened(stop.since, last)
    yield Doubt(
        kind,
        formats.days(opened.period),
        pd.Timestamp(stop.since),
        _next_day(last),
        -stop.missing,
        unit,
        None,
        OpenPage("events" if kind == "event" else "revenue", {}, opened),
        formats.shortened(what),
        currency,
    )


def _automated(search: Search, make: _Made, unknown: dict[str, str]) -> Iterator[Doubt]:
    """Groups of visits that look automated, in all of the period."""
    what = _("traffic that looks automated")
    for name in GROUPED:
        answers = search.results(name)
        now, before = (*answers, None)[:2]
        if not (isinstance(now, Groups) and isinstance(before, Groups)):
            unknown[what] = _(NO_ANSWER)
            continue
        columns = ["visits", "views", "bounces", "seconds"]
        if len(now.frame) and now.frame[columns].isna().all(axis=None):
            unknown[what] = _(NO_ANSWER)
            continue
        if not before.frame["visits"].sum():
            unknown.setdefault(what, _(NO_EARLIER))
        for group in doubts.automated(now.frame, before.frame):
            label = value_name(name, group.name)
            opened = _filtered(make.view, name, group.name) or make.view
            yield Doubt(
                "automated",
                formats.days(make.view.period),
                *bounds(make.view),
                float(group.visits),
                "visits",
                group.share,
                OpenPage("overview", {}, opened),
                f"{_(FIELDS[name])} {formats.shortened(label)}",
                group=f"{name}.{group.name}",
            )


@dataclass(frozen=True, slots=True)
class Corrected:
    """The figures without what makes them doubtful.

    ``frame`` has ``time``, ``views`` and ``sessions`` as counted, both ``…_without`` the doubtful
    ones, and ``replaced``: whether a time has another value. ``totals`` are views and visitors as
    counted, and without.
    """

    unit: Literal["hour", "day"]
    frame: pd.DataFrame
    totals: tuple[tuple[float, float], tuple[float, float]]


def corrected(
    view: View, stats: Stats, findings: Findings, left_out: Sequence[Doubt] | None = None
) -> Corrected:
    """The traffic of a View with the expected values in place of doubtful hours or days: those of
    the doubts that are ``left_out``, by default all.

    Traffic that looks automated is subtracted from the totals, the largest group of it: groups by
    different fields may have the same visits.
    """
    left_out = findings.doubts if left_out is None else left_out
    first, last = bounds(view)
    unit: Literal["hour", "day"] = "hour" if view.period.unit in ("minute", "hour") else "day"
    counts = findings.hours if unit == "hour" else findings.days
    columns: dict[str, pd.DataFrame] = {}
    for name in ("views", "sessions"):
        usual = (
            _expected_hours(findings, name)
            if unit == "hour"
            else _expected_days(findings.days, name)
        )
        if name == "views" and unit == "day":
            twice = counts["sessions"] * pd.Series(
                {pd.Timestamp(day): ratio for day, ratio in findings.twice.items()}, dtype=float
            )
            usual = twice.reindex(counts.index).fillna(usual)
        spans = [
            (doubt.start.floor("h"), doubt.end)
            if unit == "hour"
            else (doubt.start.normalize(), doubt.end.ceil("D"))
            for doubt in left_out
            if doubt.kind in REPLACED and (doubt.kind != "doubled" or name == "views")
        ]
        columns[name] = expected.without(counts[name], usual, spans)
    frame = pd.DataFrame(
        {
            "views": columns["views"]["actual"],
            "sessions": columns["sessions"]["actual"],
            "views_without": columns["views"]["value"],
            "sessions_without": columns["sessions"]["value"],
            "replaced": columns["views"]["replaced"] | columns["sessions"]["replaced"],
        }
    )
    frame = frame[(frame.index >= first.floor("h")) & (frame.index < last)]
    views, visitors = float(stats.current.views), float(stats.current.visitors)
    sums = frame.sum()
    # The visitors of days add up to more than those of the period.
    grown = sums["sessions_without"] / sums["sessions"] if sums["sessions"] else 1.0
    groups = [doubt for doubt in left_out if doubt.kind == "automated"]
    bots = max((doubt.size for doubt in groups), default=0.0)
    without = (
        max(0.0, views + sums["views_without"] - sums["views"] - bots),
        max(0.0, visitors * grown - bots),
    )
    totals = ((views, without[0]), (visitors, without[1]))
    return Corrected(unit, frame.rename_axis("time").reset_index(), totals)


@memoize
def _expected_days(days: pd.DataFrame, name: str) -> pd.Series:
    """What each day was to be expected to have; ``NaN`` where nothing tells."""
    pattern = history.rhythm(days, name)
    if pattern is None:
        return pd.Series(float("nan"), index=days.index)
    return pd.Series(pattern.expected, index=pattern.days).reindex(days.index)


def _expected_hours(findings: Findings, name: str) -> pd.Series:
    """The same of each hour: the rhythm of the hours, at the level of the days."""
    hours = doubts.expected_hours(findings.hours[name])
    if hours is None:
        return pd.Series(float("nan"), index=findings.hours.index)
    dates = pd.DatetimeIndex(hours.index).normalize()
    level = _expected_days(findings.days, name).reindex(dates).to_numpy()
    sums = hours.groupby(dates).transform("sum")
    return hours * pd.Series(level / sums, index=hours.index).fillna(1.0)
