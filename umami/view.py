"""The View: the one immutable value that says what is looked at.

Website, period, comparison, filters, segment and cohort. Controls produce it, the URL spells it,
every page and every question takes it. It is parsed, validated and printed here and nowhere
else; a bad URL gives the nearest valid View and says in words what was dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, TypeVar, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from umami.abilities import EVERYTHING, Abilities
from umami.errors import InvalidView
from umami.filters import Filter, Match, Operator
from umami.filters import read as read_filters
from umami.period import MILLISECOND, UNITS, Period, Unit, finest_unit, with_unit, zone

Comparison = Literal["none", "previous", "year", "custom"]
COMPARISONS: tuple[Comparison, ...] = get_args(Comparison)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at. ``against`` is the range compared with, for a custom comparison.

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

    def lacking(self, abilities: Abilities) -> str | None:
        """What of this View a server of these abilities cannot answer for, in a sentence."""
        saved = bool(self.segment or self.cohort)
        return abilities.lacks(self.filters, self.match, saved=saved)

    def compared(self) -> View | None:
        """The View of the comparison period, itself compared with nothing; or ``None``."""
        if self.comparison == "none":
            return None
        if self.comparison == "previous":
            period = self.period.previous()
        elif self.comparison == "year":
            period = self.period.year_before()
        elif self.against is None:
            raise InvalidView("A custom comparison needs its own dates.")
        else:
            period = self.period.moved(*self.against)
        return replace(self, period=period, comparison="none", against=None, preset="custom")

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


@dataclass(frozen=True, slots=True)
class Parsed:
    """The nearest valid View, and one sentence for each thing that was dropped to get there."""

    view: View
    dropped: tuple[str, ...] = ()


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
    caches can answer it) and comparisons are between stretches of like length.
    """

    name: str
    label: str
    start: Callable[[datetime], datetime]
    end: Callable[[datetime], datetime]
    step: relativedelta
    """What ‘previous’ and ‘next’ move this period by."""
    unit: Unit | None = None


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _hour_end(moment: datetime) -> datetime:
    whole = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return (whole + timedelta(hours=1)).astimezone(moment.tzinfo)


def _monday(moment: datetime) -> datetime:
    return _midnight(moment) - relativedelta(days=moment.weekday())


def _first(moment: datetime) -> datetime:
    return _midnight(moment).replace(day=1)


