"""Sessions, which is what Umami calls visitors, and what is known of them."""

from __future__ import annotations

from functools import partial
from typing import Any, get_args

from umami.endpoint import Effort, Freshness, RawQuery, endpoint
from umami.endpoints.params import buckets, choice, for_view, paging, uuid_of
from umami.models.events import (
    NumericMetric,
    NumericSeries,
    NumericStats,
    Property,
    PropertySeries,
    PropertyValue,
)
from umami.models.records import Page, array_of, paged
from umami.models.sessions import (
    PropertyStats,
    Rhythm,
    Session,
    SessionProperty,
    SessionStats,
    Step,
)
from umami.view import View


@endpoint("GET", "/websites/{website}/sessions", fresh=Freshness.PERIOD, since="2.13")
def sessions(
    view: View, page: int = 1, page_size: int = 20, search: str | None = None
) -> RawQuery[Page[Session]]:
    """Sessions of the period, latest first; ``search`` looks in id, city, browser, OS, device."""
    return for_view(paged(Session.read), view, paging(page, page_size, search))


@endpoint(
    "GET",
    "/websites/{website}/sessions/stats",
    fresh=Freshness.PERIOD,
    effort=Effort.LIGHT,
    since="2.13",
)
def session_stats(view: View) -> RawQuery[SessionStats]:
    """Rows, visitors, visits, countries and custom events of the period."""
    return for_view(SessionStats.read, view)


@endpoint("GET", "/websites/{website}/sessions/weekly", fresh=Freshness.PERIOD, since="2.13")
def weekly(view: View) -> RawQuery[Rhythm]:
    """Visitors by weekday and hour of the View's zone."""
    return for_view(Rhythm.read, view, {"timezone": view.period.timezone})


@endpoint(
    "GET",
    "/websites/{website}/sessions/{session}",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="2.13",
)
def session(website: str, session: str) -> RawQuery[Session]:
    """One session over its whole life; raises ``NotFound`` (or ``ServerFault`` on 2.x)."""
    return RawQuery(
        Session.read,
        path={"website": uuid_of(website), "session": uuid_of(session, "session")},
    )


@endpoint(
    "GET",
    "/websites/{website}/sessions/{session}/activity",
    fresh=Freshness.PERIOD,
    since="2.13",
    filtered=False,
)
def activity(view: View, session: str) -> RawQuery[tuple[Step, ...]]:
    """What a session did in the period, newest first, 500 steps at most. Takes no filters."""
    return for_view(array_of(Step.read), view, session=uuid_of(session, "session"))


@endpoint(
    "GET",
    "/websites/{website}/sessions/{session}/properties",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="2.13",
)
def session_properties(website: str, session: str) -> RawQuery[tuple[SessionProperty, ...]]:
    """The properties that identify gave a session."""
    return RawQuery(
        array_of(SessionProperty.read),
        path={"website": uuid_of(website), "session": uuid_of(session, "session")},
    )


@endpoint(
    "GET", "/websites/{website}/session-data/properties", fresh=Freshness.PERIOD, since="2.13"
)
def session_data_properties(view: View) -> RawQuery[tuple[Property, ...]]:
    """Session properties and how many sessions have them, most frequent first."""
    return for_view(array_of(Property.read), view)


@endpoint("GET", "/websites/{website}/session-data/values", fresh=Freshness.PERIOD, since="2.13")
def session_data_values(view: View, name: str) -> RawQuery[tuple[PropertyValue, ...]]:
    """Values of one session property, most frequent first; 2.19 to 2.20 answer a fault."""
    return for_view(array_of(PropertyValue.read), view, {"propertyName": name})


@endpoint(
    "GET",
    "/websites/{website}/session-data/stats",
    fresh=Freshness.PERIOD,
    effort=Effort.HEAVY,
    since="3.2",
    subject="figures of session properties",
)
def session_data_stats(view: View, name: str) -> RawQuery[PropertyStats]:
    """What the sessions with each value of one session property did, most active first."""
    return for_view(PropertyStats.read, view, {**_property(name), **buckets(view)})


@endpoint(
    "GET",
    "/websites/{website}/session-data/numeric-stats",
    fresh=Freshness.PERIOD,
    since="3.2",
    subject="figures of session properties",
)
def session_data_numeric_stats(view: View, name: str) -> RawQuery[NumericStats]:
    """Sum, average, median, least and largest number of one session property."""
    return for_view(NumericStats.read, view, _property(name))


@endpoint(
    "GET",
    "/websites/{website}/session-data/numeric-series",
    fresh=Freshness.PERIOD,
    since="3.2",
    subject="series of session properties",
)
def session_data_numeric_series(
    view: View, name: str, metric: NumericMetric = "sum"
) -> RawQuery[NumericSeries]:
    """The numbers of one session property, in the bucket in which each was set. What the sessions
    of the period had set before it is left out."""
    return for_view(
        partial(NumericSeries.read, period=view.period, metric=metric, clip=True),
        view,
        {
            **_property(name),
            **buckets(view),
            "metric": choice(metric, get_args(NumericMetric), "a metric of numbers"),
        },
    )


@endpoint(
    "GET",
    "/websites/{website}/session-data/property-series",
    fresh=Freshness.PERIOD,
    since="3.2",
    subject="series of session properties",
)
def session_data_property_series(view: View, name: str) -> RawQuery[PropertySeries]:
    """The values of one session property, in the bucket in which each was set; texts and booleans
    only. What the sessions of the period had set before it is left out."""
    return for_view(
        partial(PropertySeries.read, period=view.period, clip=True),
        view,
        {**_property(name), **buckets(view)},
    )


def _property(name: str) -> dict[str, Any]:
    return {"propertyName": name}
