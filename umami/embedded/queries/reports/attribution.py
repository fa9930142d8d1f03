"""Attribution: the touch that a conversion is credited to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from umami.embedded.queries.reports.steps import Step
from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, Rows, Scope
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


Parts = dict[str, list[tuple[str, int | Decimal]]]
"""By part, names with their value: sessions, or an amount of money."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """What conversions are credited to, and how many rows, sessions and visits they are."""

    parts: Parts
    rows: int
    visitors: int
    visits: int


def attribution(store: Store, scope: Scope, model: Model, step: Step) -> Attribution:
    """A conversion is a session with a row that matches the step; its time is that of the last
    such row. Values are numbers of sessions."""
    rows = _conversions(scope, step)
    converted = Rows(
        "converted AS MATERIALIZED (SELECT e.session_id, max(e.created_at) AS converted_at, "
        f"NULL AS amount {rows.sql} GROUP BY 1)",
        rows.values,
    )
    parts = credited(store, scope, model, converted)
    return Attribution(parts, *conversion_counts(store, scope, step))


def credited(
    store: Store, scope: Scope, model: Model, converted: Rows, *, money: bool = False
) -> Parts:
    """What the conversions in a table are credited to: ``converted`` defines it, with
    ``session_id``, ``converted_at`` and ``amount``.

    Its touch is the session's first row in the range, or the last one *before* the conversion:
    nothing is credited to a session that begins with its conversion. Rows at exactly that moment
    are the touch. Names without text and the website itself are left out.

    With ``money`` the value is the sum of the amounts, and rows without a name count under the
    empty one.
    """
    everything = scope.rows()
    edge = "min" if model == "first-click" else "max"
    before = "" if model == "first-click" else "AND e.created_at < c.converted_at"
    parts = {
        "referrer": "coalesce(referrer_domain, '')",
        "paidAds": "CASE "
        + " ".join(f"WHEN {name} <> '' THEN '{ads}'" for name, ads in CLICK_IDS.items())
        + " ELSE '' END",
        **{name: f"coalesce({name}, '')" for name in UTM},
    }
    counted = "sum(amount)" if money else "count(DISTINCT session_id)"
    selects = []
    for part, name in parts.items():
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
    found = store.rows(
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
    answered: Parts = {part: [] for part in parts}
    for part, name, value in found:
        answered[part].append((name, value))
    return answered


def conversion_counts(store: Store, scope: Scope, step: Step) -> tuple[int, int, int]:
    """The rows that match the step, and the distinct sessions and visits among them."""
    rows = _conversions(scope, step)
    found = store.row(
        f"SELECT count(*), count(DISTINCT e.session_id), count(DISTINCT e.visit_id) {rows.sql}",
        rows.values,
    )
    assert found
    return int(found[0]), int(found[1]), int(found[2])


def _conversions(scope: Scope, step: Step) -> Rows:
    """``FROM … WHERE …`` over the rows that match the step."""
    kind = PAGEVIEW if step.kind == "path" else CUSTOM_EVENT
    condition, value = step.exactly
    rows = scope.rows(kind, where=[condition])
    return Rows(rows.sql, [*rows.values, value])
