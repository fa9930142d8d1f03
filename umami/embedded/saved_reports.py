"""Reports that were saved: a name and parameters of an analysis."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from umami.embedded.http import now
from umami.embedded.store import Store

TYPES = (
    *("attribution", "breakdown", "funnel", "goal", "journey", "performance", "retention"),
    *("revenue", "utm"),
)
"""The analyses whose parameters can be saved."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved report; ``parameters`` are whatever was saved."""

    id: UUID
    user: UUID
    website: UUID
    type: str
    name: str
    description: str
    parameters: Any
    created: datetime
    updated: datetime


_COLUMNS = (
    "report_id, user_id, website_id, type, name, description, parameters, created_at, updated_at"
)


def _saved(row: tuple[Any, ...]) -> Saved:
    id, user, website, type, name, description, parameters, created, updated = row
    return Saved(
        id, user, website, type, name, description, json.loads(parameters), created, updated
    )


def listed(store: Store, website: UUID | None, limit: int, offset: int) -> tuple[list[Saved], int]:
    """A page of the reports of a website, or of all, by name; and how many there are."""
    chosen, values = ("WHERE website_id = ?", [website]) if website else ("", [])
    count = store.row(f"SELECT count(*) FROM report {chosen}", values)
    rows = store.rows(
        f"SELECT {_COLUMNS} FROM report {chosen} ORDER BY name, report_id LIMIT ? OFFSET ?",
        [*values, limit, offset],
    )
    return [_saved(row) for row in rows], int(count[0]) if count else 0


def of_website(store: Store, website: UUID, type: str | None) -> list[Saved]:
    """The reports of a website, of one type or of all, by name."""
    rows = store.rows(
        f"SELECT {_COLUMNS} FROM report WHERE website_id = $website "
        "AND ($type IS NULL OR type = $type) ORDER BY name, report_id",
        {"website": website, "type": type},
    )
    return [_saved(row) for row in rows]


def found(store: Store, report: UUID) -> Saved | None:
    """The report of this id, if there is one."""
    row = store.row(f"SELECT {_COLUMNS} FROM report WHERE report_id = ?", [report])
    return _saved(row) if row else None


def save(
    store: Store,
    user: UUID,
    website: UUID,
    type: str,
    name: str,
    description: str,
    parameters: Any,
    *,
    instead: Saved | None = None,
) -> Saved:
    """Save a report, or save it ``instead`` of one that is there."""
    at = now()
    report = Saved(
        instead.id if instead else uuid4(),
        instead.user if instead else user,
        website,
        type,
        name,
        description,
        parameters,
        instead.created if instead else at,
        at,
    )
    with store.writing() as cursor:
        cursor.execute("DELETE FROM report WHERE report_id = ?", [report.id])
        cursor.execute(
            f"INSERT INTO report ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                report.id,
                report.user,
                report.website,
                report.type,
                report.name,
                report.description,
                json.dumps(report.parameters),
                report.created,
                report.updated,
            ],
        )
    return report


def delete(store: Store, report: UUID) -> None:
    """Delete a report."""
    with store.writing() as cursor:
        cursor.execute("DELETE FROM report WHERE report_id = ?", [report])
