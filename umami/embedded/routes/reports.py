"""Analyses: a POST each as in 3.1, with filters and parameters in the body, and GETs below the
website as in 3.4, with filters in the query."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, Self, get_args
from uuid import UUID

from pydantic import BeforeValidator, Field, create_model, model_validator

from umami.embedded import wire
from umami.embedded.collect import UTM
from umami.embedded.filters import FIELDS, apply_filters, check_rows, of_rows
from umami.embedded.http import Call, Parameters, Routes, Text, Zone, from_milliseconds
from umami.embedded.parameters import AnyUnit, Ranged, compared, one_of, scope
from umami.embedded.queries import performance
from umami.embedded.queries import reports as queries
from umami.embedded.queries.totals import breakdown
from umami.embedded.scope import Scope, format_bucket
from umami.embedded.store import Store

routes = Routes()

LONGEST_WINDOW = 60 * 24 * 366
"""Minutes."""


def _date(value: Any) -> datetime:
    """Parse a date as JavaScript does, from ISO text or Unix milliseconds, into naive UTC."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 <= value <= 4_102_444_800_000:
            raise ValueError("Invalid date")
        return from_milliseconds(int(value))
    try:
        date = datetime.fromisoformat(value)
        date = date.astimezone(UTC).replace(tzinfo=None) if date.tzinfo else date
    except (TypeError, ValueError, OverflowError):
        raise ValueError("Invalid date") from None
    if not 1970 <= date.year <= 2100:
        raise ValueError("Invalid date")
    return date


Date = Annotated[datetime, BeforeValidator(_date)]


