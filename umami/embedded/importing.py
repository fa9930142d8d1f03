"""Umami's tables as CSV, into the store: all of them, or nothing.

Read are a folder or a zip, plain or gzipped, of either layout:

- the tables of a PostgreSQL database, each with its header (``website_event.csv``, …);
- the export of Umami Cloud, where every event row carries its session's attributes, ``''`` stands
  for NULL and there is no table of sessions.

DuckDB reads at full speed and is only told afterwards to look closer: what it refuses is read a
second time, slowly, to say in which line and column the fault is.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb

from umami.embedded.faults import explained
from umami.embedded.store import TABLES, Store
from umami.embedded.tables import (
    CLOUD,
    CLOUD_EXPORT,
    POSTGRES,
    SESSION_ATTRIBUTES,
    ImportRefused,
    Table,
    checked,
    header,
    limits,
    quoted,
)
from umami.embedded.unpacking import unpacked

__all__ = ["ImportRefused", "load"]


def load(store: Store, source: Path) -> None:
    """Import a folder or zip of tables into an empty store.

    Raises:
        ImportRefused: for whatever cannot be read; then the store stays empty.
    """
    with tempfile.TemporaryDirectory(prefix="umami-import-") as scratch:
        files = unpacked(source, Path(scratch))
        if "website_event" not in files:
            raise ImportRefused(f"There is no website_event.csv in {source.name or source}.")
        cloud = CLOUD in header(*files["website_event"])
        if not cloud and "session" not in files:
            raise ImportRefused(f"There is no session.csv in {source.name or source}.")
        layouts = CLOUD_EXPORT if cloud else POSTGRES
        tables = {
            table: checked(table, *files[table], layouts[table])
            for table in layouts
            if table in files
        }
        with store.writing() as cursor:
            for table, found in tables.items():
                _insert(cursor, table, found, cloud)
            _complete(cursor, tables, cloud)


def _insert(cursor: duckdb.DuckDBPyConnection, table: str, found: Table, cloud: bool) -> None:
    values = {name: found.value(name) for name in TABLES[table]}
    if cloud:
        values = {
            name: f"nullif({value}, '')" if TABLES[table][name] == "VARCHAR" else value
            for name, value in values.items()
        }
    if table == "website_event":
        values |= {name: f"coalesce({values[name]}, '')" for name in ("url_path", "url_query")}
    if table == "event_data" and cloud:
        values |= {"website_event_id": found.value("event_id")}
    if table in ("event_data", "session_data") and cloud:
        values[f"{table}_id"] = "uuid()"
    # Sorted, so that a question about one website and range skips whole blocks of rows.
    order = " ORDER BY website_id, created_at" if table != "website" else ""
    names = ", ".join(values)
    selected = ", ".join(f"{value} AS {name}" for name, value in values.items())
    try:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {selected} FROM {found.reader}{order}"
        )
        sound = _sound(cursor, table, found)
    except duckdb.Error as error:
        raise explained(found, str(error)) from None
    if not sound:
        raise explained(found, "")


def _sound(cursor: duckdb.DuckDBPyConnection, table: str, found: Table) -> bool:
    """Whether no required value is missing, no time is absurd and no id comes twice."""
    filled = {
        "website_event_id" if table == "event_data" and name == "event_id" else name
        for name in found.layout.filled
    }
    faults = [f"{name} IS NULL" for name in filled]
    faults += [
        f"{name} NOT BETWEEN {quoted(low)} AND {quoted(high)}"
        for name, kind in TABLES[table].items()
        if kind == "TIMESTAMP"
        for low, high in [limits(name)]
    ]
    row = cursor.execute(
        f"SELECT count(*) FILTER ({' OR '.join(faults)}), count(*) FROM {table}"
    ).fetchone()
    assert row
    if row[0]:
        return False
    if found.layout.unique:
        distinct = cursor.execute(
            f"SELECT count(*) FROM (SELECT DISTINCT {found.layout.unique} FROM {table})"
        ).fetchone()
        return distinct == (row[1],)
    return True


def _complete(cursor: duckdb.DuckDBPyConnection, tables: dict[str, Table], cloud: bool) -> None:
    """Make the tables that are not there from those that are."""
    if cloud:
        events = tables["website_event"]
        attributes = ", ".join(
            f"arg_min(nullif({events.value(name)}, ''), {events.value('created_at')})"
            for name in SESSION_ATTRIBUTES
        )
        cursor.execute(
            f"INSERT INTO session (session_id, website_id, created_at, "
            f"{', '.join(SESSION_ATTRIBUTES)}) "
            f"SELECT {events.value('session_id')} AS session, "
            f"{events.value('website_id')} AS site, "
            f"min({events.value('created_at')}) AS first_at, {attributes} FROM {events.reader} "
            "GROUP BY session, site ORDER BY site, first_at"
        )
    if "website" not in tables:
        cursor.execute(
            """
            INSERT INTO website (website_id, name, domain, created_at)
            SELECT website_id,
                   coalesce(mode(regexp_replace(hostname, '^www\\.', '')),
                            'Website ' || left(website_id::VARCHAR, 8)),
                   mode(regexp_replace(hostname, '^www\\.', '')), min(created_at)
            FROM website_event GROUP BY website_id ORDER BY website_id
            """
        )
    cursor.execute("UPDATE website SET created_at = updated_at WHERE created_at IS NULL")
    if "revenue" not in tables:
        # As 2.18 tells revenue: an event with a property for the sum and one for the currency.
        cursor.execute(
            """
            INSERT INTO revenue
            SELECT uuid(), e.website_id, e.session_id, e.event_id, e.event_name,
                   currency.string_value, revenue.number_value, e.created_at
            FROM website_event e
            JOIN event_data revenue ON revenue.website_event_id = e.event_id
            JOIN event_data currency ON currency.website_event_id = e.event_id
            WHERE revenue.data_key ILIKE '%revenue%' AND currency.data_key ILIKE '%currency%'
              AND revenue.number_value IS NOT NULL AND currency.string_value IS NOT NULL
            ORDER BY e.website_id, e.created_at
            """
        )
