"""Analyses as 3.1 spells them: a POST each, its filters and parameters in the body.

Each takes its answer from a function that the GETs of 3.4 (``analyses``) share.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field

from umami.embedded import wire
from umami.embedded.filters import apply_filters
from umami.embedded.http import Call, Parameters, Routes, Text, Zone, from_milliseconds
from umami.embedded.parameters import UNITS, compared, one_of
from umami.embedded.queries.reports import goals as goal_queries
from umami.embedded.queries.reports import revenue as money
from umami.embedded.queries.reports.attribution import Model
from umami.embedded.queries.reports.attribution import attribution as attribution_query
from umami.embedded.queries.reports.breakdown import breakdown as breakdown_query
from umami.embedded.queries.reports.funnel import funnel as funnel_query
from umami.embedded.queries.reports.journey import journey as journey_query
from umami.embedded.queries.reports.retention import retention as retention_query
from umami.embedded.queries.reports.steps import Step
from umami.embedded.queries.reports.utm import utm_columns
from umami.embedded.scope import Scope, Unit, format_bucket
from umami.embedded.state import Umami
from umami.embedded.store import Store

routes = Routes()

LONGEST_WINDOW = 60 * 24 * 366
"""Minutes."""


def _date(value: Any) -> datetime:
    """A date as JavaScript reads it: ISO text or Unix milliseconds; naive UTC."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("Invalid date")
    if isinstance(value, int | float):
        if not 0 <= value <= 4_102_444_800_000:
            raise ValueError("Invalid date")
        return from_milliseconds(int(value))
    try:
        found = datetime.fromisoformat(value)
        found = found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    except (ValueError, OverflowError):
        raise ValueError("Invalid date") from None
    if not 1970 <= found.year <= 2100:
        raise ValueError("Invalid date")
    return found


Date = Annotated[datetime, BeforeValidator(_date)]
FIELDS = (
    *("path", "referrer", "title", "query", "os", "browser", "device", "country", "region"),
    *("city", "tag", "hostname", "language", "event", "distinctId"),
    *("utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm"),
)


