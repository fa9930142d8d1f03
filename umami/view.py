"""The View: the one immutable value that says what is looked at.

Website, period, comparison, filters, segment and cohort. Controls produce it, the URL spells it,
every page and every question takes it. It is parsed, validated and printed here and nowhere
else; a bad URL gives the nearest valid View and says in words what was dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, TypeVar, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from umami.capabilities import EVERYTHING, Capabilities
from umami.errors import InvalidView
from umami.filters import VISIT_FIELDS, Filter, Match, Operator
from umami.filters import read as read_filters
from umami.period import MILLISECOND, UNITS, Period, Unit, finest_unit, midnight, with_unit, zone

Comparison = Literal["none", "previous", "year", "umami", "custom"]
"""What a View is compared with: ``previous`` and ``year`` by the calendar, ``umami`` with the range
that Umami itself calls the previous period."""
COMPARISONS: tuple[Comparison, ...] = get_args(Comparison)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at. ``against`` is the range compared with, for a custom comparison.

    ``weekdays`` makes the comparisons ``previous`` and ``year`` begin on the weekday that the
    period begins on.
    ``match`` joins the filters; ``segment`` and ``cohort`` are ids of what was saved in Umami.
    """

    website: str
    period: Period
    comparison: Comparison = "none"
    filters: tuple[Filter, ...] = ()
    preset: str = "custom"
    against: tuple[datetime, datetime] | None = None
    match: Match = "all"
    segment: str | None = None
    cohort: str | None = None
    weekdays: bool = False

    def __post_init__(self) -> None:
        kinds = [(one.field, one.operator) for one in self.filters]
        if len(set(kinds)) < len(kinds):
            raise InvalidView("Only one filter for each field and way to compare.")
        if self.match not in get_args(Match):
            raise InvalidView("Filters are joined by all or any.")
        object.__setattr__(self, "filters", tuple(sorted(self.filters)))
        for name in ("segment", "cohort"):
            object.__setattr__(self, name, _saved(getattr(self, name), name))

    @property
    def narrowed(self) -> bool:
        """Whether anything but website and period restricts what is looked at."""
        return bool(self.filters or self.segment or self.cohort)

    @property
    def keeps_whole_visits(self) -> bool:
        """Whether visits are counted with all of their views, as bounces and durations require.

        The filters of a segment are known to the server only, so with a segment this is ``False``.
        """
        return not self.segment and all(one.field in VISIT_FIELDS for one in self.filters)

    @property
    def keeps_views(self) -> bool:
        """Whether the filters can leave any views: a row that has an event is not a view."""
        on_events = [one.field == "event" for one in self.filters]
        only_events = any(on_events) if self.match == "all" else all(on_events)
        return not (on_events and only_events)

    def lacking(self, capabilities: Capabilities) -> str | None:
        """What of this View a server of these capabilities cannot answer for, in a sentence."""
        saved = bool(self.segment or self.cohort)
        return capabilities.lacks(self.filters, self.match, saved=saved)

    def compared(self) -> View | None:
        """The View of the comparison period, itself compared with nothing; or ``None``."""
        return _compared(self)

    @property
    def weekdays_matter(self) -> bool:
        """Whether the comparison is another one with ``weekdays`` than without."""
        matched, plain = (replace(self, weekdays=on).compared() for on in (True, False))
        return matched is not None and plain is not None and matched.period != plain.period

    def filtered(self, field: str, value: str, operator: Operator = "eq") -> View:
        """This View with the filter on ``field`` set, replacing those that are there."""
        kept = tuple(one for one in self.filters if one.field != field)
        return replace(self, filters=(*kept, Filter(field, operator, value)))

    def adding(self, one: Filter, *, beside: bool) -> View:
        """This View with one more filter, in place of the one of its kind.

        ``beside`` leaves other kinds of filters of the same field; not every server takes those.
        """
        kept = tuple(
            other
            for other in self.filters
            if other.field != one.field or (beside and other.operator != one.operator)
        )
        return replace(self, filters=(*kept, one))

    def unfiltered(self) -> View:
        """This View without anything that narrows it."""
        return replace(self, filters=(), match="all", segment=None, cohort=None)

    def params(self) -> dict[str, list[str]]:
        """The URL parameters that spell this View; ``parse`` reads them back to an equal one."""
        spelled: dict[str, list[str]] = {
            "website": [self.website],
            "period": [self.preset],
            "unit": [self.period.unit],
            "tz": [self.period.timezone],
            "compare": [self.comparison],
            "weekdays": ["1"] if self.weekdays else [],
            "filter": [text for one in self.filters for text in one.spelled()],
            "match": [self.match] if self.match == "any" else [],
            "segment": [self.segment] if self.segment else [],
            "cohort": [self.cohort] if self.cohort else [],
        }
        local = zone(self.period.timezone)
        if self.preset == "custom":
            spelled["from"] = [_spell(self.period.start, local)]
            spelled["to"] = [_spell(self.period.end, local)]
        if self.against:
            spelled["compare_from"], spelled["compare_to"] = (
                [_spell(edge, local)] for edge in self.against
            )
        return {key: values for key, values in spelled.items() if values}


