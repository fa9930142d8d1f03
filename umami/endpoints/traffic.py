"""A website's traffic."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal, get_args

from umami.endpoint import Effort, Freshness, RawQuery, endpoint
from umami.endpoints.params import buckets, for_view, uuid_of
from umami.errors import InvalidView
from umami.filters import FIELDS
from umami.models.records import array_of
from umami.models.traffic import Active, Groups, Ranking, Stats, Timeline, Value
from umami.view import View

Metric = Literal[
    "path",
    "entry",
    "exit",
    "title",
    "query",
    "referrer",
    "channel",
    "hostname",
    "tag",
    "event",
    "browser",
    "os",
    "device",
    "screen",
    "language",
    "country",
    "region",
    "city",
    "utmSource",
    "utmMedium",
    "utmCampaign",
    "utmContent",
    "utmTerm",
    "distinctId",
]
METRICS: tuple[Metric, ...] = get_args(Metric)


@endpoint("GET", "/websites/{website}/active", fresh=Freshness.LIVE, effort=Effort.LIGHT)
def active(website: str) -> RawQuery[Active]:
    """Visitors with any activity in the last five minutes."""
    return RawQuery(Active.read, path={"website": uuid_of(website)})


@endpoint("GET", "/websites/{website}/stats", fresh=Freshness.PERIOD, effort=Effort.LIGHT)
def stats(view: View) -> RawQuery[Stats]:
    """Views, visitors, visits, bounces and seconds on site.

    The comparison's totals come along only where Umami's own previous period is compared with;
    for any other comparison ask ``stats(view.compared())``.
    """
    compare = "prev" if view.comparison == "umami" else None
    return for_view(partial(Stats.read, compared=compare is not None), view, {"compare": compare})


@endpoint("GET", "/websites/{website}/pageviews", fresh=Freshness.PERIOD, effort=Effort.LIGHT)
def pageviews(view: View) -> RawQuery[Timeline]:
    """Views and sessions in each bucket of the period, none missing, in the View's zone."""
    return for_view(partial(Timeline.read, period=view.period), view, buckets(view))


@endpoint("GET", "/websites/{website}/metrics", fresh=Freshness.PERIOD)
def metrics(
    view: View, field: Metric, limit: int = 500, offset: int = 0, search: str | None = None
) -> RawQuery[Ranking]:
    """The values of a field, most frequent first; ``search`` keeps those that contain it.

    Counts are visitors, but times for ``event``, and for entry and exit on servers up to 2.18.
    """
    return for_view(
        partial(Ranking.read, measure="times" if field == "event" else "visitors"),
        view,
        _ranked(field, limit, offset, search),
    )


@endpoint(
    "GET",
    "/websites/{website}/metrics/expanded",
    fresh=Freshness.PERIOD,
    effort=Effort.HEAVY,
    since="3.0",
    subject="expanded metrics",
)
def groups(
    view: View, field: Metric, limit: int = 500, offset: int = 0, search: str | None = None
) -> RawQuery[Groups]:
    """The values of a field with the totals of each, most visitors first.

    2.x returns all totals for the fields of a breakdown, and visitors only for others.
    """
    return for_view(Groups.read, view, _ranked(field, limit, offset, search))


def _ranked(field: str, limit: int, offset: int, search: str | None) -> dict[str, Any]:
    if field not in METRICS:
        raise InvalidView(f"“{field}” cannot be ranked.")
    return {
        "type": field,
        "limit": limit,
        "offset": offset or None,
        "search": search,
    }


@endpoint("GET", "/websites/{website}/values", fresh=Freshness.PERIOD, filtered=False)
def values(view: View, field: str, search: str | None = None) -> RawQuery[tuple[Value, ...]]:
    """The ten most frequent values of a field in the period, whatever the filters.

    ``count`` is rows of any kind; ``search`` keeps values that contain it.
    """
    if field not in FIELDS:
        raise InvalidView(f"“{field}” is not a field to filter by.")
    return for_view(array_of(Value.read), view, {"type": field, "search": search})
