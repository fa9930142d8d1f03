"""What visits do right before and right after a page, and tagged links within a website; no Umami
has such queries."""

from __future__ import annotations

from typing import Any

from umami.embedded.scope import CUSTOM_EVENT, EVENT_COLUMNS, VIEWS, Scope
from umami.embedded.store import Store


def steps_around(
    store: Store, scope: Scope, path: str, limit: int, *, events: bool = True
) -> dict[str, Any]:
    """Return the ``visits`` that viewed a page, and how many of them ``began`` and ``ended`` there;
    ``before`` and ``after`` are the steps of the others (``kind`` ``path`` or ``event``, ``name``
    and ``visits``), the most frequent first.

    The steps of a visit are its views and, with ``events``, its named custom events in the range,
    by time and id. Of each visit, the first view of the page counts. The step before is the one
    right before that view. The step after is the first later one that is not a view of the page, so
    reloads are skipped. A visit without such a step began, or ended, with the page. So each visit
    is in one group of either side, and the groups of a side add up to ``visits``, except those
    beyond the limit.
    """
    types = (*VIEWS, CUSTOM_EVENT) if events else VIEWS
    rows = scope.rows(*types).where(f"(e.event_type <> {CUSTOM_EVENT} OR e.event_name <> '')")
    groups = store.rows(
        f"""
        WITH step AS MATERIALIZED (
            SELECT e.session_id, e.visit_id, (e.created_at, e.event_id) AS place,
                   e.event_type = {CUSTOM_EVENT} AS is_event,
                   coalesce(CASE WHEN is_event THEN e.event_name ELSE e.url_path END, '') AS name,
                   NOT is_event AND name = ? AS is_page
            {rows.sql}
        ),
        page AS (
            SELECT session_id, visit_id, min(place) AS place FROM step WHERE is_page GROUP BY ALL
        ),
        visit AS (
            SELECT arg_max((s.is_event, s.name), s.place) FILTER (s.place < p.place) AS before,
                   arg_min((s.is_event, s.name), s.place)
                       FILTER (s.place > p.place AND NOT s.is_page) AS after
            FROM step s JOIN page p USING (session_id, visit_id) GROUP BY session_id, visit_id
        )
        SELECT side, step[1], step[2], count(*) AS visits
        FROM (SELECT 'before' AS side, before AS step FROM visit
              UNION ALL SELECT 'after', after FROM visit)
        GROUP BY ALL ORDER BY visits DESC, 2, 3
        """,
        [path, *rows.values],
    )
    sides: dict[str, list[dict[str, Any]]] = {"before": [], "after": []}
    edges = {"before": 0, "after": 0}
    visits = 0
    for side, is_event, name, count in groups:
        if side == "after":
            visits += count
        if name is None:
            edges[side] = count
        elif len(sides[side]) < limit:
            kind = "event" if is_event else "path"
            sides[side].append({"kind": kind, "name": name, "visits": count})
    return {"visits": visits, "began": edges["before"], "ended": edges["after"], **sides}


def internal_tags(store: Store, scope: Scope, limit: int) -> list[dict[str, Any]]:
    """Return the pairs of pages between which visits followed a link with UTM tags: the path
    before (``source``) and the tagged one (``name``), with the ``visits``, ``visitors`` and
    ``pageviews`` of the tagged one; the most visits first.

    A link is a tagged view within a visit: not its first view, without an external referrer, and
    right after a view of another path. It is the first view of its visit with these tags, so that
    going back to the page that a visit began with is none.
    """
    rows = scope.rows(*VIEWS)
    tags = [column for name, column in EVENT_COLUMNS.items() if name.startswith("utm")]
    tagged = " OR ".join(f"e.{name} <> ''" for name in tags)
    same = ", ".join(f"coalesce(e.{name}, '')" for name in tags)
    return store.records(
        f"""
        WITH step AS (
            SELECT e.session_id, e.visit_id, e.url_path AS name,
                   coalesce({tagged}, false) AS is_tagged,
                   coalesce(e.referrer_domain <> '', false)
                       AND coalesce({scope.external_referrer}, true) AS is_external,
                   lag(e.url_path) OVER visit AS source,
                   row_number() OVER (
                       PARTITION BY e.session_id, e.visit_id, {same}
                       ORDER BY e.created_at, e.event_id
                   ) AS number
            {rows.sql}
            WINDOW visit AS (
                PARTITION BY e.session_id, e.visit_id ORDER BY e.created_at, e.event_id
            )
        )
        SELECT source, name, count(DISTINCT visit_id) AS visits,
               count(DISTINCT session_id) AS visitors, count(*) AS pageviews
        FROM step WHERE is_tagged AND NOT is_external AND number = 1 AND source <> name
        GROUP BY ALL ORDER BY visits DESC, source, name LIMIT ?
        """,
        [*rows.values, limit],
    )
