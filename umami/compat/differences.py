"""The differences that remain between the answers of servers of several generations.

A test compares every model of every generation and accepts no difference but these;
``docs/compatibility.md`` lists them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from umami.compat.generations import Generation
from umami.compat.workarounds import ALL, V2_18, V2_20, V3_0, V3_1, V3_2, until
from umami.endpoint import Query
from umami.filters import NEWER_FIELDS

Condition = Callable[[Query[Any]], bool]


@dataclass(frozen=True, slots=True)
class Difference:
    """What the answers of some generations do not have in common with those of the others."""

    endpoints: frozenset[str]
    generations: frozenset[Generation]
    reason: str
    members: frozenset[str]
    """The members of the model that differ; ``*`` where all may, or where there is no answer."""
    when: Condition
    """The queries that it applies to."""


def _difference(
    endpoints: str,
    generations: frozenset[Generation],
    reason: str,
    *,
    members: str = "*",
    when: Condition = lambda _: True,
) -> Difference:
    return Difference(
        frozenset(endpoints.split()), generations, reason, frozenset(members.split()), when
    )


def _field(*names: str) -> Condition:
    return lambda query: query.arguments["field"] in names


def _filtered(query: Query[Any]) -> bool:
    return bool(query.filters)


def _beyond_old_filters(query: Query[Any]) -> bool:
    """Several values, several filters of a field, “any”, patterns, newer fields."""
    view = query.view
    if view is None or not query.filters:
        return False
    fields = [filter_.field for filter_ in view.filters]
    return (
        any(len(f.values) > 1 or f.operator in ("re", "nre") for f in view.filters)
        or bool(NEWER_FIELDS & set(fields))
        or len(set(fields)) < len(fields)
        or (view.match == "any" and len(fields) > 1)
    )


def _filtered_by_goal(query: Query[Any]) -> bool:
    fields = [filter_.field for filter_ in query.view.filters] if query.view else []
    return query.arguments["kind"] in fields


def _by_hour(query: Query[Any]) -> bool:
    return query.view is not None and query.view.period.unit in ("minute", "hour")


FILTERED: Final = (
    "stats pageviews metrics groups series event_stats events sessions session_stats weekly "
    "event_data_events event_data_fields event_data_properties event_data_values event_data_stats "
    "session_data_properties session_data_values funnel retention utm goal journey breakdown "
    "revenue attribution currencies"
)
"""Endpoints that filters apply to."""
NOT_FILTERED_BY_2: Final = (
    "events sessions weekly event_data_events event_data_fields event_data_properties "
    "event_data_values event_data_stats session_data_properties session_data_values funnel "
    "retention utm journey revenue attribution currencies"
)
"""Those of them that 2.x does not filter."""

DIFFERENCES: Final = (
    _difference(
        "stats breakdown groups",
        until(V3_2),
        "Up to 3.2 a visit with one view is a bounce even where it has a custom event.",
        members="bounces",
    ),
    _difference(
        "groups",
        ALL - until(V3_2),
        "From 3.3.1 on, entry pages, exit pages and events have no bounces and seconds.",
        members="bounces seconds",
        when=_field("entry", "exit", "event"),
    ),
    _difference(
        "metrics groups",
        until(V3_2),
        "Up to 3.2 every view has a channel or none, and a visitor may count in several; later a "
        "visit has exactly one, `direct` and `llm` among them.",
        when=_field("channel"),
    ),
    _difference(
        "revenue revenue_stats revenue_chart revenue_metrics",
        until(V3_1),
        "Up to 3.1 filters select purchases; later they select visitors, and all their purchases "
        "count.",
        when=_filtered,
    ),
    _difference(
        "revenue revenue_metrics",
        until(V3_2),
        "Up to 3.2 the channels of revenue follow the older rules.",
        members="channels",
    ),
    _difference(
        "event_data_fields",
        until(V3_2),
        "From 3.3 on, properties are listed without their values.",
    ),
    _difference(
        "event_data_properties session_data_properties",
        until(V3_2),
        "Up to 3.2 the lists of properties do not contain their types.",
        members="type",
    ),
    _difference(
        "events sessions",
        until(V3_2),
        "From 3.3 on, lists are counted up to 10,000 rows only, and the page says so.",
        members="count capped",
    ),
    _difference(
        "sessions",
        until(V3_2),
        "Up to 3.2 the list does not contain the distinct ids of sessions.",
        members="distinct_id",
    ),
    _difference(
        "session activity",
        until(V3_2),
        "From 3.3 on, sessions that share a distinct id are stitched together.",
    ),
    _difference(
        FILTERED,
        until(V3_0),
        "Before 3.1 a filter has one value, a field one filter, filters are joined by “all”, and "
        "there are no patterns, UTM fields or distinct ids to filter by: such a View is refused.",
        when=_beyond_old_filters,
    ),
    _difference(
        NOT_FILTERED_BY_2,
        until(V2_20),
        "2.x ignores the filters of these without an error, so with filters they are refused.",
        when=_filtered,
    ),
    _difference(
        "goal",
        until(V2_20),
        "2.x takes one filter of a field, and a goal is sent as a filter: where the View is "
        "filtered by the same field, goals are refused.",
        when=_filtered_by_goal,
    ),
    _difference(
        "goal",
        frozenset({V3_0}),
        "3.0 takes one filter of a field: where the View is filtered by the goal’s field, the "
        "times are missing.",
        members="times",
        when=_filtered_by_goal,
    ),
    _difference(
        "goal",
        until(V3_0),
        "Before 3.1 goals have no wildcards: such are refused.",
        when=lambda query: "*" in str(query.arguments["value"]),
    ),
    _difference(
        "metrics groups",
        until(V3_0),
        "Before 3.1 there are no rankings by UTM fields or distinct id; UTM reports contain views.",
        when=_field(*NEWER_FIELDS),
    ),
    _difference(
        "metrics",
        until(V2_18),
        "Up to 2.18 entry and exit pages are ranked by visits, not by visitors.",
        when=_field("entry", "exit"),
    ),
    _difference(
        "metrics",
        until(V3_0),
        "Channels follow other rules: 2.x adds up visitors by source, has direct visits and does "
        "not name other websites; 3.0 does not name other websites either.",
        when=_field("channel"),
    ),
    _difference(
        "groups",
        until(V2_20),
        "2.x reports only the visitors of referrers, screens, channels, entry and exit pages.",
        members="views visits bounces seconds",
        when=_field("referrer", "screen", "channel", "entry", "exit"),
    ),
    _difference(
        "groups",
        until(V2_20),
        "2.x does not report the visitors of events, nor up to 2.18 those of entry and exit pages.",
        when=_field("event", "entry", "exit"),
    ),
    _difference(
        "weekly",
        until(V3_0),
        "Before 3.1 the weekly pattern counts visitors with any event, later those with a view.",
    ),
    _difference(
        "events sessions",
        until(V2_18),
        "Up to 2.18 lists end after the newest thousand rows, and the page says so.",
        members="count capped events",
    ),
    _difference(
        "values",
        ALL,
        "A search with a comma is a list of values: such are refused.",
        when=lambda query: "," in (query.arguments["search"] or ""),
    ),
    _difference(
        "sessions",
        frozenset({V2_20}),
        "2.19 and 2.20 list a session once, others once for each hostname it was on.",
    ),
    _difference(
        "sessions",
        frozenset({V3_0}),
        "Before 3.1 the list does not contain the custom events of a session.",
        members="events",
    ),
    _difference(
        "session",
        until(V2_18),
        "Up to 2.18 a session has one hostname, and only its activity there.",
        members="hostname",
    ),
    _difference(
        "session_data_values",
        frozenset({V2_20}),
        "2.19 and 2.20 fail to list the values of a session’s property.",
    ),
    _difference(
        "retention",
        until(V2_20),
        "2.x counts from the creation of the session, 3.x from the first visit in the period; they "
        "differ for visitors from before the period.",
    ),
    _difference(
        "revenue",
        until(V3_0),
        "Before 3.1 there is no revenue by region, referrer and channel.",
        members="regions referrers channels",
    ),
    _difference(
        "revenue",
        frozenset({V3_0}),
        "3.0 adds up revenue by days whatever unit is requested: there is no chart by hours.",
        members="chart",
        when=_by_hour,
    ),
    _difference(
        "attribution",
        until(V3_0),
        "Up to 3.0 attribution with a currency contains money as well; from 3.1 on visitors only.",
        members="amount",
    ),
    _difference(
        "realtime",
        until(V3_0),
        "Before 3.1 the log does not contain hostnames, which no page shows.",
        members="",
    ),
    _difference(
        "segments",
        until(V2_18),
        "Up to 2.18 there are no segments and cohorts; 2.19 and 2.20 filter by their names, which "
        "need not be unique, so they are not used as filters there.",
    ),
    _difference(
        "create_segment update_segment",
        until(V2_20),
        "2.x saves segments in another form: they are read and deleted, but not saved.",
    ),
    _difference(
        "website_charts",
        until(V3_2),
        "Before 3.3 the curve has the buckets of the period’s unit, later half days.",
        members="frame",
    ),
    _difference(
        "revenue_metrics",
        until(V3_0),
        "Before 3.1 there is no revenue by region, referrer and channel: such are refused.",
        when=lambda query: query.arguments["by"] != "country",
    ),
    _difference(
        "revenue_chart",
        frozenset({V3_0}),
        "3.0 adds up revenue by days whatever unit is requested: by hours it is refused.",
        when=_by_hour,
    ),
)


def differs(query: Query[Any], generation: Generation, other: Generation) -> Difference | None:
    """The known difference between the answers of two generations to a query, with the members of
    all differences that concern one of the two."""
    known = [
        difference
        for difference in DIFFERENCES
        if query.name in difference.endpoints
        and (generation in difference.generations) != (other in difference.generations)
        and difference.when(query)
    ]
    if not known:
        return None
    members = frozenset().union(*(difference.members for difference in known))
    return replace(known[0], members=members, when=lambda _: True)
