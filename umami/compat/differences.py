"""What servers of some generations answer otherwise than others, and all that is done about it.

The one list of differences that remain: a test compares every model of every generation and lets
nothing differ but these; ``docs/compatibility.md`` shows them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from umami.compat.generations import Generation
from umami.endpoint import Query
from umami.filters import NEWER_FIELDS

V2_18, V2_20, V3_0 = Generation.V2_18, Generation.V2_20, Generation.V3_0
UNTIL_2_18: Final = frozenset({V2_18})
UNTIL_2_20: Final = frozenset({V2_18, V2_20})
UNTIL_3_0: Final = frozenset({V2_18, V2_20, V3_0})


@dataclass(frozen=True, slots=True)
class Difference:
    """What some generations answer otherwise: which ``members`` of the model (``*``: all of them,
    or there is no answer), and why."""

    endpoints: frozenset[str]
    generations: frozenset[Generation]
    reason: str
    members: frozenset[str] = frozenset({"*"})
    when: Callable[[Query[Any]], bool] = lambda _question: True
    """For which questions."""


def _of(*names: str) -> frozenset[str]:
    return frozenset(names)


def _field(*names: str) -> Callable[[Query[Any]], bool]:
    return lambda question: question.arguments["field"] in names


def _narrowed(question: Query[Any]) -> bool:
    return bool(question.filters)


def _beyond_old_filters(question: Query[Any]) -> bool:
    """Several values, several filters of a field, "any", patterns, newer fields."""
    view = question.view
    if view is None or not question.filters:
        return False
    fields = [one.field for one in view.filters]
    return (
        any(len(one.values) > 1 or one.operator in ("re", "nre") for one in view.filters)
        or bool(NEWER_FIELDS & set(fields))
        or len(set(fields)) < len(fields)
        or (view.match == "any" and len(fields) > 1)
    )


def _wildcard(question: Query[Any]) -> bool:
    return "*" in str(question.arguments["value"])


V3_1: Final = Generation.V3_1
UNTIL_3_1: Final = UNTIL_3_0 | {V3_1}
UNTIL_3_2: Final = UNTIL_3_1 | {Generation.V3_2}
UNTIL_3_3: Final = UNTIL_3_2 | {Generation.V3_3}
FROM_3_3: Final = frozenset(Generation) - UNTIL_3_2
UNTOLD_GROUPS: Final = ("entry", "exit", "event")
"""Fields whose groups no breakdown tells."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What some generations lack or get wrong, and how it is had all the same."""

    endpoints: frozenset[str]
    generations: frozenset[Generation]
    reason: str


