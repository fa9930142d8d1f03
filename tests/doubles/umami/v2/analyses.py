"""Analyses as 2.18 spells them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from tests.doubles.umami.v2.parameters import NAMES
from tests.doubles.umami.v2.queries import goals as goal_queries
from tests.doubles.umami.v2.queries import revenue as revenue_queries
from tests.doubles.umami.v2.queries.retention import retention as retention_query
from tests.doubles.umami.v2.queries.utm import utm as utm_query
from umami.embedded import wire
from umami.embedded.definitions import V3_1
from umami.embedded.http import Call, Parameters, Routes, Text, Zone
from umami.embedded.parameters import AnyUnit, one_of
from umami.embedded.queries.reports import Model, Step, conversion_counts
from umami.embedded.queries.reports import attribution as attribution_query
from umami.embedded.queries.reports import funnel as funnel_query
from umami.embedded.queries.reports import journey as journey_query
from umami.embedded.queries.totals import breakdown
from umami.embedded.refusals import BadRequest
from umami.embedded.routes.reports import LONGEST_WINDOW, Date
from umami.embedded.scope import Filter, Operator, Scope, format_bucket

routes = Routes()


class DateRange(Parameters):
    """The range of an analysis; ``num``, ``offset`` and ``value`` have no effect."""

    startDate: Date
    endDate: Date
    unit: AnyUnit = "day"
    num: Any = None
    offset: Any = None
    value: Any = None


class Analysis(Parameters):
    """What every analysis is asked with."""

    websiteId: UUID
    dateRange: DateRange
    timezone: Zone = "UTC"

    @property
    def scope(self) -> Scope:
        """The rows of the range."""
        start, end = self.dateRange.startDate, self.dateRange.endDate
        return Scope(self.websiteId, start, end, definitions=V3_1)


class GivenStep(Parameters):
    """A step; what is no ``url`` is an event."""

    type: Text
    value: Annotated[Text, Field(min_length=1)]

    @property
    def step(self) -> Step:
        """The step as queries know it."""
        return Step("path" if self.type == "url" else "event", self.value)


class Funnel(Analysis):
    """Steps, and the minutes that may lie between one and the next."""

    window: Annotated[int, Field(ge=1, le=LONGEST_WINDOW)]
    steps: Annotated[list[GivenStep], Field(min_length=2, max_length=20)]


@routes("POST", "/reports/funnel", Funnel)
def funnel(call: Call[Funnel]) -> Any:
    """Visitors at each step; drop-off and what remains as fractions."""
    params = call.params
    steps = [step.step for step in params.steps]
    visitors = funnel_query(call.umami.store, params.scope, steps, params.window)
    return wire.funnel([(step.type, step.value) for step in params.steps], visitors)


class Zoned(Analysis):
    """An analysis whose days are those of a zone."""

    timezone: Zone


@routes("POST", "/reports/retention", Zoned)
def retention(call: Call[Zoned]) -> Any:
    """Cohorts by local day, and who of them came back."""
    params = call.params
    return retention_query(call.umami.store, params.scope, params.timezone)


@routes("POST", "/reports/utm", Analysis)
def utm(call: Call[Analysis]) -> Any:
    """Maps of value to pageviews, by parameter."""
    return utm_query(call.umami.store, call.params.scope)


class GivenGoal(Parameters):
    """A goal; ``event-data`` measures a property of an event."""

    type: Literal["url", "event", "event-data"]
    value: Annotated[Text, Field(min_length=1)]
    goal: Annotated[float, Field(allow_inf_nan=False)]
    operator: Literal["count", "sum", "average"] | None = None
    property: Text | None = None


class Goals(Analysis):
    """Goals, each with its target."""

    goals: Annotated[list[GivenGoal], Field(min_length=1, max_length=50)]


@routes("POST", "/reports/goals", Goals)
def goals(call: Call[Goals]) -> Any:
    """The goals with their results: pages first, then events, then event data."""
    store, scope = call.umami.store, call.params.scope
    answer = []
    for kind in ("url", "event", "event-data"):
        for goal in call.params.goals:
            if goal.type != kind:
                continue
            if goal.type != "event-data":
                step = Step("path" if goal.type == "url" else "event", goal.value)
                result = _number(goal_queries.times(store, scope, step))
            elif goal.operator is None or not goal.property:
                raise BadRequest("goals: operator and property are required for event-data")
            else:
                result = _number(
                    goal_queries.measured(store, scope, goal.value, goal.property, goal.operator)
                )
            answer.append({**goal.model_dump(exclude_none=True), "result": result})
    return answer


def _number(value: Decimal | float) -> int | float:
    return int(value) if value == int(value) else float(value)


class Journey(Analysis):
    """How many steps, and what the first and the last of them must be."""

    steps: Annotated[int, Field(ge=3, le=wire.JOURNEY_SLOTS)]
    startStep: Text | None = None
    endStep: Text | None = None


@routes("POST", "/reports/journey", Journey)
def journey(call: Call[Journey]) -> Any:
    """The most frequent beginnings of visits, padded as 2.x pads them."""
    params = call.params
    paths = journey_query(
        call.umami.store, params.scope, params.steps, params.startStep, params.endStep
    )
    return wire.journeys(paths, params.steps)


class GivenField(Parameters):
    """A field to break down by."""

    name: Annotated[str, one_of(NAMES, "Unknown field")]
    type: Text = ""
    label: Text = ""


class GivenFilter(Parameters):
    """A filter of an analysis, its operator spelled out."""

    name: Annotated[str, one_of(NAMES, "Unknown field")]
    type: Text = ""
    label: Text = ""
    operator: Operator
    value: Text


class Insights(Analysis):
    """Fields, and filters."""

    fields: Annotated[list[GivenField], Field(min_length=1, max_length=len(NAMES))]
    filters: Annotated[list[GivenFilter], Field(max_length=50)]


@routes("POST", "/reports/insights", Insights)
def insights(call: Call[Insights]) -> Any:
    """Totals for each combination of the fields."""
    params = call.params
    filters = [
        Filter(NAMES[filter_.name], filter_.operator, filter_.value) for filter_ in params.filters
    ]
    names = list(dict.fromkeys(field.name for field in params.fields))
    scope = params.scope.filtered(*filters)
    measures = ("views", "visitors", "visits", "bounces", "totaltime")
    columns = {**{name: name for name in measures}, **{name: NAMES[name] for name in names}}
    fields, order = [NAMES[name] for name in names], "sum(views) DESC, visitors DESC"
    rows = breakdown(call.umami.store, scope, fields, order)
    return [wire.renamed(row, columns) for row in rows]


class Revenue(Zoned):
    """Money in one currency."""

    currency: Annotated[Text, Field(min_length=1)]


@routes("POST", "/reports/revenue", Revenue)
def revenue(call: Call[Revenue]) -> Any:
    """Over time, by country, in all, and the sums of every currency."""
    params, store = call.params, call.umami.store
    sums = revenue_queries.totals(store, params.scope)
    mine = next((total for total in sums if total.currency == params.currency), None)
    chart = revenue_queries.chart(
        store, params.scope, params.currency, params.dateRange.unit, params.timezone
    )
    return {
        "chart": [
            {"x": name, "t": format_bucket(time), "y": amount} for name, time, amount in chart
        ],
        "country": [
            {"name": country, "value": amount}
            for country, amount in revenue_queries.countries(store, params.scope, params.currency)
        ],
        "total": {
            "sum": mine.amount if mine else None,
            "count": mine.events if mine else 0,
            "unique_count": mine.sessions if mine else 0,
        },
        "table": [
            {
                "currency": total.currency,
                "sum": total.amount,
                "count": total.events,
                "unique_count": total.sessions,
            }
            for total in sums
        ],
    }


class Currencies(Parameters):
    """A website and a range."""

    websiteId: UUID
    startDate: Date
    endDate: Date


@routes("GET", "/reports/revenue", Currencies)
def currencies(call: Call[Currencies]) -> Any:
    """The currencies that events named."""
    params = call.params
    scope = Scope(params.websiteId, params.startDate, params.endDate)
    return [
        {"currency": currency} for currency in revenue_queries.currencies(call.umami.store, scope)
    ]


class Attribution(Analysis):
    """A model, and the conversion: the first of the steps."""

    model: Literal["firstClick", "lastClick"]
    steps: Annotated[list[GivenStep], Field(min_length=1, max_length=20)]
    currency: Text | None = None


@routes("POST", "/reports/attribution", Attribution)
def attribution(call: Call[Attribution]) -> Any:
    """What the conversions are credited to: sessions, or money as text."""
    params = call.params
    model: Model = "first-click" if params.model == "firstClick" else "last-click"
    store, scope, step = call.umami.store, params.scope, params.steps[0].step
    if params.currency:
        credit = revenue_queries.credited_money(store, scope, model, step, params.currency)
    else:
        credit = attribution_query(store, scope, model, step)
    return {**credit, "total": conversion_counts(store, scope, step)}
