"""Parses the parameters of a URL into a ``View``. From an invalid URL it makes the nearest valid
View and explains what it dropped."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar, get_args

from umami.conversion import PURCHASE, is_currency, read
from umami.errors import InvalidView
from umami.filters import EVERYTHING, Capabilities, Filter, Match, parse_filters
from umami.normal_forms import uuid_of
from umami.period import (
    DEFAULT_PRESET,
    MILLISECOND,
    PRESETS,
    UNITS,
    WEEKDAYS,
    Period,
    Unit,
    Weekday,
    day_start,
    finest_unit,
    hour_end,
    parse_edge,
    preset_period,
    with_unit,
    zone,
)
from umami.texts import N_, Message
from umami.view import ALL_TIME, COMPARISONS, CUSTOM, View

C = TypeVar("C", bound=str)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Fault:
    """A part of a URL that was ignored: why, and what is shown instead (both in words)."""

    reason: str
    """A sentence."""
    instead: str = ""
    """The words after “Showing”; empty where the reason contains them."""

    def __str__(self) -> str:
        if not self.instead:
            return self.reason
        return f"Showing {self.instead}: {self.reason[0].lower()}{self.reason[1:]}"


@dataclass(frozen=True, slots=True)
class Parsed:
    """The nearest valid View, and the faults of the URL."""

    view: View
    faults: tuple[Fault, ...] = ()

    @property
    def dropped(self) -> tuple[str, ...]:
        """A sentence for each fault, with what is shown instead."""
        return tuple(dict.fromkeys(map(str, self.faults)))


def parse(
    params: Mapping[str, Sequence[str]],
    *,
    now: datetime,
    websites: Sequence[str],
    timezone: str = "UTC",
    week_start: Weekday = "monday",
    recorded: tuple[datetime, datetime] | None = None,
    capabilities: Capabilities = EVERYTHING,
) -> Parsed:
    """The View of URL parameters, or the nearest valid one.

    ``websites`` are the ids that the viewer may open, of which the first is the default.
    ``timezone`` is the viewer's, for a URL without one. ``week_start`` is the viewer's, for a URL
    without a website: any other names it unless it is Monday. ``recorded`` is the range of the
    website's data, for the period ``all``. ``capabilities`` are the server's. Raises
    ``InvalidView`` only if there is no website.
    """
    if not websites:
        raise InvalidView(N_("There is no website to show."))
    faults: list[Fault] = []

    def saved(key: str) -> str | None:
        return attempt(lambda: (id_ := last(key)) and uuid_of(id_, key), None, _WITHOUT[key])

    def last(key: str) -> str | None:
        values = params.get(key)
        return values[-1] if values else None

    def fault(reason: str, instead: str = "") -> None:
        faults.append(Fault(reason, instead))

    def choice(key: str, choices: Collection[C], default: C, complaint: str, instead: str) -> C:
        value = last(key) or default
        for known in choices:
            if value == known:
                return known
        fault(Message(complaint, value=value[:40]), instead)
        return default

    def attempt(parse: Callable[[], R], default: R, instead: str) -> R:
        try:
            return parse()
        except InvalidView as problem:
            fault(problem.message, instead)
            return default

    website = last("website") or websites[0]
    if website not in websites:
        fault(N_("The link’s website is not among those you can open."), N_("your first website"))
        website = websites[0]

    url_zone = last("tz")
    tz = attempt(lambda: zone(timezone).key, "UTC", N_("times in UTC"))
    if url_zone is not None:
        tz = attempt(lambda: zone(url_zone).key, tz, Message("times in {tz}", tz=tz))
    local = zone(tz)

    unit = last("unit")
    wanted_unit: Unit | None = unit if unit in UNITS else None

    usual_period = N_("the last 7 days")
    preset = CUSTOM if last("from") and not last("period") else DEFAULT_PRESET
    preset = choice(
        "period",
        (*PRESETS, CUSTOM, ALL_TIME),
        preset,
        N_("“{value}” is not a period."),
        usual_period,
    )

    def custom(start_key: str, end_key: str) -> tuple[datetime, datetime]:
        first, final = last(start_key), last(end_key)
        if not first or not final:
            raise InvalidView(N_("A custom period needs both its dates."))
        start, end = parse_edge(first, local, end=False), parse_edge(final, local, end=True)
        if end < start:
            start, end = parse_edge(final, local, end=False), parse_edge(first, local, end=True)
            fault(N_("The dates were reversed; they have been put in order."))
        if start > now:
            raise InvalidView(N_("That period lies in the future."))
        Period(start, end, finest_unit(start, end), tz)
        return start, end

    usual_start: Weekday = "monday" if params.get("website") else week_start
    begins = choice(
        "week",
        WEEKDAYS,
        usual_start,
        N_("“{value}” is not a day on which weeks begin."),
        N_("the usual weeks"),
    )

    def period() -> Period:
        if preset == CUSTOM:
            start, end = custom("from", "to")
        elif preset == ALL_TIME:
            running = hour_end(now.astimezone(local)).astimezone(UTC) - MILLISECOND
            start, end = recorded or (now - timedelta(days=365), running)
            start = day_start(start.astimezone(local)).astimezone(UTC)
        else:
            return preset_period(preset, now, tz, wanted_unit, begins)
        return with_unit(start, end, tz, wanted_unit)

    fallback = preset_period(DEFAULT_PRESET, now, tz)
    shown = attempt(period, fallback, usual_period)
    if shown is fallback:
        preset = DEFAULT_PRESET
    if unit is not None and wanted_unit is None:
        fault(
            Message("“{unit}” is not a unit of time.", unit=unit[:40]),
            _by(shown.unit),
        )
    elif wanted_unit and shown.unit != wanted_unit:
        fault(
            Message("This period is too long to be cut by the {unit}.", unit=Message(wanted_unit)),
            _by(shown.unit),
        )

    usual = N_("the previous period as the comparison")
    comparison = choice(
        "compare", COMPARISONS, "previous", N_("“{value}” is not a comparison."), usual
    )
    against = None
    if comparison == "custom":
        against = attempt(lambda: custom("compare_from", "compare_to"), None, usual)
        comparison = comparison if against else "previous"
    complaint = N_("“{value}” does not say whether weekdays match.")
    weekdays = choice("weekdays", ("0", "1"), "0", complaint, N_("dates as they are"))

    def conversion() -> str:
        text = last("conversion") or ""
        # An empty step is what a control writes while its value is still to be chosen.
        if text in ("", PURCHASE):
            return text
        step = read(text)
        if step.value and not step.is_named:
            # Servers take the same values as in filters.
            Filter(step.kind, "eq", step.value)
        return text if step.value else ""

    def currency() -> str:
        text = last("conversion_currency") or ""
        if text and not is_currency(text):
            raise InvalidView(Message("“{text}” is not a currency.", text=text[:20]))
        return text

    filters, problems = parse_filters(params.get("filter", ()))
    faults += map(Fault, problems)
    complaint = N_("“{value}” does not join filters; rows match all of them.")
    match = choice("match", get_args(Match), "all", complaint, "")

    view = View(
        website=website,
        period=shown,
        comparison=comparison,
        preset=preset,
        against=against,
        match=match,
        segment=saved("segment"),
        cohort=saved("cohort"),
        conversion=attempt(conversion, "", N_("the website’s conversion")),
        currency=attempt(currency, "", N_("the website’s currency")),
        weekdays=weekdays == "1",
        week_start=begins,
        whole_visits=capabilities.whole_visits,
    )
    view, problems = _supported(replace(view, filters=filters), capabilities)
    faults += map(Fault, problems)
    alone = replace(view, comparison="none", against=None)
    view = attempt(lambda: _aligned(view), alone, N_("no comparison"))
    if wanted_unit == shown.unit != view.period.unit:
        fault(
            Message(
                "The comparison is too long to be cut by the {unit}.",
                unit=Message(wanted_unit),
            ),
            _by(view.period.unit),
        )
    return Parsed(view, tuple(faults))


_WITHOUT = {"segment": N_("no segment"), "cohort": N_("no cohort")}


def _by(unit: Unit) -> Message:
    """What is shown in place of an unknown unit."""
    return Message("figures by the {unit}", unit=Message(unit))


def _supported(view: View, capabilities: Capabilities) -> tuple[View, list[str]]:
    """The View without the parts that the server does not support, and a sentence for each."""
    filters: list[Filter] = []
    dropped: list[str] = []
    for filter_ in view.filters:
        joined = capabilities.joined([*filters, filter_], "all")
        if lacking := capabilities.refused(filter_) or joined:
            dropped.append(Message("{lacking} That filter is left out.", lacking=Message(lacking)))
        else:
            filters.append(filter_)
    view = replace(view, filters=tuple(filters))
    if joined := capabilities.joined(filters, view.match):
        dropped.append(joined)
        view = replace(view, match="all")
    if lacking := view.lacking(capabilities):
        dropped.append(lacking)
        segment = view.segment if capabilities.segments else None
        view = replace(view, segment=segment, cohort=None)
    return view, dropped


def _aligned(view: View) -> View:
    """The View with a unit that its comparison supports too, so that charts can overlay both."""
    compared = view.compared()
    if compared is None or compared.period.unit == view.period.unit:
        return view
    return replace(view, period=replace(view.period, unit=compared.period.unit))
