"""Sessions, which is what Umami calls visitors, and what is known of them."""

from __future__ import annotations

from functools import partial
from typing import Any, get_args

from umami.endpoint import Effort, Freshness, RawQuery, endpoint
from umami.endpoints.spelling import identified, known, over_time, ranged
from umami.models.events import (
    NumericMetric,
    NumericSeries,
    NumericStats,
    Property,
    PropertySeries,
    PropertyValue,
    properties,
    property_values,
)
from umami.models.paging import Page, paged
from umami.models.sessions import (
    PropertyStats,
    Rhythm,
    Session,
    SessionProperty,
    SessionStats,
    Step,
)
from umami.models.sessions import (
    activity as read_activity,
)
from umami.models.sessions import (
    session_properties as read_session_properties,
)
from umami.view import View


@endpoint("GET", "/websites/{website}/sessions", fresh=Freshness.PERIOD, since="2.13")
def sessions(
    view: View, page: int = 1, page_size: int = 20, search: str | None = None
) -> RawQuery[Page[Session]]:
    """Sessions of the period, latest first; ``search`` looks in id, city, browser, OS, device."""
    return RawQuery(
        paged(Session.read),
        path={"website": identified(view.website)},
        query={**ranged(view), "page": page, "pageSize": page_size, "search": search},
        until=view.period.end,
    )


@endpoint(
    "GET",
    "/websites/{website}/sessions/stats",
    fresh=Freshness.PERIOD,
    effort=Effort.LIGHT,
    since="2.13",
)
def session_stats(view: View) -> RawQuery[SessionStats]:
    """Rows, visitors, visits, countries and custom events of the period."""
    return RawQuery(
        SessionStats.read,
        path={"website": identified(view.website)},
        query=ranged(view),
        until=view.period.end,
    )


@endpoint("GET", "/websites/{website}/sessions/weekly", fresh=Freshness.PERIOD, since="2.13")
def weekly(view: View) -> RawQuery[Rhythm]:
    """Visitors by weekday and hour of the View's zone."""
    return RawQuery(
        Rhythm.read,
        path={"website": identified(view.website)},
        query={**ranged(view), "timezone": view.period.timezone},
        until=view.period.end,
    )


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
        path={"website": identified(website), "session": identified(session, "session")},
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
    return RawQuery(
        read_activity,
        path={"website": identified(view.website), "session": identified(session, "session")},
        query=ranged(view),
        until=view.period.end,
    )


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
        read_session_properties,
        path={"website": identified(website), "session": identified(session, "session")},
    )


@endpoint(
    "GET", "/websites/{website}/session-data/properties", fresh=Freshness.PERIOD, since="2.13"
)
def session_data_properties(view: View) -> RawQuery[tuple[Property, ...]]:
    """Session properties and how many sessions have them, most frequent first."""
    return RawQuery(
        properties,
        path={"website": identified(view.website)},
        query=ranged(view),
        until=view.period.end,
    )


@endpoint("GET", "/websites/{website}/session-data/values", fresh=Freshness.PERIOD, since="2.13")
def session_data_values(view: View, name: str) -> RawQuery[tuple[PropertyValue, ...]]:
    """Values of one session property, most frequent first; 2.19 to 2.20 answer a fault."""
    return RawQuery(
        property_values,
        path={"website": identified(view.website)},
        query={**ranged(view), "propertyName": name},
        until=view.period.end,
    )


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
    return RawQuery(
        PropertyStats.read,
        path={"website": identified(view.website)},
        query={**_property(view, name), **over_time(view)},
        until=view.period.end,
    )


@endpoint(
    "GET",
    "/websites/{website}/session-data/numeric-stats",
    fresh=Freshness.PERIOD,
    since="3.2",
    subject="figures of session properties",
)
def session_data_numeric_stats(view: View, name: str) -> RawQuery[NumericStats]:
    """Sum, average, median, least and largest number of one session property."""
    return RawQuery(
        NumericStats.read,
        path={"website": identified(view.website)},
        query=_property(view, name),
        until=view.period.end,
    )


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
    return RawQuery(
        partial(NumericSeries.read, period=view.period, metric=metric, clip=True),
        path={"website": identified(view.website)},
        query={
            **_property(view, name),
            **over_time(view),
            "metric": known(metric, get_args(NumericMetric), "a metric of numbers"),
        },
        until=view.period.end,
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
    return RawQuery(
        partial(PropertySeries.read, period=view.period, clip=True),
        path={"website": identified(view.website)},
        query={**_property(view, name), **over_time(view)},
        until=view.period.end,
    )


def _property(view: View, name: str) -> dict[str, Any]:
    return {**ranged(view), "propertyName": name}
