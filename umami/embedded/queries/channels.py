"""Channels: the kinds of sources that visitors come from."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from umami.embedded.queries.totals import bounce, summed
from umami.embedded.scope import VIEWS, Rows, Scope
from umami.embedded.store import Store

DIRECT = "direct"
SOURCES: dict[str, Any] = tomllib.loads(
    Path(__file__).parents[2].joinpath("sources.toml").read_text("utf-8")
)
"""The texts by which sources of visitors are recognised."""
PAID_PARAMETERS: list[str] = SOURCES["paid_parameters"]
DOMAINS: dict[str, list[str]] = SOURCES["domains"]
PAID_QUERIES = (*PAID_PARAMETERS, "utm_medium=paid_social")
CHANNEL_COLUMNS = ("referrer_domain", "hostname", "url_query", "utm_medium", "utm_source")
"""The columns that determine a row's channel."""


def channel_of_row(scope: Scope) -> str:
    """Return the SQL for the channel of an event ``e``: the first rule on its URL, campaign and
    referrer that matches, ``referral`` for any other website, and ``''`` otherwise."""
    newest = scope.definitions.one_channel_per_visit
    # Before 3.3, the underscores of the lists were wildcards.
    match = "contains(lower({}), '{}')" if newest else "{} ILIKE '%{}%'"
    domain, medium = "e.referrer_domain", "e.utm_medium"
    paid = f"{medium} LIKE 'p%' OR " + " OR ".join(
        f"{medium} LIKE '%{mark}%'" for mark in ("ppc", "retargeting", "paid")
    )
    prefix = f"CASE WHEN {paid} THEN 'paid' ELSE 'organic' END"

    def contains(name: str, texts: Iterable[str]) -> str:
        return " OR ".join(match.format(name, text) for text in texts)

    def either(domains: Iterable[str], mark: str) -> str:
        return f"{contains(domain, domains)} OR {contains(medium, (mark,))}"

    rules = (
        (f"{domain} = '' AND e.url_query = ''", f"'{DIRECT}'"),
        (contains("e.url_query", PAID_QUERIES), "'paidAds'"),
        (contains(medium, ("referral", "app", "link")), "'referral'"),
        (contains(medium, ("affiliate",)), "'affiliate'"),
        (f"{contains(medium, ('sms',))} OR {contains('e.utm_source', ('sms',))}", "'sms'"),
        *(((contains(domain, DOMAINS["assistants"]), "'llm'"),) if newest else ()),
        (either(DOMAINS["search"], "organic"), f"{prefix} || 'Search'"),
        (contains(domain, DOMAINS["social"]), f"{prefix} || 'Social'"),
        (either(DOMAINS["mail"], "mail"), "'email'"),
        (either(DOMAINS["shop"], "shop"), f"{prefix} || 'Shopping'"),
        (either(DOMAINS["video"], "video"), f"{prefix} || 'Video'"),
        (f"{scope.external_referrer} AND {domain} <> ''", "'referral'"),
    )
    cases = " ".join(f"WHEN {condition} THEN {name}" for condition, name in rules)
    return f"CASE {cases} ELSE '' END"


def channel_visitors(store: Store, scope: Scope) -> list[dict[str, Any]]:
    """Count (``y``) the distinct sessions with a visit of each channel (``x``), the most frequent
    first; before 3.3, those with a view."""
    visits = visits_by_channel(scope)
    return store.records(
        f"""
        {visits.sql}
        SELECT name AS x, count(DISTINCT session_id) AS y
        FROM visit WHERE name <> '' GROUP BY name ORDER BY y DESC, name
        """,
        visits.values,
    )


def channel_totals(store: Store, scope: Scope) -> list[dict[str, Any]]:
    """Return the sums of ``summed`` over the visits of each channel. Before 3.3, the views, bounce
    and time of a visit are those of its rows with the same referrer, campaign and query."""
    tail = "WHERE name <> '' GROUP BY name ORDER BY visitors DESC, visits DESC, name"
    return summed(store, visits_by_channel(scope), bounce(scope), ("name",), tail)


def visits_by_channel(scope: Scope) -> Rows:
    """Return ``WITH …`` that defines ``visit``: the visits with their channel, views, and the times
    of the first and last view. The channel of a visit is that of its first row, by time and id,
    that has one, or else ``direct``. Before 3.3, rows that differ in any of ``CHANNEL_COLUMNS``
    count separately."""
    rows = scope.rows(*VIEWS)
    # Computing a channel is slow, and rows have far fewer combinations of these columns.
    alike = " AND ".join(f"e.{name} IS NOT DISTINCT FROM k.{name}" for name in CHANNEL_COLUMNS)
    columns = ", ".join(f"e.{name}" for name in CHANNEL_COLUMNS)
    if scope.definitions.one_channel_per_visit:
        name = (
            "coalesce(arg_min(k.name, (e.created_at, e.event_id)) FILTER (k.name <> ''), "
            f"'{DIRECT}')"
        )
        groups = "e.session_id, e.visit_id"
    else:
        name = "k.name"
        groups = f"k.name, e.session_id, e.visit_id, {columns}"
    sql = f"""
    WITH view AS MATERIALIZED (
        SELECT e.session_id, e.visit_id, e.event_id, e.created_at,
               {columns} {rows.sql}
    ),
    kind AS MATERIALIZED (
        SELECT e.*, {channel_of_row(scope)} AS name
        FROM (SELECT DISTINCT {", ".join(CHANNEL_COLUMNS)} FROM view) e
    ),
    visit AS (
        SELECT {name} AS name, e.session_id, e.visit_id, count(*) AS views,
               min(e.created_at) AS first_at, max(e.created_at) AS last_at
        FROM view e JOIN kind k ON {alike} GROUP BY {groups}
    )
    """
    return Rows(sql, rows.values)
