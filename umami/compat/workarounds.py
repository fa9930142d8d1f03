"""What servers of some generations lack or get wrong, and how the client works around it.

``docs/compatibility.md`` lists the workarounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from umami.compat.generations import Generation

V2_18, V2_20, V3_0 = Generation.V2_18, Generation.V2_20, Generation.V3_0
V3_1, V3_2, V3_3 = Generation.V3_1, Generation.V3_2, Generation.V3_3
ALL: Final = frozenset(Generation)


def until(last: Generation) -> frozenset[Generation]:
    """A generation and all older ones."""
    return frozenset(generation for generation in Generation if generation <= last)


WORKAROUNDS: Final[Mapping[tuple[str, frozenset[Generation]], str]] = {
    ("metrics", until(V2_18)): (
        "Pages, titles, queries and tags are ranked by views; a breakdown reports their visitors "
        "(of the 500 values with most views)."
    ),
    ("metrics groups", until(V3_0)): (
        "`shop.example` counts as a referrer of `www.shop.example`; a filter shows how often it is "
        "a referrer of other hosts. Rows without a value take the place of others in a limited "
        "list; a longer list is requested, and they are left out."
    ),
    ("attribution", until(V3_0)): (
        "The website is credited as its own referrer because of its `www.`; it is left out where "
        "that is the website’s only name."
    ),
    ("metrics", until(V2_20)): (
        "Languages are added up after the limit and not sorted again; all are requested."
    ),
    ("groups", until(V2_20)): (
        "There are no expanded metrics; a breakdown reports the same where it has the field."
    ),
    ("goal", until(V2_20)): (
        "Goals count times; stats with the goal as a filter report the visitors."
    ),
    ("goal", ALL - until(V2_20)): (
        "Goals count visitors; session stats with the goal as a filter report the times. 3.0 "
        "counts only visitors with a row of the goal’s kind as all visitors; session stats report "
        "all."
    ),
    ("event_stats", until(V3_0)): (
        "There are no event stats; session stats of rows with an event’s name replace them."
    ),
    ("event_data_events", until(V3_2) - until(V2_20)): (
        "The request fails without an event up to 3.2, so there is a request for each event."
    ),
    ("events", until(V3_3) - until(V2_20)): (
        "Up to 3.3.0 the search is compared with the whole text; wildcards around it make it a "
        "search."
    ),
    ("events sessions metrics groups values revenue_sessions", ALL): (
        "A search, and the value of a “contains” filter, is a `LIKE` pattern: `%`, `_` and `\\` "
        "are escaped. Umami Cloud searches for the text itself."
    ),
    ("goal funnel", ALL): (
        "Beside a `*`, `%`, `_` and `\\` in a value are wildcards as well: they are escaped."
    ),
    ("groups", ALL - until(V3_2)): (
        "From 3.3.1 on, the bounces and seconds of a page field are always 0; a breakdown reports "
        "both for the 500 values with most visitors."
    ),
    ("activity", ALL - until(V3_2)): (
        "The figures of a session cover all sessions that share its distinct ids; the activity of "
        "all of them is requested."
    ),
    ("event_data_values", ALL - until(V3_2)): (
        "`event` is a filter beside `eventName`, which is the name; only the name is sent."
    ),
    ("funnel retention goal journey breakdown attribution", ALL - until(V3_3)): (
        "These use GET under the website, and POST where a server lacks that. UTM and revenue use "
        "POST, which is one request instead of five or six, and GET where POST is gone."
    ),
    ("weekly", frozenset({V3_0})): (
        "Hours are in UTC whatever zone is requested; they are shifted by the zone’s whole hours "
        "where these stay the same all through the period, and refused where they do not."
    ),
    ("revenue", until(V3_0)): (
        "Session stats report the number of all visitors, which revenue per visitor needs."
    ),
    ("retention", ALL - until(V2_20)): (
        "With filters, days before the cohort’s day are included as negative days; they are left "
        "out."
    ),
    ("pageviews series revenue", ALL): (
        "Servers use a coarser unit without an error, by rules that differ; the client only "
        "requests units that every generation keeps."
    ),
    ("utm", until(V2_20)): (
        "The answer maps values to views up to 2.18, and lists raw query strings after that; both "
        "become lists."
    ),
    ("event_data_values event_data_fields", ALL - until(V2_20)): (
        "Dates have another format than on 2.x; both are parsed."
    ),
    ("websites", ALL): (
        "2.x lists only the account’s own websites, 3.x also those of teams that it owns; the "
        "websites of teams that it is a member of are requested from each team."
    ),
    ("me", until(V3_3)): (
        "The answer repeats the token, which is dropped before the answer is cached."
    ),
    ("website_charts", until(V3_2)): (
        "There are no charts of several websites; stats and page views of each one replace them."
    ),
    ("website_charts", ALL - until(V3_2)): (
        "The curve is right only for periods that start at midnight or noon and contain no change "
        "of the clocks; page views replace it for others."
    ),
    ("revenue_stats revenue_chart revenue_metrics", until(V3_1)): (
        "There are no parts of the report on revenue; they are taken from the whole report."
    ),
    ("performance_stats performance_chart performance_metrics", until(V3_3) - until(V3_0)): (
        "One report holds all performance figures; each part is taken from it."
    ),
}
"""Sentences by endpoints (separated by spaces) and generations."""
