"""Values that a field takes: what a filter could be set to."""

from __future__ import annotations

from dataclasses import dataclass

from umami.embedded.scope import Scope, column, like
from umami.embedded.store import Store

MOST = 10


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a field (``None`` where rows have none) and the rows of any type with it."""

    value: str | None
    count: int


def values(
    store: Store,
    scope: Scope,
    field: str,
    *,
    containing: str | None = None,
    among: tuple[str, ...] = (),
) -> list[Value]:
    """The ten most frequent values: those that contain a text, or that are among some, without
    minding case. Referrers leave out the page's own hostname."""
    name = column(field)
    where, texts = [], []
    if field == "referrer":
        where += [scope.external_referrer, "e.referrer_domain <> ''"]
    if containing:
        where.append(like(name, containing))
        texts.append(f"%{containing}%")
    if among:
        where.append(f"lower({name}) IN ({', '.join(['lower(?)'] * len(among))})")
        texts.extend(among)
    rows = scope.rows(columns=(field,), where=where)
    found = store.rows(
        f"""
        SELECT {name} AS value, count(*) AS number
        {rows.sql} GROUP BY value ORDER BY number DESC, value LIMIT {MOST}
        """,
        [*rows.values, *texts],
    )
    return [Value(*row) for row in found]
