"""Analyses: steps of visits (funnels, goals, journeys), retention, attribution, UTM parameters, and
revenue, which is the table of purchases that custom events with an amount and a currency fill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from umami.embedded.collect import UTM
from umami.embedded.queries.channels import DIRECT, channel_of_row
from umami.embedded.scope import (
    BUCKET,
    CUSTOM_EVENT,
    PAGEVIEW,
    PERFORMANCE,
    Filter,
    Rows,
    Scope,
    Unit,
    bucket,
    wall_clock,
)
from umami.embedded.store import Store

MOST_JOURNEYS = 100

StepKind = Literal["path", "event", "group", "channel"]
Item = str | None
"""A path or the name of an event; ``None`` after the end of a visit."""


@dataclass(frozen=True, slots=True)
class Step:
    """A page view or a custom event; ``value`` is a path or the name of an event, or that of a
    group of pages or a channel, whose rows are those that pass the filters ``rows``. Of a channel,
    only page views are a step."""

    kind: StepKind
    value: str
    rows: tuple[Filter, ...] = ()

    @property
    def column(self) -> str:
        """The SQL that the value is compared with."""
        return "e.event_name" if self.kind == "event" else "e.url_path"

    @property
    def event_type(self) -> int:
        """The type of the events that the step matches."""
        return CUSTOM_EVENT if self.kind == "event" else PAGEVIEW

    @property
    def exactly(self) -> tuple[str, str]:
        """The condition of an exact match, and its value."""
        return f"{self.column} = ?", self.value

    def matching(self, scope: Scope) -> tuple[str, *tuple[Any, ...]]:
        """The condition of a match in which ``*`` at either end is a wildcard, and its values.

        The match is case-sensitive. As in Umami, ``%``, ``_`` and ``\\`` are special characters in
        a value with a ``*``.
        """
        if self.rows:
            condition = scope.matching(self.rows)
            if self.kind == "channel":
                condition = condition.where(f"e.event_type = {self.event_type}")
            return condition.sql, *condition.values
        if not (self.value.startswith("*") or self.value.endswith("*")):
            return self.exactly
        start = "%" if self.value.startswith("*") else ""
        end = "%" if self.value.endswith("*") else ""
        middle = self.value.removeprefix("*").removesuffix("*")
        if not end and (len(middle) - len(middle.rstrip("\\"))) % 2:
            # A backslash at the end stands for itself.
            middle += "\\"
        return rf"{self.column} LIKE ? ESCAPE '\'", f"{start}{middle}{end}"


def funnel(store: Store, scope: Scope, steps: Sequence[Step], window: int) -> list[int]:
    """Return the number of visitors that reached each step.

    Level 1 consists of the times of a session's rows that match the first step and pass the
    filters. Each later level consists of the times of rows of the same session that match its step
    and are at most ``window`` minutes after *some* time of the level before and not before it,
    regardless of filters. The visitors of a level are its distinct sessions. The window starts
    anew at each step, and the same row may match two equal steps.
    """
    # If any earlier time is within the window, the latest earlier time is: so an ASOF join does.
    levels: list[str] = []
    values: list[Any] = []
    for number, step in enumerate(steps, start=1):
        rows = (scope if number == 1 else scope.filtered()).rows().where(*step.matching(scope))
        if number == 1:
            levels.append(
                f"level1 AS MATERIALIZED (SELECT DISTINCT e.session_id, e.created_at {rows.sql})"
            )
        else:
            levels.append(
                f"hit{number} AS (SELECT DISTINCT e.session_id, e.created_at {rows.sql}), "
                f"level{number} AS MATERIALIZED (SELECT hit.session_id, hit.created_at "
                f"FROM hit{number} hit ASOF JOIN level{number - 1} earlier "
                "ON hit.session_id = earlier.session_id AND hit.created_at >= earlier.created_at "
                f"WHERE hit.created_at <= earlier.created_at + to_minutes({int(window)}))"
            )
        values += rows.values
    counts = ", ".join(
        f"(SELECT count(DISTINCT session_id) FROM level{number})"
        for number in range(1, len(steps) + 1)
    )
    return list(store.rows(f"WITH {', '.join(levels)} SELECT {counts}", values)[0])


def reached(store: Store, scope: Scope, step: Step) -> tuple[int, int]:
    """Return the number of distinct sessions with a row that matches the step, and of those with
    any row."""
    hits, everybody = scope.rows(step.event_type).where(*step.matching(scope)), scope.rows()
    return store.rows(
        f"SELECT (SELECT count(DISTINCT e.session_id) {hits.sql}), "
        f"(SELECT count(DISTINCT e.session_id) {everybody.sql})",
        [*hits.values, *everybody.values],
    )[0]


def journey(
    store: Store,
    scope: Scope,
    steps: int,
    first: str | None,
    last: str | None,
    types: Sequence[int] = (),
) -> list[tuple[list[Item], int]]:
    """Return the first ``steps`` rows of visits, of any type or of the types, and how many visits
    begin with them: the 100 most frequent.

    The item of a row is its event's name, or else its path. ``first`` and ``last`` are what the
    first and the last item have to be. Lists are padded with ``None`` up to ``steps``; equal
    neighbours remain.
    """
    rows = scope.rows(*types)
    ends = {"path[1] = ?": first, "path[len(path)] = ?": last}
    conditions = " AND ".join(["true", *(condition for condition, item in ends.items() if item)])
    paths = store.rows(
        f"""
        WITH visit AS (
            SELECT arg_min(
                       coalesce(nullif(e.event_name, ''), e.url_path), e.created_at, {int(steps)}
                   ) AS path
            {rows.sql} GROUP BY e.visit_id
        )
        SELECT path, count(*) AS visits FROM visit WHERE {conditions}
        GROUP BY 1 ORDER BY visits DESC, path LIMIT {MOST_JOURNEYS}
        """,
        [*rows.values, *filter(None, ends.values())],
    )
    return [([*path, *[None] * (steps - len(path))], visits) for path, visits in paths]


LONGEST_RETENTION = 31


def retention(store: Store, scope: Scope, timezone: str) -> list[dict[str, Any]]:
    """Return the cells of ``cells`` of all sessions of the range.

    The cohort of a session is the local day of its first row in the range that passes the filters.
    """
    first = scope.rows()
    day = f"date_trunc('day', min({wall_clock(scope, timezone)}))"
    cohorts = f"SELECT e.session_id, {day} AS first_day {first.sql} GROUP BY 1"
    return cells(store, scope, timezone, Rows(cohorts, first.values))


def cells(store: Store, scope: Scope, timezone: str, cohorts: Rows) -> list[dict[str, Any]]:
    """Return the non-empty cells of up to 31 days: how many sessions of a cohort (a local day)
    returned how many days later. ``cohorts`` selects sessions and their ``first_day``.

    The session returned on every local day with a row of any type, regardless of filters, including
    days before the cohort's.
    """
    everything = scope.unfiltered().rows()
    return store.records(
        f"""
        WITH cohort AS ({cohorts.sql}),
        size AS (SELECT first_day, count(*) AS sessions FROM cohort GROUP BY 1),
        active AS (
            SELECT DISTINCT e.session_id,
                   date_trunc('day', {wall_clock(scope, timezone)}) AS local_day {everything.sql}
        )
        SELECT strftime(first_day, '{BUCKET}') AS date,
               date_diff('day', first_day, local_day) AS day,
               any_value(sessions) AS visitors, count(*) AS "returnVisitors",
               100 * count(*) / any_value(sessions) AS percentage
        FROM active JOIN cohort USING (session_id) JOIN size USING (first_day)
        GROUP BY first_day, day HAVING day <= {LONGEST_RETENTION} ORDER BY first_day, day
        """,
        [*cohorts.values, *everything.values],
    )


Model = Literal["first-click", "last-click"]
MOST_NAMES, MOST_UTM = 20, 50
CLICK_IDS = {
    "gclid": "Google Ads",
    "fbclid": "Facebook / Meta",
    "msclkid": "Microsoft Ads",
    "ttclid": "TikTok Ads",
    "li_fat_id": "LinkedIn Ads",
    "twclid": "Twitter Ads (X)",
}

Parts = dict[str, list[dict[str, Any]]]
"""By part, names with their value: sessions, or an amount of money."""


def attribution(store: Store, scope: Scope, model: Model, step: Step) -> Parts:
    """Credit the sessions that converted: those with a row that matches the step exactly, at the
    time of the last such row. Values are numbers of sessions."""
    rows = _conversions(scope, step)
    converted = (
        "converted AS MATERIALIZED (SELECT e.session_id, max(e.created_at) AS converted_at, "
        f"NULL AS amount {rows.sql} GROUP BY 1)"
    )
    return credited(store, scope, model, Rows(converted, rows.values))


def credited(
    store: Store, scope: Scope, model: Model, converted: Rows, *, money: bool = False
) -> Parts:
    """Credit the conversions of the table that ``converted`` defines, with ``session_id``,
    ``converted_at`` and ``amount``.

    The touch of a session is its first row in the range, or its last row *before* the conversion:
    a session that begins with its conversion has no last touch. All rows at that instant are
    touches. Empty names and referrals by the website itself are left out.

    With ``money``, values are sums of the amounts, and rows without a name count under ``""``.
    """
    everything = scope.rows()
    edge = "min" if model == "first-click" else "max"
    before = "" if model == "first-click" else "AND e.created_at < c.converted_at"
    names = {
        "referrer": "coalesce(referrer_domain, '')",
        "paidAds": "CASE "
        + " ".join(f"WHEN {name} <> '' THEN '{ads}'" for name, ads in CLICK_IDS.items())
        + " ELSE '' END",
        **{name: f"coalesce({name}, '')" for name in UTM},
    }
    counted = "sum(amount)" if money else "count(DISTINCT session_id)"
    selects = []
    for part, name in names.items():
        named = "" if money else "WHERE name <> ''"
        if part == "referrer" and not money:
            named += " AND elsewhere"
        selects.append(
            f"(SELECT '{part}', name, {counted} AS value "
            f"FROM (SELECT *, {name} AS name FROM touch) {named} "
            f"GROUP BY 2 ORDER BY value DESC, name LIMIT {MOST_NAMES})"
        )
    conversion = " JOIN converted c ON c.session_id = e.session_id WHERE "
    joined = everything.sql.replace(" WHERE ", conversion, 1)
    rows = store.rows(
        f"""
        WITH {converted.sql},
        row AS MATERIALIZED (
            SELECT e.session_id, e.created_at, e.referrer_domain, c.amount,
                   ({scope.external_referrer}) AS elsewhere,
                   {", ".join(f"e.{name}" for name in (*CLICK_IDS, *UTM))}
            {joined} {before}
        ),
        moment AS (SELECT session_id, {edge}(created_at) AS created_at FROM row GROUP BY 1),
        touch AS MATERIALIZED (SELECT * FROM row JOIN moment USING (session_id, created_at))
        {" UNION ALL ".join(selects)}
        """,
        [*converted.values, *everything.values],
    )
    parts: Parts = {part: [] for part in names}
    for part, name, value in rows:
        parts[part].append({"name": name, "value": value})
    return parts


def conversion_counts(store: Store, scope: Scope, step: Step) -> dict[str, int]:
    """Count the rows that match the step exactly, and the distinct sessions and visits among
    them."""
    rows = _conversions(scope, step)
    return store.records(
        f"""
        SELECT count(*) AS pageviews, count(DISTINCT e.session_id) AS visitors,
               count(DISTINCT e.visit_id) AS visits
        {rows.sql}
        """,
        rows.values,
    )[0]


def utm_columns(store: Store, scope: Scope, name: str) -> list[dict[str, Any]]:
    """Count the page views by the stored value of a UTM parameter: the 50 most frequent."""
    rows = scope.rows(PAGEVIEW).where(f"e.{name} <> ''")
    return store.records(
        f"SELECT e.{name} AS utm, count(*) AS views {rows.sql} "
        f"GROUP BY 1 ORDER BY views DESC, utm LIMIT {MOST_UTM}",
        rows.values,
    )


def _conversions(scope: Scope, step: Step) -> Rows:
    """Return ``FROM … WHERE …`` over the rows that match the step exactly."""
    return scope.rows(step.event_type).where(*step.exactly)


Part = Literal["country", "region", "referrer", "channel"]
UNKNOWN = "Unknown"
"""The channel of sessions without a channel before 3.3."""


def revenue_totals(store: Store, scope: Scope, currency: str) -> dict[str, Any]:
    """Return the ``sum`` of the purchases in a currency, ``count`` and ``unique_count``, their
    numbers of events and sessions, ``total_sessions``, and the ``average`` per event and per
    session (``arpu``).

    The total sessions are all that pass the filters; before 3.2, all of the range.
    """
    rows = _revenue(scope, currency)
    if scope.definitions.revenue_of_sessions:
        sessions = _sessions(scope)
    else:
        everything = scope.unfiltered().rows()
        sessions = Rows(f"SELECT e.session_id {everything.sql}", everything.values)
    (sums,) = store.records(
        f"""
        SELECT sum(r.revenue) AS sum, count(DISTINCT r.event_id) AS count,
               count(DISTINCT r.session_id) AS unique_count,
               (SELECT count(DISTINCT session_id) FROM ({sessions.sql})) AS total_sessions
        {rows.sql}
        """,
        [*sessions.values, *rows.values],
    )
    amount, events, total = float(sums["sum"] or 0), sums["count"], sums["total_sessions"]
    averages = {"average": amount / events if events else 0, "arpu": amount / total if total else 0}
    return sums | averages


def revenue_series(
    store: Store, scope: Scope, currency: str, unit: Unit, timezone: str
) -> list[dict[str, Any]]:
    """Return the name of an event (``x``), the start (wall clock) of a bucket (``t``), the amount
    (``y``) and the ``count`` of the events in each bucket with purchases, by time."""
    rows = _revenue(scope, currency)
    at = bucket(scope, unit, timezone, "r.created_at")
    return store.records(
        f"""
        SELECT r.event_name AS x, strftime({at}, '{BUCKET}') AS t, sum(r.revenue) AS y,
               count(DISTINCT r.event_id) AS count
        {rows.sql} GROUP BY 1, 2 ORDER BY 2, 1
        """,
        rows.values,
    )


def revenue_by_part(store: Store, scope: Scope, currency: str, part: Part) -> list[dict[str, Any]]:
    """Return the amount (``value``) by ``name``, and for regions by ``country``: the place of the
    session, or the referrer or channel of the session's first row in the range. The highest amount
    comes first."""
    rows = _revenue(scope, currency)
    country = "s.country, " if part == "region" else ""
    if part in ("country", "region"):
        table = "session s ON s.session_id = r.session_id AND s.website_id = r.website_id"
        name, values = f"s.{part}", list[Any]()
    else:
        everything = scope.unfiltered().rows()
        nowhere = DIRECT if scope.definitions.one_channel_per_visit else UNKNOWN
        source = {
            "referrer": "e.referrer_domain",
            "channel": f"coalesce(nullif({channel_of_row(scope)}, ''), '{nowhere}')",
        }[part]
        table = (
            f"(SELECT e.session_id, arg_min_null({source}, e.created_at) AS source "
            f"{everything.sql} AND e.session_id IN (SELECT r.session_id {rows.sql}) GROUP BY 1) f "
            "ON f.session_id = r.session_id"
        )
        name, values = "f.source", [*everything.values, *rows.values]
    joined = rows.sql.replace(" WHERE ", f" JOIN {table} WHERE ", 1)
    return store.records(
        f"SELECT {country} {name} AS name, sum(r.revenue) AS value {joined} "
        "GROUP BY ALL ORDER BY value DESC, name",
        [*values, *rows.values],
    )


def _sessions(scope: Scope) -> Rows:
    """Return the ``SELECT`` of the sessions with a row that passes the filters."""
    rows = scope.rows().where(f"e.event_type <> {PERFORMANCE}")
    return Rows(f"SELECT DISTINCT e.session_id {rows.sql}", rows.values)


def _revenue(scope: Scope, currency: str) -> Rows:
    """Return ``FROM … WHERE …`` over the purchases ``r`` in a currency, which is upper case: those
    of the sessions that pass the filters; before 3.2, those whose event passes the filters. Where
    filters keep whole visits, those of the visits that pass."""
    revenue = Rows(
        "FROM revenue r WHERE r.website_id = ? AND r.created_at BETWEEN ? AND ? "
        "AND upper(r.currency) = ?",
        [scope.website, scope.start, scope.end, currency],
    )
    if scope.whole_visits and scope.is_filtered:
        passed = scope.rows()
        return revenue.where(f"r.event_id IN (SELECT e.event_id {passed.sql})", *passed.values)
    if scope.definitions.revenue_of_sessions:
        sessions = _sessions(scope)
        return revenue.where(f"r.session_id IN ({sessions.sql})", *sessions.values)
    if not scope.is_filtered:
        return revenue
    passed = scope.rows(CUSTOM_EVENT)
    return revenue.where(f"r.event_id IN (SELECT e.event_id {passed.sql})", *passed.values)
