"""Visits, conversions and revenue by the values of one field; no Umami has such a query.

Everything is counted by visit. A visit converts if a row of it in the range matches the conversion.
Its revenue is the sum of its purchases in the range. Both are of the whole visit, also where only
some of its rows belong to a value.
"""

from __future__ import annotations

from typing import Any, Final

from umami.embedded.queries.channels import visits_by_channel
from umami.embedded.queries.metrics import EXTREMES, IN_A_COUNTRY, LANGUAGE
from umami.embedded.queries.reports import Step
from umami.embedded.queries.totals import select_visits
from umami.embedded.scope import (
    BUCKET,
    EVENT_COLUMNS,
    OF_SESSION,
    VIEWS,
    Rows,
    Scope,
    Unit,
    bucket,
    column,
)
from umami.embedded.store import Store

CHANNEL: Final = "channel"
TIME: Final = "time"
FIRST: Final = frozenset(
    {"referrer", "hostname", "utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm"}
)
"""Fields of which a visit has its first value. By these, and by the fields of sessions, channels,
first and last paths, each visit is in one row; by others, it can be in several."""
_ORDER: Final = "(e.created_at, e.event_id)"


def by_field(
    store: Store,
    scope: Scope,
    field: str | None,
    step: Step | None,
    currency: str | None,
    *,
    buckets: tuple[Unit, str] = ("day", "UTC"),
    limit: int,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Return for each value of a field (``name``; ``""`` for none; for regions and cities with
    ``country``) the ``visitors``, ``visits``, ``bounces``, ``totaltime`` (s) and ``pageviews`` of
    its visits; the ``conversions``, which are visits that converted, the ``converters``, their
    visitors, and ``times``, how often they reached the step; and the ``revenue``, ``orders``
    (purchases) and ``buyers`` in the currency; the most visits first.

    Without a field, there is one row, with the totals. ``entry`` and ``exit`` are the path of the
    first and last view. ``time`` is the local start of the bucket (``buckets``: unit and time zone)
    in which a visit began. Without a step, every visit with a purchase in the currency converts.
    ``times`` counts the rows on a path, of whatever type.
    """
    name, session = "name", Rows("")
    if field and field in OF_SESSION:
        # Sessions are joined once, not with each of their visits or rows. DuckDB joins them the
        # faster way round if it sees the condition that a visitor has visits.
        name = f"coalesce({LANGUAGE if field == 'language' else column(field)}, '') AS name"
        on_session = "ON s.session_id = visitor.session_id AND s.website_id = ?"
        session = Rows(f"JOIN session s {on_session}", [scope.website])
    in_country = field in IN_A_COUNTRY
    named, is_bounce = named_visits(scope, None if session.sql else field, buckets)
    outcome = outcomes(scope, step, currency)
    return store.records(
        f"""
        {named.sql},
        {outcome.sql},
        visitor AS (
            SELECT name, session_id, count(*) AS visits,
                   sum(views_of_value) AS pageviews, count(*) FILTER ({is_bounce.sql}) AS bounces,
                   sum(floor(epoch(last_at - first_at))) AS totaltime,
                   count(*) FILTER (converts) AS conversions, sum(times) AS times,
                   sum(amount) AS revenue, sum(orders) AS orders
            FROM named
            LEFT JOIN money USING (session_id, visit_id)
            LEFT JOIN reached USING (session_id, visit_id)
            GROUP BY ALL HAVING visits > 0
        )
        SELECT {name}, {"coalesce(s.country, '') AS country," if in_country else ""}
               count(*) AS visitors, sum(visits)::BIGINT AS visits,
               sum(pageviews)::BIGINT AS pageviews, sum(bounces)::BIGINT AS bounces,
               sum(totaltime)::BIGINT AS totaltime, sum(conversions)::BIGINT AS conversions,
               count(*) FILTER (conversions > 0) AS converters,
               coalesce(sum(times), 0)::BIGINT AS times,
               coalesce(sum(revenue), 0)::DOUBLE AS revenue,
               coalesce(sum(orders), 0)::BIGINT AS orders,
               count(*) FILTER (orders > 0) AS buyers
        FROM visitor {session.sql} GROUP BY ALL
        ORDER BY visits DESC, name {", country" if in_country else ""} LIMIT ? OFFSET ?
        """,
        [*named.values, *outcome.values, *is_bounce.values, *session.values, limit, offset],
    )


def outcomes(scope: Scope, step: Step | None, currency: str | None) -> Rows:
    """Return SQL that defines ``money``, the ``amount`` and ``orders`` of visits with purchases;
    ``reached``, how many ``times`` visits reached the step and whether that ``converts``; and
    ``converted``, the visits that converted. Filters do not apply."""
    unfiltered = scope.unfiltered()
    # A purchase has the time of its event, as a rule: only others are searched in all events.
    events = unfiltered.rows()
    ids = "e.event_id, e.session_id, e.visit_id"
    money = f"""
        purchase AS MATERIALIZED (
            SELECT event_id, revenue FROM revenue
            WHERE website_id = ? AND created_at BETWEEN ? AND ? AND upper(currency) = ?
        ),
        near AS MATERIALIZED (
            SELECT {ids} {events.sql} AND e.event_id IN (SELECT event_id FROM purchase)
        ),
        far AS MATERIALIZED (SELECT event_id FROM purchase ANTI JOIN near USING (event_id)),
        money AS (
            SELECT session_id, visit_id, sum(revenue) AS amount, count(DISTINCT event_id) AS orders
            FROM purchase JOIN (
                FROM near UNION ALL
                SELECT {ids} FROM website_event e
                WHERE e.website_id = ? AND e.event_id IN (FROM far)
            ) USING (event_id) GROUP BY ALL
        )
        """
    values = [scope.website, scope.start, scope.end, (currency or "").upper()]
    values += [*events.values, scope.website]
    if step:
        types = [step.event_type] if step.kind == "event" else []
        matching = unfiltered.rows(*types).where(*step.matching(unfiltered))
        reached = (
            "SELECT e.session_id, e.visit_id, count(*) AS times, "
            f"bool_or(e.event_type = {step.event_type}) AS converts {matching.sql} GROUP BY ALL"
        )
        values += matching.values
    else:
        reached = "SELECT session_id, visit_id, orders AS times, true AS converts FROM money"
    converted = "SELECT session_id, visit_id FROM reached WHERE converts"
    return Rows(f"{money}, reached AS ({reached}), converted AS ({converted})", values)


def named_visits(
    scope: Scope, field: str | None, buckets: tuple[Unit, str] = ("day", "UTC")
) -> tuple[Rows, Rows]:
    """Return ``WITH …`` that defines ``named``: a row per value (``name``) and visit, with the
    number of its views that have the value (``views_of_value``) and the columns of
    ``select_visits``; and the condition that such a row is a bounce. The field is not one of
    sessions."""
    if field == CHANNEL or (field in EVENT_COLUMNS and field not in FIRST):
        return _joined_visits(scope, field)
    name, value, condition = "coalesce(value, '')", "", ""
    if field is None:
        name = "''"
    elif field == TIME:
        name = f"strftime({bucket(scope, *buckets, 'first_at')}, '{BUCKET}')"
    elif field in EXTREMES:
        value = f"arg_{EXTREMES[field]}(e.url_path, {_ORDER})"
    else:
        of_row = column(field)
        if field == "referrer":
            of_row = f"CASE WHEN {scope.external_referrer} THEN {of_row} END"
        value, condition = f"arg_min({of_row}, {_ORDER})", f"{of_row} <> ''"
    whole, is_bounce = select_visits(scope, value, condition)
    named = f"SELECT {name} AS name, views AS views_of_value, whole.* FROM whole"
    return Rows(f"WITH whole AS ({whole.sql}), named AS ({named})", whole.values), is_bounce


def _joined_visits(scope: Scope, field: str) -> tuple[Rows, Rows]:
    """Return ``named_visits`` by a field of which a visit can have several values, or by channel:
    before 3.3, its rows can be of several."""
    if field == CHANNEL:
        visits = visits_by_channel(scope)
        # Before 3.3, a visit has a row for each of its referrers and campaigns.
        columns = "name, session_id, visit_id, sum(views) AS views_of_value"
        of_value = f"of_value AS (SELECT {columns} FROM visit GROUP BY ALL)"
        values = Rows(f"{visits.sql}, {of_value}", visits.values)
    else:
        rows = scope.rows(*VIEWS, columns=[field])
        values = Rows(
            f"WITH of_value AS (SELECT coalesce({column(field)}, '') AS name, e.session_id, "
            f"e.visit_id, count(*) AS views_of_value {rows.sql} GROUP BY ALL)",
            rows.values,
        )
    whole, is_bounce = select_visits(scope)
    named = "named AS (FROM of_value JOIN whole USING (session_id, visit_id))"
    return values.joined(Rows(f", whole AS ({whole.sql}), {named}", whole.values)), is_bounce