@lru_cache(maxsize=256)
def _compared(view: View) -> View | None:
    period, preset = view.period, PRESETS.get(view.preset)
    # Months have no weekday to begin on.
    weekdays = view.weekdays and period.unit not in ("month", "year")
    if view.comparison == "none":
        return None
    if view.comparison == "previous":
        before = period.previous(preset.step if preset else None, weekdays=weekdays)
    elif view.comparison == "year":
        before = period.year_before(weekdays=weekdays)
    elif view.comparison == "umami":
        before = period.previous_by_umami()
    elif view.against is None:
        raise InvalidView("A custom comparison needs its own dates.")
    else:
        before = period.moved(*view.against)
    return replace(view, period=before, comparison="none", against=None, preset=CUSTOM)


@dataclass(frozen=True, slots=True)
class Fault:
    """A part of a URL that cannot be shown: why, and what is shown instead (both in words)."""

    reason: str
    """A sentence."""
    instead: str = ""
    """What follows “Showing”; empty where the reason says it."""

    def __str__(self) -> str:
        if not self.instead:
            return self.reason
        return f"Showing {self.instead}: {self.reason[0].lower()}{self.reason[1:]}"


@dataclass(frozen=True, slots=True)
class Parsed:
    """The nearest valid View, and the faults of the URL that were passed over to get there."""

    view: View
    faults: tuple[Fault, ...] = ()

    @property
    def dropped(self) -> tuple[str, ...]:
        """A sentence for each fault, with what is shown instead."""
        return tuple(dict.fromkeys(map(str, self.faults)))


def _saved(identifier: str | None, what: str) -> str | None:
    """The id of a segment or cohort, which is a UUID."""
    try:
        return str(UUID(identifier)) if identifier else None
    except (ValueError, AttributeError, TypeError):
        raise InvalidView(f"That is not the id of a {what}.") from None


def _spell(moment: datetime, local: ZoneInfo) -> str:
    """A local day where the moment is an edge of one, else local time to the second."""
    wall = moment.astimezone(local)
    if wall.time() in (time(), time(23, 59, 59, 999000)):
        return wall.date().isoformat()
    return wall.replace(tzinfo=None).isoformat(timespec="seconds")


def _edge(text: str, local: ZoneInfo, *, end: bool) -> datetime:
    try:
        if len(text) == len("2026-01-31"):
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            moment = datetime.combine(day, time(), local)
            return (moment.astimezone(UTC) - MILLISECOND) if end else moment.astimezone(UTC)
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=local)
        return moment.astimezone(UTC) + (timedelta(milliseconds=999) if end else timedelta())
    except (ValueError, OverflowError):
        raise InvalidView(f"“{text[:40]}” is not a date (2026-01-31).") from None


@dataclass(frozen=True, slots=True)
class Preset:
    """A period that follows the clock. ``start`` and ``end`` take the local present.

    ``end`` gives the first moment that no longer counts; a period that is still running is
    cut at the end of the running hour, so that a question stays the same for an hour (and
    caches can answer it) and comparisons are between stretches of like length. “Last” N days or
    months are whole ones, as in Google Analytics and Plausible: they end before today or before
    this month.
    """

    name: str
    label: str
    start: Callable[[datetime], datetime]
    end: Callable[[datetime], datetime]
    step: relativedelta
    """The calendar unit that this period is or begins: what the arrows move it by, and how far
    back its previous period lies."""
    unit: Unit | None = None


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _hour_end(moment: datetime) -> datetime:
    offset = moment.utcoffset() or timedelta()
    hour = moment.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
    return (hour - offset + timedelta(hours=1)).astimezone(moment.tzinfo)


def _monday(moment: datetime) -> datetime:
    return _midnight(moment) - relativedelta(days=moment.weekday())


def _first(moment: datetime) -> datetime:
    return _midnight(moment).replace(day=1)


def _quarter(moment: datetime) -> datetime:
    return _first(moment) - relativedelta(months=(moment.month - 1) % 3)


def _last_days(days: int) -> Preset:
    """Whole days that end yesterday."""
    step = relativedelta(days=days)
    return Preset(
        f"{days}d", f"Last {days} days", lambda now: _midnight(now) - step, _midnight, step
    )


