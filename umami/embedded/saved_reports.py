"""Saved reports: the parameters of an analysis, under a name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
_COLUMNS = (
    "report_id, user_id, website_id, type, name, description, parameters, created_at, updated_at"
)


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved report; ``parameters`` are decoded JSON."""

    id: UUID
    user: UUID
    website: UUID
    type: str
    name: str
    description: str
    parameters: Any
    created: datetime
    updated: datetime


def _saved(row: Sequence[Any]) -> Saved:
    report = Saved(*row)
    return replace(report, parameters=json.loads(report.parameters))


def page_of_reports(
    store: Store, website: UUID | None, limit: int, offset: int
) -> tuple[list[Saved], int]:
    """A page of the reports of a website, or of all websites, by name; and their number."""
    reports = of_website(store, website, None)
    return reports[offset : offset + limit], len(reports)


def of_website(store: Store, website: UUID | None, type: str | None) -> list[Saved]:
    """The reports of a website or of all, of one type or of all, by name."""
    rows = store.rows(
        f"SELECT {_COLUMNS} FROM report WHERE ($website IS NULL OR website_id = $website) "
        "AND ($type IS NULL OR type = $type) ORDER BY name, report_id",
        {"website": website, "type": type},
    )
    return [_saved(row) for row in rows]


def by_id(store: Store, report: UUID) -> Saved | None:
    """The report of this id, if it exists."""
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
    """Save a report, or replace the report ``instead``, whose id, user and creation time stay."""
    time = now()
    id, user, created = (
        (instead.id, instead.user, instead.created) if instead else (uuid4(), user, time)
    )
    row = [id, user, website, type, name, description, json.dumps(parameters), created, time]
    with store.writing() as cursor:
        cursor.execute(
            f"INSERT OR REPLACE INTO report ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row
        )
    return _saved(row)


def delete(store: Store, report: UUID) -> None:
    """Delete a report."""
    with store.writing() as cursor:
        cursor.execute("DELETE FROM report WHERE report_id = ?", [report])
