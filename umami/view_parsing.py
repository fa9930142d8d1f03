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
    Period,
    Unit,
    day_start,
    finest_unit,
    hour_end,
    parse_edge,
    preset_period,
    with_unit,
    zone,
)
from umami.view import ALL_TIME, COMPARISONS, CUSTOM, View

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
    recorded: tuple[datetime, datetime] | None = None,
    capabilities: Capabilities = EVERYTHING,
) -> Parsed:
    """The View of URL parameters, or the nearest valid one.

    ``websites`` are the ids that the viewer may open, of which the first is the default.
    ``timezone`` is the viewer's, for a URL without one. ``recorded`` is the range of the website's
    data, for the period ``all``. ``capabilities`` are the server's. Raises ``InvalidView`` only if
    there is no website.
    """
    if not websites:
        raise InvalidView("There is no website to show.")
    faults: list[Fault] = []

    def saved(key: str) -> str | None:
        return attempt(lambda: (id_ := last(key)) and uuid_of(id_, key), None, f"no {key}")

    def last(key: str) -> str | None:
        values = params.get(key)
        return values[-1] if values else None

    def fault(reason: str, instead: str = "") -> None:
        faults.append(Fault(reason, instead))

    def choice(
        key: str, choices: Collection[str], default: str, complaint: str, instead: str
    ) -> str:
        value = last(key) or default
        if value in choices:
            return value
        fault(f"“{value[:40]}” {complaint}", instead)
        return default

    def attempt(parse: Callable[[], R], default: R, instead: str) -> R:
        try:
            return parse()
        except InvalidView as problem:
            fault(str(problem), instead)
            return default

    website = last("website") or websites[0]
    if website not in websites:
        fault("The link’s website is not among those you can open.", "your first website")
        website = websites[0]

    url_zone = last("tz")
    tz = attempt(lambda: zone(timezone).key, "UTC", "times in UTC")
    if url_zone is not None:
        tz = attempt(lambda: zone(url_zone).key, tz, f"times in {tz}")
    local = zone(tz)

    unit = last("unit")
    wanted_unit: Unit | None = unit if unit in UNITS else None

    usual_period = f"the {PRESETS[DEFAULT_PRESET].label.lower()}"
    preset = CUSTOM if last("from") and not last("period") else DEFAULT_PRESET
    preset = choice(
        "period", (*PRESETS, CUSTOM, ALL_TIME), preset, "is not a period.", usual_period
    )

    def custom(start_key: str, end_key: str) -> tuple[datetime, datetime]:
        first, final = last(start_key), last(end_key)
        if not first or not final:
            raise InvalidView("A custom period needs both its dates.")
        start, end = parse_edge(first, local, end=False), parse_edge(final, local, end=True)
        if end < start:
            start, end = parse_edge(final, local, end=False), parse_edge(first, local, end=True)
            fault("The dates were reversed; they have been put in order.")
        if start > now:
            raise InvalidView("That period lies in the future.")
        Period(start, end, finest_unit(start, end), tz)
        return start, end

    def period() -> Period:
        if preset == CUSTOM:
            start, end = custom("from", "to")
        elif preset == ALL_TIME:
            running = hour_end(now.astimezone(local)).astimezone(UTC) - MILLISECOND
            start, end = recorded or (now - timedelta(days=365), running)
            start = day_start(start.astimezone(local)).astimezone(UTC)
        else:
            return preset_period(preset, now, tz, wanted_unit)
        return with_unit(start, end, tz, wanted_unit)

    fallback = preset_period(DEFAULT_PRESET, now, tz)
    shown = attempt(period, fallback, usual_period)
    if shown is fallback:
        preset = DEFAULT_PRESET
    if unit is not None and wanted_unit is None:
        fault(f"“{unit[:40]}” is not a unit of time.", f"figures by the {shown.unit}")
    elif wanted_unit and shown.unit != wanted_unit:
        fault(
            f"This period is too long to be cut by the {wanted_unit}.",
            f"figures by the {shown.unit}",
        )

    usual = "the previous period as the comparison"
    comparison = choice("compare", COMPARISONS, "previous", "is not a comparison.", usual)
    against = None
    if comparison == "custom":
        against = attempt(lambda: custom("compare_from", "compare_to"), None, usual)
        comparison = comparison if against else "previous"
    complaint = "does not say whether weekdays match."
    weekdays = choice("weekdays", ("0", "1"), "0", complaint, "dates as they are")

    def conversion() -> str:
        text = last("conversion") or ""
        # An empty step is what a control writes while its value is still to be chosen.
        if text in ("", PURCHASE):
            return text
        step = read(text)
        if step.value:
            # Servers take the same values as in filters.
            Filter(step.kind, "eq", step.value)
        return text if step.value else ""

    def currency() -> str:
        text = last("conversion_currency") or ""
        if text and not is_currency(text):
            raise InvalidView(f"“{text[:20]}” is not a currency.")
        return text

    filters, problems = parse_filters(params.get("filter", ()))
    faults += map(Fault, problems)
    complaint = "does not join filters; rows match all of them."
    match = choice("match", get_args(Match), "all", complaint, "")

    view = View(
        website=website,
        period=shown,
        comparison=comparison,  # type: ignore[arg-type]
        preset=preset,
        against=against,
        match=match,  # type: ignore[arg-type]
        segment=saved("segment"),
        cohort=saved("cohort"),
        conversion=attempt(conversion, "", "the website’s conversion"),
        currency=attempt(currency, "", "the website’s currency"),
        weekdays=weekdays == "1",
        whole_visits=capabilities.whole_visits,
    )
    view, problems = _supported(replace(view, filters=filters), capabilities)
    faults += map(Fault, problems)
    alone = replace(view, comparison="none", against=None)
    view = attempt(lambda: _aligned(view), alone, "no comparison")
    if wanted_unit == shown.unit != view.period.unit:
        fault(
            f"The comparison is too long to be cut by the {wanted_unit}.",
            f"figures by the {view.period.unit}",
        )
    return Parsed(view, tuple(faults))


def _supported(view: View, capabilities: Capabilities) -> tuple[View, list[str]]:
    """The View without the parts that the server does not support, and a sentence for each."""
    filters: list[Filter] = []
    dropped: list[str] = []
    for filter_ in view.filters:
        joined = capabilities.joined([*filters, filter_], "all")
        if lacking := capabilities.refused(filter_) or joined:
            dropped.append(f"{lacking} That filter is left out.")
        else:
            filters.append(filter_)
    view = replace(view, filters=tuple(filters))
    if joined := capabilities.joined(filters, view.match):
        dropped.append(joined)
        view = replace(view, match="all")
    if lacking := view.lacking(capabilities):
        dropped.append(lacking)
        view = replace(view, segment=None, cohort=None)
    return view, dropped


def _aligned(view: View) -> View:
    """The View with a unit that its comparison supports too, so that charts can overlay both."""
    compared = view.compared()
    if compared is None or compared.period.unit == view.period.unit:
        return view
    return replace(view, period=replace(view.period, unit=compared.period.unit))