MADE_GOOD: Final = (
    Repair(
        _of("metrics"),
        UNTIL_2_18,
        "Pages, titles, queries and tags are ranked by views; a breakdown tells their visitors "
        "(of the 500 values with most views).",
    ),
    Repair(
        _of("metrics", "groups"),
        UNTIL_3_0,
        "`shop.example` counts as a referrer of `www.shop.example`; how often it is one of other "
        "hosts is asked apart.",
    ),
    Repair(
        _of("attribution"),
        UNTIL_3_0,
        "The website is credited as its own referrer by way of its `www.`; left out where it has "
        "that one name.",
    ),
    Repair(
        _of("metrics", "groups"),
        UNTIL_3_0,
        "Rows without a value take the place of others in a limited list; more is asked, and they "
        "are left out.",
    ),
    Repair(
        _of("metrics"),
        UNTIL_2_20,
        "Languages are summed up after the limit and not ordered anew; all are asked.",
    ),
    Repair(
        _of("groups"),
        UNTIL_2_20,
        "There are no expanded metrics; a breakdown tells the same where it has the field.",
    ),
    Repair(
        _of("goal"),
        UNTIL_2_20,
        "Goals count times; stats with the goal as a filter tell the visitors.",
    ),
    Repair(
        _of("goal"),
        frozenset(Generation) - UNTIL_2_20,
        "Goals count visitors; session stats with the goal as a filter tell the times. 3.0 takes "
        "only visitors with something of the goal’s kind for all; session stats tell all.",
    ),
    Repair(
        _of("event_stats"),
        UNTIL_3_0,
        "There are no event stats; session stats of rows with an event’s name tell them.",
    ),
    Repair(
        _of("event_data_events"),
        frozenset({V3_0, V3_1, Generation.V3_2}),
        "Fails without an event up to 3.2, so every event is asked for its own.",
    ),
    Repair(
        _of("events"),
        frozenset({V3_0, V3_1, Generation.V3_2, Generation.V3_3}),
        "Up to 3.3.0 the search is compared with the whole text; wildcards make it a search again.",
    ),
    Repair(
        _of("events", "sessions", "metrics", "groups", "values", "revenue_sessions"),
        frozenset(Generation),
        "A search, and what a filter contains, is a `LIKE` pattern: `%`, `_` and `\\` are escaped. "
        "Umami Cloud looks for the text itself.",
    ),
    Repair(
        _of("goal", "funnel"),
        frozenset(Generation),
        "Beside a `*`, `%`, `_` and `\\` in a value are wildcards, too: they are escaped.",
    ),
    Repair(
        _of("groups"),
        FROM_3_3,
        "From 3.3.1 on, the list of a page field answers 0 for all bounces and seconds; a "
        "breakdown tells both for the 500 values with most visitors.",
    ),
    Repair(
        _of("activity"),
        FROM_3_3,
        "The figures of a session cover all sessions that share its distinct ids; the activity of "
        "all of them is asked for.",
    ),
    Repair(
        _of("event_data_values"),
        FROM_3_3,
        "`event` is a filter beside `eventName`, which is the name; only the name is sent.",
    ),
    Repair(
        _of("funnel", "retention", "goal", "journey", "breakdown", "attribution"),
        frozenset({Generation.V3_4, Generation.V3_5}),
        "Asked with GET under the website, and with POST where a server lacks that. UTM and "
        "revenue are asked with POST, which is one request instead of five or six, and with GET "
        "where that is gone.",
    ),
    Repair(
        _of("weekly"),
        frozenset({V3_0}),
        "Told in UTC whatever zone is asked; turned by the zone’s whole hours where they stay the "
        "same all through the period, refused where they do not.",
    ),
    Repair(
        _of("revenue"),
        UNTIL_3_0,
        "Visitors in all, which make revenue per visitor, are told by session stats.",
    ),
    Repair(
        _of("retention"),
        frozenset(Generation) - UNTIL_2_20,
        "With filters days before the cohort’s are counted, too, as negative ones; left out.",
    ),
    Repair(
        _of("pageviews", "series", "revenue"),
        frozenset(Generation),
        "Units are coarsened without a word, by rules that differ; only units are asked for that "
        "every generation keeps.",
    ),
    Repair(
        _of("utm"),
        UNTIL_2_20,
        "Told as maps of value to views up to 2.18, then as raw query strings; read as lists.",
    ),
    Repair(
        _of("event_data_values", "event_data_fields"),
        frozenset(Generation) - UNTIL_2_20,
        "Dates are written in another way than on 2.x; read as one.",
    ),
    Repair(
        _of("websites"),
        frozenset(Generation),
        "2.x lists the account’s own websites only, 3.x also those of teams that it owns; those of "
        "the teams that it is a member of are asked for under each team.",
    ),
    Repair(
        _of("me"),
        UNTIL_3_3,
        "The answer repeats the token, which is dropped before anything is kept.",
    ),
    Repair(
        _of("website_charts"),
        UNTIL_3_2,
        "There are no charts of several websites; stats and pageviews of each one tell them.",
    ),
    Repair(
        _of("website_charts"),
        frozenset(Generation) - UNTIL_3_2,
        "The curve is right only for periods that start at midnight or noon and are all summer "
        "time or all winter time; for others pageviews tell it.",
    ),
    Repair(
        _of("revenue_stats", "revenue_chart", "revenue_metrics"),
        UNTIL_3_1,
        "There are no parts of the report on revenue; they are taken from the whole.",
    ),
    Repair(
        _of("performance_stats", "performance_chart", "performance_metrics"),
        UNTIL_3_3 - UNTIL_3_0,
        "One report tells all performance figures; each part is taken from it.",
    ),
)
"""What is had by other questions, or read in another way."""

EVERYWHERE: Final = _of(
    "stats", "pageviews", "metrics", "groups", "series", "event_stats", "events", "sessions",
    "session_stats", "weekly", "event_data_events", "event_data_fields", "event_data_properties",
    "event_data_values", "event_data_stats", "session_data_properties", "session_data_values",
    "funnel", "retention", "utm", "goal", "journey", "breakdown", "revenue", "attribution",
    "currencies",
)  # fmt: skip
"""Endpoints that filters narrow."""