def _ago(**back: int) -> Callable[[datetime], datetime]:
    return lambda now: _midnight(now) - relativedelta(**back)  # type: ignore[arg-type]


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("today", "Today", _midnight, _hour_end, relativedelta(days=1)),
        Preset("yesterday", "Yesterday", _ago(days=1), _midnight, relativedelta(days=1)),
        Preset(
            "24h",
            "Last 24 hours",
            lambda now: _hour_end(now) - timedelta(hours=24),
            _hour_end,
            relativedelta(hours=24),
        ),
        Preset("week", "This week", _monday, _hour_end, relativedelta(weeks=1), "day"),
        Preset(
            "last-week",
            "Last week",
            lambda now: _monday(now) - relativedelta(weeks=1),
            _monday,
            relativedelta(weeks=1),
        ),
        Preset("7d", "Last 7 days", _ago(days=6), _hour_end, relativedelta(days=7)),
        Preset("month", "This month", _first, _hour_end, relativedelta(months=1), "day"),
        Preset(
            "last-month",
            "Last month",
            lambda now: _first(now) - relativedelta(months=1),
            _first,
            relativedelta(months=1),
        ),
        Preset("30d", "Last 30 days", _ago(days=29), _hour_end, relativedelta(days=30)),
        Preset("90d", "Last 90 days", _ago(days=89), _hour_end, relativedelta(days=90)),
        Preset(
            "year",
            "This year",
            lambda now: _first(now).replace(month=1),
            _hour_end,
            relativedelta(years=1),
            "month",
        ),
        Preset(
            "12mo",
            "Last 12 months",
            lambda now: _first(now) - relativedelta(months=11),
            _hour_end,
            relativedelta(years=1),
        ),
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

    The period becomes a custom one; a running period that is left behind becomes whole.
    """
    local = zone(view.period.timezone)
    start, end = view.period.start.astimezone(local), view.period.end.astimezone(local)
    if view.preset in PRESETS:
        step = PRESETS[view.preset].step
        start = start + step * steps
        end = start + step - MILLISECOND
    else:
        days = (end.date() - start.date()).days + 1
        length = relativedelta(days=days)
        start, end = start + length * steps, end + length * steps
    period = with_unit(
        start.astimezone(UTC), end.astimezone(UTC), view.period.timezone, view.period.unit
    )
    return replace(view, period=period, preset=CUSTOM)


def parse(
    params: Mapping[str, Sequence[str]],
    *,
    now: datetime,
    websites: Sequence[str],
    timezone: str = "UTC",
    recorded: tuple[datetime, datetime] | None = None,
    abilities: Abilities = EVERYTHING,
) -> Parsed:
    """The View that URL parameters spell, or the nearest valid one.

    ``websites`` are the ids that may be looked at, the first being the default; ``timezone`` is
    the viewer's, used when the URL names none; ``recorded`` is the span of the website's data,
    which the period ``all`` means; ``abilities`` are the server's. Raises
    ``InvalidView`` only if there is no website at all.
    """
    if not websites:
        raise InvalidView("There is no website to look at.")
    dropped: list[str] = []

    def last(key: str) -> str | None:
        values = params.get(key)
        return values[-1] if values else None

    def attempt(read: Callable[[], R], otherwise: R) -> R:
        try:
            return read()
        except InvalidView as problem:
            dropped.append(str(problem))
            return otherwise

    website = last("website") or websites[0]
    if website not in websites:
        dropped.append("The link’s website is not among those you can open.")
        website = websites[0]

    def viewer_zone() -> str:
        return zone(timezone).key if last("tz") is None else zone(last("tz") or "").key

    tz = attempt(viewer_zone, "UTC" if last("tz") is None else timezone)
    tz = attempt(lambda: zone(tz).key, "UTC")
    local = zone(tz)

    unit = last("unit")
    if unit is not None and unit not in UNITS:
        dropped.append(f"“{unit[:40]}” is not a unit of time.")
        unit = None
    asked_unit: Unit | None = unit

    preset = last("period") or (CUSTOM if last("from") else DEFAULT_PRESET)
    if preset not in {*PRESETS, CUSTOM, ALL_TIME}:
        dropped.append(f"“{preset[:40]}” is not a period.")
        preset = DEFAULT_PRESET

    def custom(start_key: str, end_key: str) -> tuple[datetime, datetime]:
        first, final = last(start_key), last(end_key)
        if not first or not final:
            raise InvalidView("A custom period needs both its dates.")
        start, end = _edge(first, local, end=False), _edge(final, local, end=True)
        if end < start:
            start, end = _edge(final, local, end=False), _edge(first, local, end=True)
            dropped.append("The dates were reversed; they have been put in order.")
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
    chosen = attempt(period, fallback)
    if chosen is fallback:
        preset = DEFAULT_PRESET
    if asked_unit and chosen.unit != asked_unit:
        dropped.append(f"This period is too long to be cut by the {asked_unit}.")

    comparison = last("compare") or "previous"
    against = None
    if comparison not in COMPARISONS:
        dropped.append(f"“{comparison[:40]}” is not a comparison.")
        comparison = "previous"
    if comparison == "custom":
        against = attempt(lambda: custom("compare_from", "compare_to"), None)
        comparison = comparison if against else "previous"

    filters, faults = read_filters(params.get("filter", ()))
    dropped += faults

    match = last("match") or "all"
    if match not in get_args(Match):
        dropped.append(f"“{match[:40]}” does not join filters.")
        match = "all"

    view = View(
        website=website,
        period=chosen,
        comparison=comparison,  # type: ignore[arg-type]
        preset=preset,
        against=against,
        match=match,  # type: ignore[arg-type]
        segment=attempt(lambda: _saved(last("segment"), "segment"), None),
        cohort=attempt(lambda: _saved(last("cohort"), "cohort"), None),
    )
    view, faults = _possible(replace(view, filters=filters), abilities)
    dropped += faults
    alone = replace(view, comparison="none", against=None)
    view = attempt(lambda: _aligned(view), alone)
    return Parsed(view, tuple(dict.fromkeys(dropped)))


def _possible(view: View, abilities: Abilities) -> tuple[View, list[str]]:
    """The View without what cannot be answered for, and a sentence for each part of that."""
    kept: list[Filter] = []
    dropped: list[str] = []
    for one in view.filters:
        lacking = abilities.lacks([*kept, one], "all", saved=False)
        if lacking is None:
            kept.append(one)
        else:
            dropped.append(f"{lacking} That filter is left out.")
    view = replace(view, filters=tuple(kept))
    if joined := abilities.joined(kept, view.match):
        dropped.append(joined)
        view = replace(view, match="all")
    if lacking := view.lacking(abilities):
        dropped.append(lacking)
        view = replace(view, segment=None, cohort=None)
    return view, dropped


def _aligned(view: View) -> View:
    """The View cut by a unit that its comparison can be cut by too, to overlay both."""
    compared = view.compared()
    if compared is None or compared.period.unit == view.period.unit:
        return view
    return replace(view, period=replace(view.period, unit=compared.period.unit))
