"""Attribution of conversions to touches, and page views by UTM parameter."""

from __future__ import annotations

from typing import Any, Literal

from umami.embedded.queries.reports.steps import Step
from umami.embedded.scope import PAGEVIEW, Rows, Scope
from umami.embedded.store import Store

Model = Literal["first-click", "last-click"]
MOST, MOST_UTM = 20, 50
CLICK_IDS = {
    "gclid": "Google Ads",
    "fbclid": "Facebook / Meta",
    "msclkid": "Microsoft Ads",
    "ttclid": "TikTok Ads",
    "li_fat_id": "LinkedIn Ads",
    "twclid": "Twitter Ads (X)",
}
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")

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
            f"GROUP BY 2 ORDER BY value DESC, name LIMIT {MOST})"
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