OLD_FILTERED: Final = _of(
    "stats", "pageviews", "metrics", "groups", "series", "event_stats", "session_stats", "goal",
    "breakdown",
)  # fmt: skip
"""Those of them that filters narrow on 2.x, too."""


def _goal_among_filters(question: Query[Any]) -> bool:
    fields = [one.field for one in question.view.filters] if question.view else []
    return question.arguments["kind"] in fields


DIFFERENCES: Final = (
    Difference(
        _of("stats", "breakdown", "groups"),
        UNTIL_3_2,
        "Up to 3.2 a visit with one view is a bounce even where it has a custom event.",
        members=_of("bounces"),
    ),
    Difference(
        _of("groups"),
        FROM_3_3,
        "From 3.3.1 on, bounces and seconds of entry pages, exit pages and events are not told.",
        members=_of("bounces", "seconds"),
        when=_field(*UNTOLD_GROUPS),
    ),
    Difference(
        _of("metrics", "groups"),
        UNTIL_3_2,
        "Up to 3.2 every view has a channel or none, and a visitor may count in several; later a "
        "visit has exactly one, `direct` and `llm` among them.",
        when=_field("channel"),
    ),
    Difference(
        _of("revenue", "revenue_stats", "revenue_chart", "revenue_metrics"),
        UNTIL_3_1,
        "Up to 3.1 filters choose purchases; later they choose visitors, and all their purchases "
        "count.",
        when=_narrowed,
    ),
    Difference(
        _of("revenue", "revenue_metrics"),
        UNTIL_3_2,
        "Up to 3.2 the channels of revenue follow the older rules.",
        members=_of("channels"),
    ),
    Difference(
        _of("event_data_fields"),
        UNTIL_3_2,
        "From 3.3 on, properties are listed without their values.",
    ),
    Difference(
        _of("event_data_properties", "session_data_properties"),
        UNTIL_3_2,
        "Up to 3.2 the lists of properties do not tell their types.",
        members=_of("type"),
    ),
    Difference(
        _of("events", "sessions"),
        UNTIL_3_2,
        "From 3.3 on, lists are counted up to 10,000 rows only, and the page says so.",
        members=_of("count", "capped"),
    ),
    Difference(
        _of("sessions"),
        UNTIL_3_2,
        "Up to 3.2 the list does not tell the distinct ids of sessions.",
        members=_of("distinct_id"),
    ),
    Difference(
        _of("session", "activity"),
        UNTIL_3_2,
        "From 3.3 on, sessions that share a distinct id are stitched together.",
    ),
    Difference(
        EVERYWHERE,
        UNTIL_3_0,
        "Before 3.1 a filter has one value, a field one filter, filters are joined by “all”, and "
        "there are no patterns, UTM fields or distinct ids to filter by: such a View is refused.",
        when=_beyond_old_filters,
    ),
    Difference(
        EVERYWHERE - OLD_FILTERED,
        UNTIL_2_20,
        "2.x drops the filters of these without a word, so with filters they are refused.",
        when=_narrowed,
    ),
    Difference(
        _of("goal"),
        UNTIL_2_20,
        "2.x takes one filter of a field, and a goal is asked as one: where the View is filtered "
        "by the same field, goals are refused.",
        when=_goal_among_filters,
    ),
    Difference(
        _of("goal"),
        frozenset({V3_0}),
        "3.0 takes one filter of a field: where the View is filtered by the goal’s own, it does "
        "not tell how often the goal was reached.",
        members=_of("times"),
        when=_goal_among_filters,
    ),
    Difference(
        _of("goal"),
        UNTIL_3_0,
        "Before 3.1 goals have no wildcards: such are refused.",
        when=_wildcard,
    ),
    Difference(
        _of("metrics", "groups"),
        UNTIL_3_0,
        "Before 3.1 nothing is ranked by UTM fields or distinct id; UTM reports tell views.",
        when=_field(*NEWER_FIELDS),
    ),
    Difference(
        _of("metrics"),
        UNTIL_2_18,
        "Up to 2.18 entry and exit pages are ranked by the times they were one, not by visitors.",
        when=_field("entry", "exit"),
    ),
    Difference(
        _of("metrics"),
        UNTIL_3_0,
        "Channels are told by other rules: 2.x adds up visitors by source, knows direct visits "
        "and names no other websites; 3.0 names no other websites either.",
        when=_field("channel"),
    ),
    Difference(
        _of("groups"),
        UNTIL_2_20,
        "2.x tells only the visitors of referrers, screens, channels, entry and exit pages.",
        members=_of("views", "visits", "bounces", "seconds"),
        when=_field("referrer", "screen", "channel", "entry", "exit"),
    ),
    Difference(
        _of("groups"),
        UNTIL_2_20,
        "2.x does not tell the visitors of events, nor up to 2.18 those of entry and exit pages.",
        when=_field("event", "entry", "exit"),
    ),
    Difference(
        _of("weekly"),
        UNTIL_3_0,
        "Before 3.1 the week’s rhythm counts visitors with any event, later those with a view.",
    ),
    Difference(
        _of("events", "sessions"),
        UNTIL_2_18,
        "Up to 2.18 lists end with the newest thousand, which the page says of itself.",
        members=_of("count", "capped", "events"),
    ),
    Difference(
        _of("values"),
        frozenset(Generation),
        "A search with a comma is a list of values: such are refused.",
        when=lambda question: "," in (question.arguments["search"] or ""),
    ),
    Difference(
        _of("sessions"),
        frozenset({V2_20}),
        "2.19 and 2.20 list a session once, others once for each hostname it was on.",
    ),
    Difference(
        _of("sessions"),
        frozenset({V3_0}),
        "Before 3.1 the list does not tell the custom events of a session.",
        members=_of("events"),
    ),
    Difference(
        _of("session"),
        UNTIL_2_18,
        "Up to 2.18 a session tells its hostname, and what it did on that one.",
        members=_of("hostname"),
    ),
    Difference(
        _of("session_data_values"),
        frozenset({V2_20}),
        "2.19 and 2.20 fail to list the values of a session’s property.",
    ),
    Difference(
        _of("retention"),
        UNTIL_2_20,
        "2.x dates a visitor from the making of the session, 3.x from the first visit in the "
        "period; they differ for visitors from before the period.",
    ),
    Difference(
        _of("revenue"),
        UNTIL_3_0,
        "Before 3.1 revenue is not told by region, referrer and channel.",
        members=_of("regions", "referrers", "channels"),
    ),
    Difference(
        _of("revenue"),
        frozenset({V3_0}),
        "3.0 adds up revenue by days whatever unit is asked: by hours there is no chart.",
        members=_of("chart"),
        when=lambda question: bool(
            question.view and question.view.period.unit in ("minute", "hour")
        ),
    ),
    Difference(
        _of("attribution"),
        UNTIL_3_0,
        "Up to 3.0 attribution with a currency tells money, too; from 3.1 on visitors only.",
        members=_of("amount"),
    ),
    Difference(
        _of("realtime"),
        UNTIL_3_0,
        "Before 3.1 the log does not tell hostnames, which no page shows.",
        members=frozenset(),
    ),
    Difference(
        _of("segments"),
        UNTIL_2_18,
        "Up to 2.18 there are no segments and cohorts; 2.19 and 2.20 filter by their names, which "
        "two may share, so there they are not filtered by.",
    ),
    Difference(
        _of("create_segment", "update_segment"),
        UNTIL_2_20,
        "2.x saves segments in a form of its own: they are read and deleted, but not saved.",
    ),
    Difference(
        _of("website_charts"),
        UNTIL_3_2,
        "Before 3.3 the curve has the buckets of the period’s unit, later half days.",
        members=_of("frame"),
    ),
    Difference(
        _of("revenue_metrics"),
        UNTIL_3_0,
        "Before 3.1 revenue is not told by region, referrer and channel: such are refused.",
        when=lambda question: question.arguments["by"] != "country",
    ),
    Difference(
        _of("revenue_chart"),
        frozenset({V3_0}),
        "3.0 adds up revenue by days whatever unit is asked: by hours it is refused.",
        when=lambda question: bool(
            question.view and question.view.period.unit in ("minute", "hour")
        ),
    ),
)
"""What remains different."""


def differs(question: Query[Any], generation: Generation, other: Generation) -> Difference | None:
    """What is known to differ between the answers of two generations to a question: the members of
    all differences that concern one of the two."""
    found = [
        difference
        for difference in DIFFERENCES
        if question.name in difference.endpoints
        and (generation in difference.generations) != (other in difference.generations)
        and difference.when(question)
    ]
    if not found:
        return None
    members = frozenset().union(*(one.members for one in found))
    return Difference(found[0].endpoints, found[0].generations, found[0].reason, members)