_DAY, _WEEK, _YEAR = relativedelta(days=1), relativedelta(weeks=1), relativedelta(years=1)
_MONTH, _QUARTER = relativedelta(months=1), relativedelta(months=3)
PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("today", "Today", _midnight, _hour_end, _DAY),
        Preset("yesterday", "Yesterday", lambda now: _midnight(now) - _DAY, _midnight, _DAY),
        Preset(
            "24h",
            "Last 24 hours",
            lambda now: _hour_end(now) - timedelta(hours=24),
            _hour_end,
            _DAY,
        ),
        Preset("week", "This week", _monday, _hour_end, _WEEK, "day"),
        Preset("last-week", "Last week", lambda now: _monday(now) - _WEEK, _monday, _WEEK),
        *map(_last_days, (7, 14, 28, 30)),
        Preset("month", "This month", _first, _hour_end, _MONTH, "day"),
        Preset("last-month", "Last month", lambda now: _first(now) - _MONTH, _first, _MONTH),
        *map(_last_days, (90, 180)),
        Preset("quarter", "This quarter", _quarter, _hour_end, _QUARTER, "day"),
        Preset(
            "last-quarter", "Last quarter", lambda now: _quarter(now) - _QUARTER, _quarter, _QUARTER
        ),
        Preset(
            "year", "This year", lambda now: _first(now).replace(month=1), _hour_end, _YEAR, "month"
        ),
        Preset("12mo", "Last 12 months", lambda now: _first(now) - _YEAR, _first, _YEAR),
    )
}
DEFAULT_PRESET = "7d"
CUSTOM = "custom"
ALL_TIME = "all"


def preset_period(name: str, now: datetime, timezone: str, unit: Unit | None = None) -> Period:
    """The period a preset means at ``now`` (aware) in ``timezone``."""
    preset = PRESETS[name]
    local = now.astimezone(zone(timezone))
    start = preset.start(local).astimezone(UTC)
    end = preset.end(local).astimezone(UTC) - MILLISECOND
    return with_unit(start, max(start, end), timezone, unit or preset.unit)


def shifted(view: View, steps: int) -> View:
    """The View ``steps`` periods later (negative: earlier), calendar periods by calendar steps.

    The period becomes a custom one; a running period that is left behind becomes whole. Raises
    ``InvalidView`` beyond the years that periods lie in.
    """
    period, preset = view.period, PRESETS.get(view.preset)
    local = zone(period.timezone)
    start, end = period.start.astimezone(local), period.end.astimezone(local)
    first, last = period.days
    step = preset.step if preset else period.step
    if step is None:
        length = timedelta(days=(last - first).days + 1) * steps
        start, end = start + length, end + length
    elif period.edges_of_days[0]:
        first += step * steps
        start, end = midnight(first, local), midnight(first + step, local) - MILLISECOND
    else:
        start = start + step * steps
        end = (start + step).astimezone(UTC) - MILLISECOND
    if end < start:
        # The zone skipped this day, as Samoa skipped 30 December 2011.
        return shifted(view, steps + (1 if steps > 0 else -1))
    moved = with_unit(start.astimezone(UTC), end.astimezone(UTC), period.timezone, period.unit)
    return replace(view, period=moved, preset=CUSTOM)


