"""Compares a database with its replica by website and day, at one snapshot."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import duckdb

from umami.embedded.replica.schema import SourceTable
from umami.embedded.replica.source import Snapshot

Day = tuple[UUID, date]
"""A website and a day in UTC."""


@dataclass(frozen=True, slots=True)
class Span:
    """Some rows of a table, by conditions in the source and in the store."""

    table: SourceTable
    source: str = "true"
    stored: str = "true"

    def between(self, start: datetime, end: datetime) -> Span:
        """The rows from a time, included, to another."""
        time, stored = self.table.time, self.table.stored_time
        return Span(
            self.table,
            f"{self.source} AND {time} >= '{start}+00' AND {time} < '{end}+00'",
            f"{self.stored} AND {stored} >= TIMESTAMP '{start}' AND {stored} < TIMESTAMP '{end}'",
        )

    def of(self, websites: Collection[UUID]) -> Span:
        """The rows of some websites."""
        ids = ", ".join(f"'{website}'" for website in sorted(websites))
        return Span(
            self.table,
            f"{self.source} AND t.website_id IN ({ids})",
            f"{self.stored} AND website_id IN ({ids})",
        )

    def on(self, days: Sequence[Day]) -> Span:
        """The rows of some days, of which there is at least one."""
        first, last = (pick(day for _, day in days) for pick in (min, max))
        start, end = (datetime(day.year, day.month, day.day) for day in (first, last))
        # The other conditions are for indexes.
        within = self.of({website for website, _ in days}).between(start, end + timedelta(days=1))
        listed = ", ".join(f"('{website}'::uuid, '{day}'::date)" for website, day in days)
        return Span(
            self.table,
            f"{within.source} AND (t.website_id, {self.day}) IN (VALUES {listed})",
            f"{within.stored} AND (website_id, {self.stored_day}) IN (VALUES {listed})",
        )

    @property
    def day(self) -> str:
        """SQL of a row's day in the source."""
        return f"({self.table.time} AT TIME ZONE 'UTC')::date"

    @property
    def stored_day(self) -> str:
        return f"{self.table.stored_time}::DATE"


def differing_days(
    snapshot: Snapshot, cursor: duckdb.DuckDBPyConnection, span: Span, since: int | None
) -> tuple[list[Day], list[Day]]:
    """The days whose rows differ, and those of them that the source has rows of.

    Days are compared by the number of their rows and the sum of the rows' checksums. ``since`` is
    the horizon of a snapshot at which both sides were equal: then only days are compared in which
    the numbers differ or that have a row which was written since. Every change shows in either.
    """
    group = f"FROM {span.table.relation} WHERE {span.source} GROUP BY 1, 2"
    stored_group = f"FROM {span.table.name} WHERE {span.stored} GROUP BY 1, 2"
    if since is not None:
        written = f"bool_or(age({span.table.written}) <= {snapshot.written_since(since)})"
        rows = snapshot.rows(f"SELECT t.website_id, {span.day}, count(*), {written} {group}")
        stored = cursor.execute(
            f"SELECT website_id, {span.stored_day}, count(*), false {stored_group}"
        ).fetchall()
        suspected = sorted({row[:2] for row in {*rows} ^ {*stored}})
        return differing_days(snapshot, cursor, span.on(suspected), None) if suspected else ([], [])
    checksum = f"sum({span.table.source_checksum})::bigint"
    rows = snapshot.rows(f"SELECT t.website_id, {span.day}, count(*), {checksum} {group}")
    stored_checksum = f"sum({span.table.stored_checksum})::BIGINT"
    stored = cursor.execute(
        f"SELECT website_id, {span.stored_day}, count(*), {stored_checksum} {stored_group}"
    ).fetchall()
    differing = {row[:2] for row in {*rows} ^ {*stored}}
    return sorted(differing), sorted({row[:2] for row in rows} & differing)
