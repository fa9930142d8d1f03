"""Conversions and revenue by six models of attribution, side by side; no Umami has such a query.

The unit is the visitor, which is a session of Umami. Every visit with a conversion, and every visit
with a purchase in the currency, is credited to its touches: the visits of the same visitor in the
range up to and including it, by the time of their first view. Each touch has one value of the
field. The weights of a model add up to 1 for each credited visit. So by every model the conversions
add up to the visits that converted, and the revenue to that of all purchases. Filters keep whole
visits; others are neither touches nor credited.
"""

from __future__ import annotations

from typing import Any, Final

from umami.embedded.queries.channels import DIRECT
from umami.embedded.queries.conversions import CHANNEL, named_visits, outcomes
from umami.embedded.queries.reports import Step
from umami.embedded.scope import Scope
from umami.embedded.store import Store

HALF_LIFE: Final = 7 * 86_400
"""Seconds before the credited visit after which a touch has half the weight."""
MODELS: Final = {
    "first": "(place = 1)::DOUBLE",
    "last": "(place = touches)::DOUBLE",
    "lastKnown": "(place = coalesce(last_known, touches))::DOUBLE",
    "linear": "1 / touches",
    "timeDecay": "decay / sum(decay) OVER credited",
    "position": (
        "CASE WHEN touches <= 2 THEN 1 / touches WHEN place IN (1, touches) THEN 0.4 "
        "ELSE 0.2 / (touches - 2) END"
    ),
}
"""The weight of a touch: the first and the last one; the last one with a value, or else the last;
all alike; half for every ``HALF_LIFE``; 40% for the first and the last each and 20% for all others
together, or all alike where there are no others."""


def credit(
    store: Store, scope: Scope, field: str, step: Step | None, currency: str | None, limit: int
) -> dict[str, Any]:
    """Return the ``conversions`` (visits that converted) and the ``revenue`` in the currency, and
    ``rows`` with the ``name`` of each value of a field (``""`` for none) and, by model, its
    ``conversions`` and ``revenue``; most conversions and revenue of the last known touch first.

    The field puts each visit in one group. A direct channel is no known value. Without a step,
    every visit with a purchase in the currency converts.
    """
    (named, _is_bounce), outcome = named_visits(scope, field), outcomes(scope, step, currency)
    unknown = DIRECT if field == CHANNEL else ""
    weights = ", ".join(f'{weight} AS "{model}"' for model, weight in MODELS.items())
    sums = ", ".join(
        f'round(sum("{model}" * {value}), 6) AS "{prefix}{model}"'
        for prefix, value in (("c_", "converts"), ("r_", "amount"))
        for model in MODELS
    )
    groups = store.records(
        f"""
        {named.sql},
        {outcome.sql},
        source AS MATERIALIZED (
            SELECT name, session_id, visit_id, first_at,
                   ((session_id, visit_id) IN (FROM converted))::INTEGER AS converts,
                   coalesce(amount, 0)::DOUBLE AS amount
            FROM named LEFT JOIN money USING (session_id, visit_id)
        ),
        touch AS (
            SELECT t.name, c.session_id, c.visit_id, c.converts, c.amount,
                   row_number() OVER (credited ORDER BY t.first_at, t.visit_id) AS place,
                   count(*) OVER credited AS touches,
                   pow(0.5, epoch(c.first_at - t.first_at) / {HALF_LIFE}) AS decay
            FROM source c JOIN source t ON t.session_id = c.session_id
                 AND (t.first_at, t.visit_id) <= (c.first_at, c.visit_id)
            WHERE c.converts = 1 OR c.amount <> 0
            WINDOW credited AS (PARTITION BY c.session_id, c.visit_id)
        ),
        ordered AS (
            SELECT *, max(place) FILTER (name <> ?) OVER (PARTITION BY session_id, visit_id)
                      AS last_known
            FROM touch
        ),
        weighed AS (
            SELECT name, converts, amount, {weights} FROM ordered
            WINDOW credited AS (PARTITION BY session_id, visit_id)
        )
        SELECT name, {sums} FROM weighed GROUP BY name
        ORDER BY "c_lastKnown" DESC, "r_lastKnown" DESC, name
        """,
        [*named.values, *outcome.values, unknown],
    )
    parts = {"conversions": "c_", "revenue": "r_"}
    return {
        "conversions": round(sum(row["c_last"] for row in groups)),
        "revenue": round(sum(row["r_last"] for row in groups), 6),
        "rows": [
            {
                "name": row["name"],
                **{
                    part: {model: row[f"{prefix}{model}"] for model in MODELS}
                    for part, prefix in parts.items()
                },
            }
            for row in groups[:limit]
        ],
    }