def _list(value: Any) -> Any:
    """Decode the JSON text of a list or an object, as it is in a query."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("Invalid JSON") from None


class StepParameters(Parameters):
    """A step; ``rows`` are the filters of a group or channel, which no Umami has."""

    type: queries.StepKind
    value: Annotated[Text, Field(min_length=1)]
    rows: Annotated[dict[str, Text], BeforeValidator(_list)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_rows(self.type, self.rows)
        return self

    def step(self, store: Store) -> queries.Step:
        """The step. Raises ``BadRequest``."""
        rows = of_rows(store, self.rows) if self.rows else ()
        return queries.Step(self.type, self.value, rows)


class Funnel(Parameters):
    """The steps, and the minutes that may pass between two steps."""

    window: Annotated[int, Field(ge=1, le=LONGEST_WINDOW)]
    steps: Annotated[
        list[StepParameters], BeforeValidator(_list), Field(min_length=2, max_length=8)
    ]

    def answer(self, store: Store, scope: Scope) -> Any:
        """Return the visitors at each step."""
        steps = [step.step(store) for step in self.steps]
        visitors = queries.funnel(store, scope, steps, self.window)
        return wire.funnel([(step.type, step.value) for step in self.steps], visitors)


class Retention(Parameters):
    """The time zone of the days."""

    timezone: Zone = "UTC"

    def answer(self, store: Store, scope: Scope) -> Any:
        """Return cohorts by local day, and how many of their sessions returned."""
        return queries.retention(store, scope, self.timezone)


class Utm(Parameters):
    def answer(self, store: Store, scope: Scope) -> Any:
        """Return lists of values with their page views, by UTM parameter."""
        return {name: queries.utm_columns(store, scope, name) for name in UTM}


class Goal(StepParameters):
    def answer(self, store: Store, scope: Scope) -> Any:
        """Return how many visitors reached the step, and the number of all visitors."""
        visitors = queries.reached(store, scope, self.step(store))
        return dict(zip(("num", "total"), visitors, strict=True))


class JourneySteps(Parameters):
    """The number of steps, and the first and the last of them."""

    steps: Annotated[int, Field(ge=2, le=wire.JOURNEY_SLOTS)]
    startStep: Text | None = None
    endStep: Text | None = None

    def answer(self, store: Store, scope: Scope, types: tuple[int, ...] = ()) -> Any:
        """Return the most frequent beginnings of visits, padded as in Umami."""
        paths = queries.journey(store, scope, self.steps, self.startStep, self.endStep, types)
        return wire.journeys(paths, self.steps)


class Journey(JourneySteps):
    eventType: Annotated[int, Field(ge=1, le=5)] | None = None

    def answer(self, store: Store, scope: Scope, types: tuple[int, ...] = ()) -> Any:
        """Return the most frequent beginnings of visits, in events of the type."""
        return super().answer(store, scope, (self.eventType,) if self.eventType else types)


class Breakdown(Parameters):
    fields: Annotated[
        list[Annotated[str, one_of(FIELDS, "Unknown field")]],
        BeforeValidator(_list),
        Field(min_length=1, max_length=len(FIELDS)),
    ]

    def answer(self, store: Store, scope: Scope) -> Any:
        """Return the totals of each combination of the fields."""
        return breakdown(store, scope, list(dict.fromkeys(self.fields)))


class InCurrency(Parameters):
    """A currency, which is compared with the sent currency in upper case. As on 3.1, a currency in
    lower case matches nothing."""

    currency: Annotated[Text, Field(min_length=1)]

    def totals(self, store: Store, here: Scope, before: Scope) -> dict[str, Any]:
        """Return the totals of the range and of the range before."""
        comparison = queries.revenue_totals(store, before, self.currency)
        return {**queries.revenue_totals(store, here, self.currency), "comparison": comparison}


class Revenue(InCurrency):
    """Also the unit and the time zone of the chart, and the range to compare with."""

    unit: AnyUnit = "day"
    timezone: Zone = "UTC"
    compare: Annotated[str, one_of(("prev", "yoy"), "Invalid option")] | None = None

    def answer(self, store: Store, scope: Scope) -> Any:
        """Return the revenue over time, in total and compared, by place and by source."""
        here, currency = scope.with_bounces(), self.currency
        before = compared(here, here.start, here.end, self.compare)
        return {
            "chart": queries.revenue_series(store, here, currency, self.unit, self.timezone),
            "total": self.totals(store, here, before),
            **{part: queries.revenue_by_part(store, here, currency, part) for part in PARTS},
        }


PARTS: tuple[queries.Part, ...] = get_args(queries.Part)


class Attribution(Parameters):
    """A model and the conversion; as on 3.1, a currency has no effect."""

    model: queries.Model
    type: Literal["path", "event"]
    step: Annotated[Text, Field(min_length=1)]
    currency: Text | None = None

    def answer(self, store: Store, scope: Scope) -> Any:
        """Return what the conversions are credited to."""
        step = queries.Step(self.type, self.step)
        parts = queries.attribution(store, scope, self.model, step)
        return {**parts, "total": queries.conversion_counts(store, scope, step)}


class Performance(Parameters):
    """The web vital, and the unit and the time zone of its chart."""

    metric: performance.Vital = "lcp"
    unit: AnyUnit = "day"
    timezone: Zone = "UTC"

    def answer(self, store: Store, scope: Scope) -> Any:
        """Return the percentiles of the vital over time and by field, and those of all vitals."""
        buckets = performance.over_time(store, scope, self.metric, self.unit, self.timezone)
        parts = {
            name: performance.by_field(store, scope, self.metric, field)
            for name, field in VITALS_BY.items()
        }
        return {
            "chart": [{**row, "t": format_bucket(row["t"])} for row in buckets],
            "summary": performance.totals(store, scope),
            **parts,
        }


VITALS_BY: dict[str, performance.VitalField] = {
    "pages": "path",
    "pageTitles": "title",
    "devices": "device",
    "browsers": "browser",
}


class Dates(Parameters):
    startDate: Date
    endDate: Date


class ZonedDates(Dates):
    """The range of an analysis without time zone; a sent time zone has no effect."""

    timezone: Zone | None = None


class Body(Parameters):
    """The body of a POST; ``type`` and ``parameters`` depend on the analysis, and the values of
    filters are the same texts as in queries."""

    by_visit: ClassVar[bool] = True
    websiteId: UUID
    filters: dict[str, Text | int | None]


def _post(call: Call[Any]) -> Any:
    body, store = call.params, call.umami.store
    filters = {name: str(value) for name, value in body.filters.items() if value is not None}
    start, end = body.parameters.startDate, body.parameters.endDate
    everything = Scope(
        body.websiteId,
        start,
        end,
        whole_visits=call.whole_visits,
        definitions=call.umami.definitions,
    )
    return body.parameters.answer(store, apply_filters(store, everything, filters))


def _get(call: Call[Any]) -> Any:
    return call.params.answer(call.umami.store, scope(call))


_POSTS: dict[str, type[Parameters]] = {
    "funnel": Funnel,
    "retention": Retention,
    "utm": Utm,
    "goal": Goal,
    "journey": Journey,
    "breakdown": Breakdown,
    "revenue": Revenue,
    "attribution": Attribution,
    "performance": Performance,
}
for _kind, _analysis in _POSTS.items():
    _dates = Dates if "timezone" in _analysis.model_fields else ZonedDates
    _parameters = create_model(f"{_analysis.__name__}Parameters", __base__=(_analysis, _dates))
    _fields: dict[str, Any] = {"type": (Literal[_kind], ...), "parameters": (_parameters, ...)}
    _body = create_model(f"{_analysis.__name__}Body", __base__=Body, **_fields)
    routes("POST", f"/reports/{_kind}", _body)(_post)

_GETS: dict[str, type[Parameters]] = {
    "funnels/stats": Funnel,
    "goals/stats": Goal,
    "journeys": JourneySteps,
    "breakdown": Breakdown,
    "attribution": Attribution,
}
for _path, _analysis in _GETS.items():
    _query = create_model(f"{_analysis.__name__}Query", __base__=(_analysis, Ranged))
    routes("GET", f"/websites/{{website_id}}/{_path}", _query)(_get)


class UtmQuery(Ranged):
    type: Annotated[str, one_of(UTM, "Invalid type")]


class RevenueQuery(InCurrency, Ranged):
    """Revenue in one currency."""


class RevenuePartQuery(RevenueQuery):
    type: Annotated[queries.Part, one_of(PARTS, "Invalid type")]


@routes("GET", "/websites/{website_id}/retention", Ranged)
def retention(call: Call[Ranged]) -> Any:
    """Return cohorts by local day in the time zone of the query."""
    return queries.retention(call.umami.store, scope(call), call.params.zone)


@routes("GET", "/websites/{website_id}/utm/metrics", UtmQuery)
def utm(call: Call[UtmQuery]) -> Any:
    """Return the values of one UTM parameter with their page views."""
    return queries.utm_columns(call.umami.store, scope(call), call.params.type)


@routes("GET", "/websites/{website_id}/revenue/chart", RevenueQuery)
def revenue_chart(call: Call[RevenueQuery]) -> Any:
    """Return the revenue of each event over time."""
    params, store, unit = call.params, call.umami.store, call.params.unit or "day"
    chart = queries.revenue_series(
        store, scope(call).with_bounces(), params.currency, unit, params.zone
    )
    return {"chart": chart}


@routes("GET", "/websites/{website_id}/revenue/stats", RevenueQuery)
def revenue_stats(call: Call[RevenueQuery]) -> Any:
    """Return the revenue of the range and of the range before."""
    params, here = call.params, scope(call).with_bounces()
    before = compared(here, params.start, params.end, params.compare)
    return params.totals(call.umami.store, here, before)


@routes("GET", "/websites/{website_id}/revenue/metrics", RevenuePartQuery)
def revenue_metrics(call: Call[RevenuePartQuery]) -> Any:
    """Return the revenue by country, region, referrer or channel."""
    params, here = call.params, scope(call).with_bounces()
    return queries.revenue_by_part(call.umami.store, here, params.currency, params.type)
