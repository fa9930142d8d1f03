"""Attribution: the touch that a conversion is credited to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from umami.embedded.queries.reports.revenue import money
from umami.embedded.queries.reports.steps import Step
from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, Scope
from umami.embedded.store import Store

Model = Literal["first-click", "last-click"]
MOST = 20
CLICK_IDS = {
    "gclid": "Google Ads",
    "fbclid": "Facebook / Meta",
    "msclkid": "Microsoft Ads",
    "ttclid": "TikTok Ads",
    "li_fat_id": "LinkedIn Ads",
    "twclid": "Twitter Ads (X)",
}
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")


@dataclass(frozen=True, slots=True)
class Attribution:
    """Names with their value in each part: sessions, or an amount of money."""

    parts: dict[str, list[tuple[str, int | Decimal]]]
    rows: int
    visitors: int
    visits: int


def attribution(
    store: Store, scope: Scope, model: Model, step: Step, currency: str | None
) -> Attribution:
    """A conversion is a session with a row that matches the step; its time is that of the last
    such row. Its touch is the session's first row in the range, or the last one *before* the
    conversion: nothing is credited to a session that begins with its conversion. Rows at exactly
    that moment are the touch. Names without text and the website itself are left out.

    With a currency the conversions are the step's rows with money in it, the value is the
    session's sum of it, and rows without a name count under the empty one.
    """
    kind = PAGEVIEW if step.kind == "path" else CUSTOM_EVENT
    condition, value = step.exactly
    rows = scope.rows(kind, where=[condition])
    everything = scope.rows()
    if currency is None:
        table = (
            "converted AS MATERIALIZED (SELECT e.session_id, max(e.created_at) AS converted_at, "
            f"NULL AS amount {rows.sql} GROUP BY 1)"
        )
        values: list[Any] = [*rows.values, value]
    else:
        earned, values = money(scope)
        column = step.column.replace("e.", "")
        table = (
            f"{earned}, converted AS MATERIALIZED (SELECT session_id, "
            "max(created_at) AS converted_at, sum(amount) AS amount "
            f"FROM money WHERE currency = ? AND {column} = ? GROUP BY 1)"
        )
        values += [currency, value]
    edge = "min" if model == "first-click" else "max"
    before = "" if model == "first-click" else "AND e.created_at < c.converted_at"
    parts = {
        "referrer": "coalesce(referrer_domain, '')",
        "paidAds": "CASE "
        + " ".join(f"WHEN {name} <> '' THEN '{ads}'" for name, ads in CLICK_IDS.items())
        + " ELSE '' END",
        **{name: f"coalesce({name}, '')" for name in UTM},
    }
    counted = "count(DISTINCT session_id)" if currency is None else "sum(amount)"
    selects = []
    for part, name in parts.items():
        left_out = "WHERE name <> ''" if currency is None else ""
        if currency is None and part == "referrer":
            left_out += " AND elsewhere"
        selects.append(
            f"(SELECT '{part}', name, {counted} AS value "
            f"FROM (SELECT *, {name} AS name FROM touch) {left_out} "
            f"GROUP BY 2 ORDER BY value DESC, name LIMIT {MOST})"
        )
    conversion = " JOIN converted c ON c.session_id = e.session_id WHERE "
    joined = everything.sql.replace(" WHERE ", conversion, 1)
    found = store.rows(
        f"""
        WITH {table},
        row AS MATERIALIZED (
            SELECT e.session_id, e.created_at, e.referrer_domain, c.amount,
                   ({scope.elsewhere}) AS elsewhere,
                   {", ".join(f"e.{name}" for name in (*CLICK_IDS, *UTM))}
            {joined} {before}
        ),
        moment AS (SELECT session_id, {edge}(created_at) AS created_at FROM row GROUP BY 1),
        touch AS MATERIALIZED (SELECT * FROM row JOIN moment USING (session_id, created_at))
        {" UNION ALL ".join(selects)}
        """,
        [*values, *everything.values],
    )
    answered: dict[str, list[tuple[str, int | Decimal]]] = {part: [] for part in parts}
    for part, name, credited in found:
        answered[part].append((name, credited))
    total = store.row(
        f"SELECT count(*), count(DISTINCT e.session_id), count(DISTINCT e.visit_id) {rows.sql}",
        [*rows.values, value],
    )
    assert total
    return Attribution(answered, *(int(one) for one in total))