def _listed(value: Any) -> Any:
    """A list, or its JSON text as a query has it."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("Invalid JSON") from None


class GivenStep(Parameters):
    """A page or an event."""

    type: Literal["path", "event"]
    value: Annotated[Text, Field(min_length=1)]

    @property
    def step(self) -> Step:
        """The step as queries know it."""
        return Step(self.type, self.value)


class Funnel(Parameters):
    """Steps, and the minutes that may lie between one and the next."""

    window: Annotated[int, Field(ge=1, le=LONGEST_WINDOW)]
    steps: Annotated[list[GivenStep], BeforeValidator(_listed), Field(min_length=2, max_length=8)]

    def answer(self, store: Store, scope: Scope) -> Any:
        """Visitors at each step; drop-off and what remains as fractions."""
        steps = [one.step for one in self.steps]
        visitors = funnel_query(store, scope, steps, self.window)
        return wire.funnel([(one.type, one.value) for one in self.steps], visitors)


class Retention(Parameters):
    """The zone whose days are meant."""

    timezone: Zone = "UTC"

    def answer(self, store: Store, scope: Scope) -> Any:
        """Cohorts by local day, and who of them came back."""
        return wire.cohorts(retention_query(store, scope, self.timezone))


class Utm(Parameters):
    """Nothing is to be said."""

    def answer(self, store: Store, scope: Scope) -> Any:
        """Lists of values with their pageviews, by parameter."""
        return {
            name: [{"utm": value, "views": views} for value, views in values]
            for name, values in utm_columns(store, scope).items()
        }


class Goal(GivenStep):
    """What is to be reached."""

    def answer(self, store: Store, scope: Scope) -> Any:
        """How many reached it, of how many."""
        num, total = goal_queries.reached(store, scope, self.step)
        return {"num": num, "total": total}


class Journey(Parameters):
    """How many steps, and what the first and the last of them must be."""

    steps: Annotated[int, Field(ge=2, le=wire.JOURNEY_SLOTS)]
    startStep: Text | None = None
    endStep: Text | None = None
    eventType: Annotated[int, Field(ge=1, le=5)] | None = None

    def answer(self, store: Store, scope: Scope) -> Any:
        """The most frequent beginnings of visits, padded as Umami pads them."""
        types = () if self.eventType is None else (self.eventType,)
        paths = journey_query(store, scope, self.steps, self.startStep, self.endStep, types)
        return wire.journeys(paths, self.steps)


class Breakdown(Parameters):
    """Fields."""

    fields: Annotated[
        list[Annotated[str, one_of(FIELDS, "Unknown field")]],
        BeforeValidator(_listed),
        Field(min_length=1, max_length=len(FIELDS)),
    ]

    def answer(self, store: Store, scope: Scope) -> Any:
        """Totals for each combination of the fields."""
        names = list(dict.fromkeys(self.fields))
        return [
            {
                "views": Decimal(row["views"]),
                "visitors": row["visitors"],
                "visits": row["visits"],
                "bounces": row["bounces"],
                "totaltime": Decimal(row["seconds"]),
                **{name: row[name] for name in names},
            }
            for row in breakdown_query(store, scope, names, by="visitors")
        ]


class InCurrency(Parameters):
    """Money in one currency: any text, which is compared with what was sent in upper case. Small
    letters match nothing, as on 3.1."""

    currency: Annotated[Text, Field(min_length=1)]


class Revenue(InCurrency):
    """Also over which unit of time, by which clock, and with what it is compared."""

    unit: Annotated[str, one_of(UNITS, "Invalid unit")] = "day"
    timezone: Zone = "UTC"
    compare: Annotated[str, one_of(("prev", "yoy"), "Invalid option")] | None = None

    def answer(self, store: Store, scope: Scope) -> Any:
        """Over time, in all and compared, by place and by source."""
        rows = replace(scope, without_bounces=False)
        before = compared(rows, rows.start, rows.end, self.compare)
        return {
            "chart": chart(store, rows, self),
            "total": {
                **total(store, rows, self.currency),
                "comparison": total(store, before, self.currency),
            },
            **{part: by_part(store, rows, self.currency, part) for part in PARTS},
        }


PARTS: tuple[money.Part, ...] = ("country", "region", "referrer", "channel")


def chart(store: Store, scope: Scope, asked: Revenue) -> Any:
    """What each event earned over time."""
    unit: Unit = next(one for one in UNITS if one == asked.unit)
    return [
        {"x": one.event, "t": format_bucket(one.start), "y": one.amount, "count": one.count}
        for one in money.earnings(store, scope, asked.currency, unit, asked.timezone)
    ]


def total(store: Store, scope: Scope, currency: str) -> dict[str, Any]:
    """The sum, the events and sessions it came from, and what that is for each."""
    found = money.earned(store, scope, currency)
    amount = float(found.amount or 0)
    return {
        "sum": found.amount,
        "count": found.events,
        "unique_count": found.sessions,
        "total_sessions": found.of_sessions,
        "average": amount / found.events if found.events else 0,
        "arpu": amount / found.of_sessions if found.of_sessions else 0,
    }


def by_part(store: Store, scope: Scope, currency: str, part: money.Part) -> Any:
    """Amounts by country, region, referrer or channel."""
    return [
        {**({"country": country} if part == "region" else {}), "name": name, "value": amount}
        for name, country, amount in money.earned_by(store, scope, currency, part)
    ]


class Attribution(Parameters):
    """A model, and the conversion; a currency has no effect, as on 3.1."""

    model: Model
    type: Literal["path", "event"]
    step: Annotated[Text, Field(min_length=1)]
    currency: Text | None = None

    def answer(self, store: Store, scope: Scope) -> Any:
        """What the conversions are credited to."""
        found = attribution_query(store, scope, self.model, Step(self.type, self.step))
        parts = {
            part: [{"name": name, "value": value} for name, value in rows]
            for part, rows in found.parts.items()
        }
        total = {"pageviews": found.rows, "visitors": found.visitors, "visits": found.visits}
        return {**parts, "total": total}


class Dates(Parameters):
    """The range of an analysis."""

    startDate: Date
    endDate: Date


class Body(Parameters):
    """What every analysis is asked with; filters are texts as in queries."""

    websiteId: UUID
    filters: dict[str, Text | int | None]

    def scope(self, umami: Umami, start: datetime, end: datetime) -> Scope:
        """The rows that are asked about."""
        everything = Scope(self.websiteId, start, end, definitions=umami.definitions)
        given = {name: str(text) for name, text in self.filters.items() if text is not None}
        return apply_filters(umami.store, everything, given)


class ZonedDates(Dates):
    """Most analyses have no clock; what they are told of one has no effect."""

    timezone: Zone | None = None


class FunnelParameters(Funnel, ZonedDates):
    """A funnel of a range."""


class RetentionParameters(Retention, Dates):
    """The retention of a range."""


class UtmParameters(Utm, ZonedDates):
    """The campaigns of a range."""


class GoalParameters(Goal, ZonedDates):
    """A goal of a range."""


class JourneyParameters(Journey, ZonedDates):
    """The journeys of a range."""


class BreakdownParameters(Breakdown, ZonedDates):
    """The breakdown of a range."""


class RevenueParameters(Revenue, Dates):
    """The revenue of a range."""


class AttributionParameters(Attribution, ZonedDates):
    """The attribution of a range."""


class FunnelBody(Body):
    type: Literal["funnel"]
    parameters: FunnelParameters


class RetentionBody(Body):
    type: Literal["retention"]
    parameters: RetentionParameters


class UtmBody(Body):
    type: Literal["utm"]
    parameters: UtmParameters


class GoalBody(Body):
    type: Literal["goal"]
    parameters: GoalParameters


class JourneyBody(Body):
    type: Literal["journey"]
    parameters: JourneyParameters


class BreakdownBody(Body):
    type: Literal["breakdown"]
    parameters: BreakdownParameters


class RevenueBody(Body):
    type: Literal["revenue"]
    parameters: RevenueParameters


class AttributionBody(Body):
    type: Literal["attribution"]
    parameters: AttributionParameters


BODIES = {
    "funnel": FunnelBody,
    "retention": RetentionBody,
    "utm": UtmBody,
    "goal": GoalBody,
    "journey": JourneyBody,
    "breakdown": BreakdownBody,
    "revenue": RevenueBody,
    "attribution": AttributionBody,
}


def _answer(call: Call[Any]) -> Any:
    given = call.params.parameters
    scope = call.params.scope(call.umami, given.startDate, given.endDate)
    return in_text(given.answer(call.umami.store, scope))


for _kind, _body in BODIES.items():
    routes("POST", f"/reports/{_kind}", _body)(_answer)


def in_text(value: Any) -> Any:
    """An answer with what a database sums up as text, without the zeros of a fixed scale."""
    if isinstance(value, dict):
        return {name: in_text(one) for name, one in value.items()}
    if isinstance(value, list):
        return [in_text(one) for one in value]
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value
