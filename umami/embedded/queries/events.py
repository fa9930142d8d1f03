"""Single events: a website's newest, and those of one session."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, Rows, Scope, like
from umami.embedded.store import Store

MOST_OF_SESSION = 500
HAS_DATA = """
    EXISTS (
        SELECT 1 FROM event_data d
        WHERE d.website_id = e.website_id AND d.website_event_id = e.event_id
    )
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list: some of its rows, by column name, and how many it has; where rows were not
    counted to the end, it is ``capped``."""

    rows: list[dict[str, Any]]
    count: int
    capped: bool = False


def events(
    store: Store,
    scope: Scope,
    *,
    search: str | None,
    newest: int,
    order: str | None,
    limit: int,
    offset: int,
) -> Listed:
    """Rows of any type, newest first, and only so many of the newest.

    ``search`` keeps custom events whose name, and views whose path, contains the text. ``order``
    is a column that then orders the newest among themselves, ascending.
    """
    where, texts = [], []
    if search:
        where.append(
            f"(e.event_type = {CUSTOM_EVENT} AND {like('e.event_name', search)}"
            f" OR e.event_type = {PAGEVIEW} AND {like('e.url_path', search)})"
        )
        texts = [f"%{search}%"] * 2
    rows = scope.rows(where=where)
    given = [*rows.values, *texts]
    count, _ = counted(store, Rows(f"SELECT 1 {rows.sql}", given), newest)
    return Listed(
        store.records(
            f"""
            SELECT * FROM (
                SELECT e.* {rows.sql} ORDER BY e.created_at DESC, e.event_id LIMIT {newest}
            )
            ORDER BY {f"{order}, " if order else ""}created_at DESC, event_id LIMIT ? OFFSET ?
            """,
            [*given, limit, offset],
        ),
        count,
    )


def counted(store: Store, rows: Rows, most: int | None) -> tuple[int, bool]:
    """How many rows a query has, counted up to ``most``, and whether it has more."""
    limit = "" if most is None else f"LIMIT {int(most) + 1}"
    found = store.row(f"SELECT count(*) FROM ({rows.sql} {limit})", rows.values)
    assert found
    if most is None or found[0] <= most:
        return found[0], False
    return most, True


def activity(store: Store, scope: Scope, session: UUID) -> list[dict[str, Any]]:
    """The newest events of one session, of any type, newest first."""
    rows = scope.rows(where=("e.session_id = ?",))
    return store.records(
        f"SELECT e.* {rows.sql} ORDER BY e.created_at DESC, e.event_id LIMIT {MOST_OF_SESSION}",
        [*rows.values, session],
    )


def page(
    store: Store, scope: Scope, *, pattern: str | None, most: int | None, limit: int, offset: int
) -> Listed:
    """Rows of any type with their session's attributes and whether they carry data, newest first,
    counted up to ``most``.

    ``pattern`` keeps custom events whose name, and views whose path, fits: ``%`` and ``_`` are
    wildcards in it.
    """
    where, texts = [], []
    if pattern:
        where.append(
            f"(e.event_type = {CUSTOM_EVENT} AND {like('e.event_name', pattern)}"
            f" OR e.event_type = {PAGEVIEW} AND {like('e.url_path', pattern)})"
        )
        texts = [pattern] * 2
    rows = scope.rows(where=where)
    given = [*rows.values, *texts]
    count, capped = counted(store, Rows(f"SELECT 1 {rows.sql}", given), most)
    return Listed(
        store.records(
            f"""
            WITH page AS (
                SELECT e.* {rows.sql} ORDER BY e.created_at DESC, e.event_id LIMIT ? OFFSET ?
            )
            SELECT e.*, s.distinct_id, s.country, s.city, s.device, s.os, s.browser,
                   {HAS_DATA} AS has_data
            FROM page e
            LEFT JOIN session s ON s.session_id = e.session_id AND s.website_id = e.website_id
            ORDER BY e.created_at DESC, e.event_id
            """,
            [*given, limit, offset],
        ),
        count,
        capped,
    )


def steps(store: Store, scope: Scope, sessions: Collection[UUID]) -> list[dict[str, Any]]:
    """The newest events of some sessions and whether they carry data, newest first."""
    rows = scope.rows(where=("e.session_id IN (SELECT unnest(?::UUID[]))",))
    return store.records(
        f"SELECT e.*, {HAS_DATA} AS has_data {rows.sql} "
        f"ORDER BY e.created_at DESC, e.event_id LIMIT {MOST_OF_SESSION}",
        [*rows.values, [*sessions]],
    )
