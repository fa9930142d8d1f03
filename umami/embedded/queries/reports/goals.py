"""Goals: how many sessions did something."""

from __future__ import annotations

from umami.embedded.queries.reports.steps import Step
from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, Scope
from umami.embedded.store import Store


def reached(store: Store, scope: Scope, step: Step) -> tuple[int, int]:
    """The distinct sessions that opened the path or did the event, wildcards allowed, and those
    with any row at all."""
    condition, value = step.matching
    kind = PAGEVIEW if step.kind == "path" else CUSTOM_EVENT
    hits, everybody = scope.rows(kind, where=[condition]), scope.rows()
    found = store.row(
        f"SELECT (SELECT count(DISTINCT e.session_id) {hits.sql}), "
        f"(SELECT count(DISTINCT e.session_id) {everybody.sql})",
        [*hits.values, value, *everybody.values],
    )
    assert found
    return int(found[0]), int(found[1])