def parse(
    params: Mapping[str, Sequence[str]],
    *,
    now: datetime,
    websites: Sequence[str],
    timezone: str = "UTC",
    recorded: tuple[datetime, datetime] | None = None,
    capabilities: Capabilities = EVERYTHING,
) -> Parsed:
    """The View that URL parameters spell, or the nearest valid one.

    ``websites`` are the ids that may be looked at, the first being the default; ``timezone`` is
    the viewer's, used when the URL names none; ``recorded`` is the span of the website's data,
    which the period ``all`` means; ``capabilities`` are the server's. Raises
    ``InvalidView`` only if there is no website at all.
    """
    if not websites:
        raise InvalidView("There is no website to look at.")
    faults: list[Fault] = []

    def last(key: str) -> str | None:
        values = params.get(key)
        return values[-1] if values else None

    def fault(reason: str, instead: str = "") -> None:
        faults.append(Fault(reason, instead))

    def attempt(read: Callable[[], R], otherwise: R, instead: str) -> R:
        try:
            return read()
        except InvalidView as problem:
            fault(str(problem), instead)
            return otherwise

    website = last("website") or websites[0]
    if website not in websites:
        fault("The link’s website is not among those you can open.", "your first website")
        website = websites[0]

    chosen_zone = last("tz")
    tz = attempt(lambda: zone(timezone).key, "UTC", "times in UTC")
    if chosen_zone is not None:
        tz = attempt(lambda: zone(chosen_zone).key, tz, f"times in {tz}")
    local = zone(tz)

    unit = last("unit")
    asked_unit: Unit | None = unit if unit in UNITS else None

    preset = last("period") or (CUSTOM if last("from") else DEFAULT_PRESET)
    default = f"the {PRESETS[DEFAULT_PRESET].label.lower()}"
    if preset not in {*PRESETS, CUSTOM, ALL_TIME}:
        fault(f"“{preset[:40]}” is not a period.", default)
        preset = DEFAULT_PRESET

    def custom(start_key: str, end_key: str) -> tuple[datetime, datetime]:
        first, final = last(start_key), last(end_key)
        if not first or not final:
            raise InvalidView("A custom period needs both its dates.")
        start, end = _edge(first, local, end=False), _edge(final, local, end=True)
        if end < start:
            start, end = _edge(final, local, end=False), _edge(first, local, end=True)
            fault("The dates were reversed; they have been put in order.")
        if start > now:
            raise InvalidView("That period lies in the future.")
        Period(start, end, finest_unit(start, end), tz)
        return start, end

    def period() -> Period:
        if preset == CUSTOM:
            start, end = custom("from", "to")
        elif preset == ALL_TIME:
            running = _hour_end(now.astimezone(local)).astimezone(UTC) - MILLISECOND
            start, end = recorded or (now - timedelta(days=365), running)
            start = _midnight(start.astimezone(local)).astimezone(UTC)
        else:
            return preset_period(preset, now, tz, asked_unit)
        return with_unit(start, end, tz, asked_unit)

    fallback = preset_period(DEFAULT_PRESET, now, tz)
    chosen = attempt(period, fallback, default)
    if chosen is fallback:
        preset = DEFAULT_PRESET
    if unit is not None and asked_unit is None:
        fault(f"“{unit[:40]}” is not a unit of time.", f"figures by the {chosen.unit}")
    elif asked_unit and chosen.unit != asked_unit:
        fault(
            f"This period is too long to be cut by the {asked_unit}.",
            f"figures by the {chosen.unit}",
        )

    comparison = last("compare") or "previous"
    usual = "the previous period as the comparison"
    against = None
    if comparison not in COMPARISONS:
        fault(f"“{comparison[:40]}” is not a comparison.", usual)
        comparison = "previous"
    if comparison == "custom":
        against = attempt(lambda: custom("compare_from", "compare_to"), None, usual)
        comparison = comparison if against else "previous"
    weekdays = last("weekdays") or "0"
    if weekdays not in ("0", "1"):
        fault(f"“{weekdays[:40]}” does not say whether weekdays match.", "dates as they are")

    filters, problems = read_filters(params.get("filter", ()))

    match = last("match") or "all"
    if match not in get_args(Match):
        problems.append(f"“{match[:40]}” does not join filters; rows match all of them.")
        match = "all"
    faults += map(Fault, problems)

    view = View(
        website=website,
        period=chosen,
        comparison=comparison,  # type: ignore[arg-type]
        preset=preset,
        against=against,
        match=match,  # type: ignore[arg-type]
        segment=attempt(lambda: _saved(last("segment"), "segment"), None, "no segment"),
        cohort=attempt(lambda: _saved(last("cohort"), "cohort"), None, "no cohort"),
        weekdays=weekdays == "1",
    )
    view, problems = _possible(replace(view, filters=filters), capabilities)
    faults += map(Fault, problems)
    alone = replace(view, comparison="none", against=None)
    view = attempt(lambda: _aligned(view), alone, "no comparison")
    if asked_unit == chosen.unit != view.period.unit:
        fault(
            f"The comparison is too long to be cut by the {asked_unit}.",
            f"figures by the {view.period.unit}",
        )
    return Parsed(view, tuple(faults))


def _possible(view: View, capabilities: Capabilities) -> tuple[View, list[str]]:
    """The View without what cannot be answered for, and a sentence for each part of that."""
    kept: list[Filter] = []
    dropped: list[str] = []
    for one in view.filters:
        lacking = capabilities.lacks([*kept, one], "all", saved=False)
        if lacking is None:
            kept.append(one)
        else:
            dropped.append(f"{lacking} That filter is left out.")
    view = replace(view, filters=tuple(kept))
    if joined := capabilities.joined(kept, view.match):
        dropped.append(joined)
        view = replace(view, match="all")
    if lacking := view.lacking(capabilities):
        dropped.append(lacking)
        view = replace(view, segment=None, cohort=None)
    return view, dropped


def _aligned(view: View) -> View:
    """The View cut by a unit that its comparison can be cut by too, to overlay both."""
    compared = view.compared()
    if compared is None or compared.period.unit == view.period.unit:
        return view
    return replace(view, period=replace(view.period, unit=compared.period.unit))
