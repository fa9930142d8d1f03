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
from umami.embedded.scope import BUCKET, VIEWS, Rows, Scope, Unit, bucket, column
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
    named, outcome = named_visits(scope, field, buckets), outcomes(scope, step, currency)
    whole, is_bounce = select_visits(scope)
    values = [*named.values, *whole.values, *outcome.values]
    country = "country, " if field in IN_A_COUNTRY else ""
    return store.records(
        f"""
        {named.sql},
        whole AS ({whole.sql}),
        {outcome.sql}
        SELECT name, {country} count(DISTINCT session_id) AS visitors,
               count(DISTINCT visit_id) AS visits, sum(views_of_value)::BIGINT AS pageviews,
               count(*) FILTER ({is_bounce.sql}) AS bounces,
               sum(floor(epoch(last_at - first_at)))::BIGINT AS totaltime,
               count(*) FILTER (converts) AS conversions,
               count(DISTINCT session_id) FILTER (converts) AS converters,
               coalesce(sum(times), 0)::BIGINT AS times,
               coalesce(sum(amount), 0)::DOUBLE AS revenue,
               coalesce(sum(orders), 0)::BIGINT AS orders,
               count(DISTINCT session_id) FILTER (orders > 0) AS buyers
        FROM named JOIN whole USING (session_id, visit_id)
        LEFT JOIN money USING (session_id, visit_id)
        LEFT JOIN reached USING (session_id, visit_id)
        GROUP BY ALL ORDER BY visits DESC, name {country and ", country"} LIMIT ? OFFSET ?
        """,
        [*values, *is_bounce.values, limit, offset],
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
        matching = unfiltered.rows(*types).where(*step.matching)
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
) -> Rows:
    """Return ``WITH …`` that defines ``named``: a row per value and visit, with its views."""
    if field == CHANNEL:
        visits = visits_by_channel(scope)
        columns = "name, session_id, visit_id, views AS views_of_value"
        return Rows(f"{visits.sql}, named AS (SELECT {columns} FROM visit)", visits.values)
    country = ""
    if field is None:
        name = "''"
    elif field == TIME:
        start = bucket(scope, *buckets, "min(e.created_at)")
        name = f"strftime({start}, '{BUCKET}')"
    elif field in EXTREMES:
        name = f"arg_{EXTREMES[field]}(e.url_path, {_ORDER})"
    elif field in FIRST:
        value = column(field)
        if field == "referrer":
            value = f"CASE WHEN {scope.external_referrer} THEN {value} END"
        name = f"coalesce(arg_min({value}, {_ORDER}) FILTER ({value} <> ''), '')"
    else:
        name = f"coalesce({LANGUAGE if field == 'language' else column(field)}, '')"
        country = "coalesce(s.country, '') AS country, " if field in IN_A_COUNTRY else ""
    rows = scope.rows(*VIEWS, columns=[field] if field and field != TIME else [])
    return Rows(
        f"WITH named AS (SELECT {name} AS name, {country} e.session_id, e.visit_id, "
        f"count(*) AS views_of_value {rows.sql} GROUP BY ALL)",
        rows.values,
    )
