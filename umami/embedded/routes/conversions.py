"""What no Umami answers: conversions by visit, attribution, the steps around a page, tagged links
within a website, and parts of visits.

Filters keep whole visits.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, Json, model_validator

from umami.embedded.filters import FIELDS, check_rows, of_rows
from umami.embedded.http import EXTENSIONS, Call, Routes, Text
from umami.embedded.parameters import Bucketed, Filtered, one_of, scope
from umami.embedded.queries.attribution import credit
from umami.embedded.queries.conversions import CHANNEL, FIRST, TIME, by_field
from umami.embedded.queries.journeys import internal_tags, steps_around
from umami.embedded.queries.metrics import EXTREMES
from umami.embedded.queries.parts import parts_of_visits
from umami.embedded.queries.reports import Step, StepKind
from umami.embedded.store import Store

routes = Routes()

MOST_PARTS = 100
TYPES = (*(field for field in FIELDS if field != "event"), *EXTREMES, CHANNEL, TIME)
"""The fields to group by: those that views have."""


class Conversions(Bucketed):
    """The field to group by; the conversion, which is a step, or else any purchase in the currency;
    and the currency of the revenue. ``rows`` are the filters of a group or channel."""

    by_visit: ClassVar[bool] = False
    type: Annotated[str, one_of(TYPES, "Invalid type")] | None = None
    goal: StepKind | None = None
    value: Annotated[Text, Field(min_length=1)] | None = None
    rows: Json[dict[str, Text]] = Field(default_factory=dict)
    currency: Annotated[Text, Field(min_length=1)] | None = None
    limit: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    @model_validator(mode="after")
    def _complete(self) -> Conversions:
        if bool(self.goal) != bool(self.value):
            raise ValueError("A goal needs a value, and a value a goal")
        check_rows(self.goal, self.rows)
        return self

    def step(self, store: Store) -> Step | None:
        """The step that is the conversion, if any. Raises ``BadRequest``."""
        rows = of_rows(store, self.rows) if self.rows else ()
        return Step(self.goal, self.value, rows) if self.goal and self.value else None


@routes("GET", f"{EXTENSIONS}/websites/{{website_id}}/conversions", Conversions)
def conversions(call: Call[Conversions]) -> Any:
    """Return visitors, visits, bounces, time, conversions and revenue by the values of a field."""
    params = call.params
    return by_field(
        call.umami.store,
        scope(call),
        params.type,
        params.step(call.umami.store),
        params.currency,
        buckets=(params.answered_unit, params.zone),
        limit=params.limit,
        offset=params.offset,
    )


class Credit(Conversions):
    """Conversions by a field that puts each visit in one group."""

    type: Annotated[str, one_of((*FIRST, CHANNEL), "Invalid type")]


@routes("GET", f"{EXTENSIONS}/websites/{{website_id}}/credit", Credit)
def credited(call: Call[Credit]) -> Any:
    """Return conversions and revenue by the values of a field and by models of attribution."""
    params, store = call.params, call.umami.store
    step = params.step(store)
    return credit(store, scope(call), params.type, step, params.currency, params.limit)


class StepsAround(Filtered):
    """The page, whether custom events are steps, and the maximum number of different steps on
    either side."""

    by_visit: ClassVar[bool] = False
    around: Annotated[Text, Field(min_length=1)]
    events: Literal["true", "false"] = "true"
    limit: Annotated[int, Field(ge=1, le=1_000_000)] = 500


@routes("GET", f"{EXTENSIONS}/websites/{{website_id}}/steps", StepsAround)
def steps(call: Call[StepsAround]) -> Any:
    """Return what visits did right before and right after their first view of a page."""
    params, store = call.params, call.umami.store
    events = params.events == "true"
    return steps_around(store, scope(call), params.around, params.limit, events=events)


class InternalTags(Filtered):
    """The maximum number of pairs of pages."""

    by_visit: ClassVar[bool] = False
    limit: Annotated[int, Field(ge=1, le=1_000_000)] = 500


@routes("GET", f"{EXTENSIONS}/websites/{{website_id}}/internal-tags", InternalTags)
def tagged_links(call: Call[InternalTags]) -> Any:
    """Return the pairs of pages between which visits followed a link with UTM tags."""
    return internal_tags(call.umami.store, scope(call), call.params.limit)


class PartsOfVisits(Filtered):
    """The filters, by their names, of each part in order, what parts consist of, and fields to
    group them by."""

    by_visit: ClassVar[bool] = False
    parts: Json[Annotated[list[dict[Text, Text]], Field(min_length=1, max_length=MOST_PARTS)]]
    of: Literal["rows", "visits"] = "rows"
    fields: Json[
        Annotated[list[Annotated[str, one_of(FIELDS, "Invalid field")]], Field(max_length=10)]
    ]


@routes("GET", f"{EXTENSIONS}/websites/{{website_id}}/parts", PartsOfVisits)
def parts(call: Call[PartsOfVisits]) -> Any:
    """Return the totals of each part, and by the fields, of the visits that pass the filters."""
    store, params = call.umami.store, call.params
    filters = [of_rows(store, part) for part in params.parts]
    fields = list(dict.fromkeys(params.fields))
    return parts_of_visits(store, scope(call), filters, fields, of_visits=params.of == "visits")
