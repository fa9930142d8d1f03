"""Analyses as 3.4 spells them: GETs under the website, its filters in the query."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from umami.embedded import wire
from umami.embedded.http import Call, Routes, Text
from umami.embedded.parameters import Ranged, compared, one_of, scope
from umami.embedded.queries.reports.utm import UTM
from umami.embedded.routes import reports

routes = Routes()


class Funnel(reports.Funnel, Ranged):
    """A funnel; the steps are JSON text."""


class Retention(Ranged):
    """The zone of the days is the query's."""

    def answer(self, store: Any, rows: Any) -> Any:
        """Cohorts by local day, and who of them came back."""
        return reports.Retention(timezone=self.zone).answer(store, rows)


class Goal(reports.Goal, Ranged):
    """A goal."""


class Journey(Ranged):
    """How many steps, and what the first and the last of them must be."""

    steps: Annotated[int, Field(ge=2, le=wire.JOURNEY_SLOTS)]
    startStep: Text | None = None
    endStep: Text | None = None


class Breakdown(reports.Breakdown, Ranged):
    """Fields, as JSON text."""


class Attribution(reports.Attribution, Ranged):
    """A model and a conversion."""


class Tagged(Ranged):
    """One UTM parameter."""

    type: Annotated[str, one_of(UTM, "Invalid type")]


class Money(reports.InCurrency, Ranged):
    """Money in one currency."""


class MoneyBy(Money):
    """By what."""

    type: Annotated[str, one_of(reports.PARTS, "Invalid type")]


def _answer(call: Call[Any]) -> Any:
    return reports.in_text(call.params.answer(call.umami.store, scope(call)))


ROUTED: dict[str, Any] = {
    "funnels/stats": Funnel,
    "retention": Retention,
    "goals/stats": Goal,
    "breakdown": Breakdown,
    "attribution": Attribution,
}
for _path, _asked in ROUTED.items():
    routes("GET", f"/websites/{{website_id}}/{_path}", _asked)(_answer)


@routes("GET", "/websites/{website_id}/journeys", Journey)
def journeys(call: Call[Journey]) -> Any:
    """The most frequent beginnings of visits; the filter by type is the query's own."""
    asked = call.params
    given = reports.Journey(steps=asked.steps, startStep=asked.startStep, endStep=asked.endStep)
    return given.answer(call.umami.store, scope(call))


@routes("GET", "/websites/{website_id}/utm/metrics", Tagged)
def utm(call: Call[Tagged]) -> Any:
    """Values of one parameter with their pageviews."""
    return reports.Utm().answer(call.umami.store, scope(call))[call.params.type]


@routes("GET", "/websites/{website_id}/revenue/chart", Money)
def revenue_chart(call: Call[Money]) -> Any:
    """What each event earned over time."""
    asked = call.params
    given = reports.Revenue(currency=asked.currency, unit=asked.unit or "day", timezone=asked.zone)
    return reports.in_text({"chart": reports.chart(call.umami.store, _rows(call), given)})


@routes("GET", "/websites/{website_id}/revenue/stats", Money)
def revenue_stats(call: Call[Money]) -> Any:
    """The sum and what it came from, also of the range before."""
    asked, store, rows = call.params, call.umami.store, _rows(call)
    before = compared(rows, asked.start, asked.end, asked.compare)
    return reports.in_text(
        {
            **reports.total(store, rows, asked.currency),
            "comparison": reports.total(store, before, asked.currency),
        }
    )


@routes("GET", "/websites/{website_id}/revenue/metrics", MoneyBy)
def revenue_metrics(call: Call[MoneyBy]) -> Any:
    """Amounts by country, region, referrer or channel."""
    part = next(one for one in reports.PARTS if one == call.params.type)
    return reports.in_text(
        reports.by_part(call.umami.store, _rows(call), call.params.currency, part)
    )


def _rows(call: Call[Any]) -> Any:
    return replace(scope(call), without_bounces=False)
