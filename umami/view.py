"""The View: the immutable value that describes what a page shows.

It consists of website, period, comparison, filters, segment, cohort and conversion. The URL
contains it (``umami/view_parsing.py``), the controls change it, and every page and query takes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal, get_args

import pandas as pd

from umami.errors import InvalidView
from umami.filters import (
    NO_COHORTS,
    VISIT_FIELDS,
    Capabilities,
    Filter,
    Match,
    Operator,
    params_of,
)
from umami.normal_forms import uuid_of
from umami.period import (
    MILLISECOND,
    PRESETS,
    Period,
    Weekday,
    as_instant,
    format_edge,
    hour_end,
    midnight,
    with_unit,
    zone,
)
from umami.texts import N_

Comparison = Literal["none", "previous", "year", "umami", "custom"]
"""The comparison of a View: ``previous`` and ``year`` follow the calendar, ``umami`` is the range
that Umami itself calls the previous period."""
COMPARISONS: tuple[Comparison, ...] = get_args(Comparison)


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
    conversion: str = ""
    """What counts as a conversion: the text of a step, or ``umami.conversion.PURCHASE``; empty for
    the website's default."""
    currency: str = ""
    """The currency of revenue; empty for the website's default."""
    week_start: Weekday = "monday"
    """The day on which weeks begin."""
    whole_visits: bool = False
    """Whether filters keep the visits that have a matching row, instead of the rows. Only servers
    with that capability can."""

    def __post_init__(self) -> None:
        kinds = [(filter_.field, filter_.operator) for filter_ in self.filters]
        if len(set(kinds)) < len(kinds):
            raise InvalidView(N_("There can be one filter for each field and operator."))
        if self.match not in get_args(Match):
            raise InvalidView(N_("Filters are joined by all or any."))
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
            lacking = N_("This server’s filters keep only the matching parts of visits.")
        if not lacking and (self.segment or self.cohort) and not capabilities.segments:
            return N_("This server cannot filter by a segment or a cohort.")
        if not lacking and self.cohort and "cohort" not in capabilities.saved_kinds:
            return NO_COHORTS
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

    def with_default(self, saved: tuple[str, str] | None) -> View:
        """This View, which has no conversion, with the one that was saved, if any, and its currency
        unless the View has one."""
        if not saved:
            return self
        return replace(self, conversion=saved[0], currency=self.currency or saved[1])

    def of_website(self, website: str) -> View:
        """This View of another website, without what only the first one has: filters, segment,
        cohort and conversion."""
        return replace(self.unfiltered(), website=website, conversion="", currency="")

    def of_period(self, period: Period) -> View:
        """This View of another period, without a comparison."""
        return replace(self, period=period, comparison="none", against=None, preset=CUSTOM)

    def filter_params(self, *, patterns: bool = True) -> tuple[tuple[str, str], ...]:
        """The parameter and text of every filter, with ``match``, ``segment`` and ``cohort``, in
        the newest generation's format.

        The text always names the operator (``("path", "eq./pricing")``), as a server would take
        part of a value such as ``t.co`` for one. Several filters of one field are numbered
        (``path``, ``path1``). ``patterns`` is that of ``Filter.param``.
        """
        params = params_of(self.filters, patterns=patterns)
        if self.match == "any" and len(self.filters) > 1:
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
            "week": [self.week_start] if self.week_start != "monday" else [],
            "filter": [text for filter_ in self.filters for text in filter_.texts()],
            "match": [self.match] if self.match == "any" else [],
            "segment": [self.segment] if self.segment else [],
            "cohort": [self.cohort] if self.cohort else [],
            "conversion": [self.conversion] if self.conversion else [],
            "conversion_currency": [self.currency] if self.currency else [],
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
        raise InvalidView(N_("A custom comparison needs its own dates."))
    else:
        before = period.moved(*view.against)
    return view.of_period(before)


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


def selected_period(view: View, first: datetime, last: datetime, now: datetime) -> View | None:
    """The View of a stretch of a chart: the buckets nearest to two naive local times, in any order.

    Buckets are whole, both included, except that a running one ends with the running hour at
    ``now`` (aware). Charts of minutes have no shorter stretch. Returns ``None`` for those, and for
    a stretch that has not begun or is not on the axis.
    """
    period, local = view.period, zone(view.period.timezone)
    if period.unit == "minute":
        return None
    starts, ends = period.buckets()
    first, last = sorted((first, last))
    if last < starts[0] - (ends[0] - starts[0]) or first > ends[-1]:
        return None
    stretch = pd.DatetimeIndex([first, last])
    from_bucket, to_bucket = map(int, starts.get_indexer(stretch, method="nearest"))
    start = as_instant(starts[from_bucket].to_pydatetime(), local)
    end = as_instant(ends[to_bucket].to_pydatetime(), local)
    end = min(end, hour_end(now.astimezone(local)).astimezone(UTC)) - MILLISECOND
    if start > now:
        return None
    return replace(view, period=with_unit(start, end, period.timezone, None), preset=CUSTOM)
