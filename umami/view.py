"""The View: the immutable value that describes what a page shows.

It consists of website, period, comparison, filters, segment and cohort. The URL contains it, the
controls change it, and every page and query takes it. This module alone parses and formats it; from
an invalid URL it makes the nearest valid View and explains what it dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal, TypeVar, get_args

from umami.errors import InvalidView
from umami.filters import (
    EVERYTHING,
    VISIT_FIELDS,
    Capabilities,
    Filter,
    Match,
    Operator,
    parse_filters,
)
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
    format_edge,
    hour_end,
    midnight,
    parse_edge,
    preset_period,
    with_unit,
    zone,
)

Comparison = Literal["none", "previous", "year", "umami", "custom"]
"""The comparison of a View: ``previous`` and ``year`` follow the calendar, ``umami`` is the range
that Umami itself calls the previous period."""
COMPARISONS: tuple[Comparison, ...] = get_args(Comparison)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows.

    ``against`` is the range of a custom comparison. ``weekdays`` makes the comparisons ``previous``
    and ``year`` begin on the weekday that the period begins on. ``match`` joins the filters;
    ``segment`` and ``cohort`` are ids of filters that are saved in Umami.
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
    whole_visits: bool = False
    """Whether filters keep the visits that have a matching row, instead of the rows. Only servers
    with that capability can."""

    def __post_init__(self) -> None:
        kinds = [(filter_.field, filter_.operator) for filter_ in self.filters]
        if len(set(kinds)) < len(kinds):
            raise InvalidView("There can be one filter for each field and operator.")
        if self.match not in get_args(Match):
            raise InvalidView("Filters are joined by all or any.")
        object.__setattr__(self, "filters", tuple(sorted(self.filters)))
        for name in ("segment", "cohort"):
            saved = getattr(self, name)
            object.__setattr__(self, name, uuid_of(saved, name) if saved else None)

    @property
    def is_filtered(self) -> bool:
        """Whether there are filters, a segment or a cohort."""
        return bool(self.filters or self.segment or self.cohort)

    @property
    def keeps_whole_visits(self) -> bool:
        """Whether visits are counted with all of their views, as bounces and durations require."""
        return self.whole_visits or self.filters_visits

    @property
    def filters_visits(self) -> bool:
        """Whether filters of rows keep whole visits, too, since all rows of a visit have the same
        values of the fields.

        Only the server has the filters of a segment, so with a segment this is ``False``.
        """
        return not self.segment and all(f.field in VISIT_FIELDS for f in self.filters)

    @property
    def keeps_views(self) -> bool:
        """Whether any views can pass the filters: a row with an event is not a view."""
        on_events = [filter_.field == "event" for filter_ in self.filters]
        only_events = any(on_events) if self.match == "all" else all(on_events)
        return self.whole_visits or not (on_events and only_events)

    def lacking(self, capabilities: Capabilities) -> str | None:
        """What of this View a server with these capabilities does not support, in a sentence."""
        refused = (capabilities.refused(filter_) for filter_ in self.filters)
        lacking = next(filter(None, refused), None)
        lacking = lacking or capabilities.joined(self.filters, self.match)
        if (
            not lacking
            and self.whole_visits
            and not (capabilities.whole_visits or self.filters_visits)
        ):
            lacking = "This server’s filters keep only the matching parts of visits."
        if not lacking and (self.segment or self.cohort) and not capabilities.segments:
            return "This server cannot filter by a segment or a cohort."
        return lacking

    def compared(self) -> View | None:
        """The View of the comparison period, without a comparison of its own; or ``None``."""
        return _compared(self)

    @property
    def weekdays_matter(self) -> bool:
        """Whether ``weekdays`` changes the comparison period."""
        matched, plain = (replace(self, weekdays=on).compared() for on in (True, False))
        return matched is not None and plain is not None and matched.period != plain.period

    def filtered(self, field: str, value: str, operator: Operator = "eq") -> View:
        """This View with this filter instead of all filters on ``field``."""
        return self.adding(Filter(field, operator, value), beside=False)

    def adding(self, filter_: Filter, *, beside: bool) -> View:
        """This View with one more filter, instead of the one with its field and operator.

        ``beside`` keeps filters of the same field with other operators, which not every server
        supports.
        """
        others = (
            other
            for other in self.filters
            if other.field != filter_.field or (beside and other.operator != filter_.operator)
        )
        return replace(self, filters=(*others, filter_))

    def unfiltered(self) -> View:
        """This View without filters, segment and cohort."""
        return replace(self, filters=(), match="all", segment=None, cohort=None)

    def filter_params(self, *, patterns: bool = True) -> tuple[tuple[str, str], ...]:
        """The parameter and text of every filter, with ``match``, ``segment`` and ``cohort``, in
        the newest generation's format.

        The text always names the operator (``("path", "eq./pricing")``), as a server would take
        part of a value such as ``t.co`` for one. Several filters of one field are numbered
        (``path``, ``path1``). ``patterns`` is that of ``Filter.param``.
        """
        fields = [filter_.field for filter_ in self.filters]
        params = {
            f"{filter_.field}{fields[:place].count(filter_.field) or ''}": filter_.param(
                patterns=patterns
            )
            for place, filter_ in enumerate(self.filters)
        }
        if self.match == "any" and len(fields) > 1:
            params["match"] = "any"
        saved = {"segment": self.segment, "cohort": self.cohort}
        params |= {name: id_ for name, id_ in saved.items() if id_}
        return tuple(sorted(params.items()))

    def params(self) -> dict[str, list[str]]:
        """The URL parameters of this View; ``parse`` makes an equal View of them."""
        params: dict[str, list[str]] = {
            "website": [self.website],
            "period": [self.preset],
            "unit": [self.period.unit],
            "tz": [self.period.timezone],
            "compare": [self.comparison],
            "weekdays": ["1"] if self.weekdays else [],
            "filter": [text for filter_ in self.filters for text in filter_.texts()],
            "match": [self.match] if self.match == "any" else [],
            "segment": [self.segment] if self.segment else [],
            "cohort": [self.cohort] if self.cohort else [],
        }
        local = zone(self.period.timezone)
        if self.preset == "custom":
            params["from"] = [format_edge(self.period.start, local)]
            params["to"] = [format_edge(self.period.end, local)]
        if self.against:
            params["compare_from"], params["compare_to"] = (
                [format_edge(edge, local)] for edge in self.against
            )
        return {key: values for key, values in params.items() if values}


@lru_cache(maxsize=256)
def _compared(view: View) -> View | None:
    period, preset = view.period, PRESETS.get(view.preset)
    # Months do not begin on a certain weekday.
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


CUSTOM = "custom"
ALL_TIME = "all"


def shifted(view: View, steps: int) -> View:
    """The View ``steps`` periods later (negative: earlier), in calendar units where possible.

    The period becomes a custom one; a running period becomes a whole one. Raises ``InvalidView``
    beyond the years that periods lie in.
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
