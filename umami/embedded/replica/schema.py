"""Umami's tables in PostgreSQL: which version made them, and the SQL that reads their rows.

The columns come from ``pg_catalog``: ``information_schema`` hides what a role may not read, but a
database without Umami and a role without rights are different problems.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from umami.embedded.definitions import NEWEST, V3_1, V3_2, Definitions
from umami.embedded.replica.refusals import ReplicaRefused
from umami.embedded.store import TABLES, escape_globs
from umami.embedded.tables import POSTGRES, Table, quoted

LARGE: Final = (
    *("website_event", "session", "event_data", "session_data", "revenue", "session_link"),
)
"""The tables that grow with the traffic."""
SMALL: Final = tuple(table for table in TABLES if table not in LARGE)
"""The tables that are read whole each time."""
NEEDED: Final = ("website", "session", "website_event", "event_data", "session_data")
"""The tables that every supported version has, and the role must be able to read."""
_MARKS: Final = (
    *(("3.5", "error_issue", ""), ("3.4", "annotation", ""), ("3.3", "session_link", "")),
    *(("3.2", "heatmap_event", ""), ("3.1", "share", ""), ("3.0", "link", "")),
    *(("2.19", "revenue", ""), ("2.18", "session", "distinct_id")),
    *(("2.17", "website_event", "hostname"), ("2.16", "website_event", "tag")),
)
"""What each version added to the one before, the newest first: a table, or a column of one."""
_SINCE_3: Final = ("report",)
"""Tables whose rows of Umami 2 have another form than those of Umami 3."""
_NUMBER: Final = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?\s*$"
"""The texts that are numbers."""
_NULL, _BETWEEN = "chr(1)", "chr(2)"
"""SQL of characters that no value of Umami contains."""
_NO_TIME: Final = "1970-01-01 00:00:00"
"""The time of rows that have none; of links between sessions, since they need not have one."""

_CATALOG: Final = """
    SELECT c.relname, a.attname, format_type(a.atttypid, NULL),
           has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a
        ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE n.nspname = %s AND c.relkind IN ('r', 'p')
    ORDER BY c.relname, a.attnum
"""


@dataclass(frozen=True, slots=True)
class SourceTable:
    """How to read one table of the source; ``t`` is its alias in all SQL."""

    name: str
    relation: str
    """SQL that follows ``FROM``."""
    columns: Mapping[str, str]
    """SQL of PostgreSQL by column of the store, for the columns that the source has."""
    derived: Mapping[str, str] = field(default_factory=dict)
    """SQL of DuckDB by column, for the columns that are derived from others, or are NULL."""
    written: str = "t.xmin"
    """SQL of the transaction that wrote a row."""

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        if self.name == "session_link":
            return "website_id", "distinct_id", "session_id"
        return (next(iter(TABLES[self.name])),)

    @property
    def timed(self) -> bool:
        """Whether every row has a time."""
        return self.name != "session_link"

    @property
    def time(self) -> str:
        """SQL of a row's time for conditions in PostgreSQL; indexes of Umami serve it."""
        return "t.created_at" if self.timed else f"coalesce(t.created_at, '{_NO_TIME}+00')"

    @property
    def stored_time(self) -> str:
        """SQL of a row's time in the store."""
        return "created_at" if self.timed else f"coalesce(created_at, TIMESTAMP '{_NO_TIME}')"

    @property
    def select(self) -> str:
        """SQL of PostgreSQL that selects the columns in their order; conditions may follow."""
        listed = ", ".join(f"{sql} AS {name}" for name, sql in self.columns.items())
        return f"SELECT {listed} FROM {self.relation}"

    @property
    def source_checksum(self) -> str:
        """SQL of PostgreSQL: a number that sums up a row."""
        values = ", ".join(f"coalesce(({sql})::text, {_NULL})" for sql in self.columns.values())
        text = f"md5(convert_to(concat_ws({_BETWEEN}, {values}), 'UTF8'))"
        return f"('x' || left({text}, 8))::bit(32)::bigint"

    @property
    def stored_checksum(self) -> str:
        """SQL of DuckDB: the same number for an equal row of the store."""
        values = ", ".join(f"coalesce({name}::VARCHAR, {_NULL})" for name in self.columns)
        return f"('0x' || left(md5(concat_ws({_BETWEEN}, {values})), 8))::BIGINT"

    def reader(self, path: Path) -> str:
        """SQL of DuckDB that reads a CSV file of the selected columns, with all of the store's."""
        kinds = {name: TABLES[self.name][name].split(" ")[0] for name in self.columns}
        columns = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in kinds.items())
        listed = ", ".join(
            [*self.columns, *(f"{sql} AS {name}" for name, sql in self.derived.items())]
        )
        return (
            f"SELECT {listed} FROM read_csv({quoted(escape_globs(path))}, auto_detect=false, "
            "header=false, delim=',', quote='\"', escape='\"', strict_mode=true, nullstr='', "
            f"allow_quoted_nulls=false, columns={{{columns}}})"
        )


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of a source."""

    version: str
    """The version of Umami that first had these tables, such as ``3.1``."""
    tables: Mapping[str, SourceTable]
    """The tables that the source has and the role may read, by name."""

    @property
    def large(self) -> list[SourceTable]:
        return [self.tables[name] for name in LARGE if name in self.tables]

    @property
    def definitions(self) -> tuple[str, Definitions]:
        """The version whose definitions of figures this Umami applies, and these definitions."""
        return definitions_of(self.version)


def definitions_of(version: str) -> tuple[str, Definitions]:
    """The definitions that Umami of a version applies, with the version that names them."""
    number = tuple(map(int, version.split(".")))
    if number >= (3, 3):
        return "3.5", NEWEST
    return ("3.2", V3_2) if number >= (3, 2) else ("3.1", V3_1)


def detected(connection: psycopg.Connection, namespace: str) -> Schema:
    """The schema of the connected database. Raises ``ReplicaRefused`` with a sentence if it is not
    that of a supported Umami, or the role may not read it."""
    columns: dict[str, dict[str, str]] = {}
    forbidden: list[str] = []
    for table, column, kind, readable in connection.execute(_CATALOG, [namespace]):
        columns.setdefault(table, {})[column] = kind
        if not readable and table in TABLES and table not in forbidden:
            forbidden.append(table)
    if "website_event" not in columns:
        if {"pageview", "event"} <= columns.keys():
            raise ReplicaRefused(
                "The database holds tables of Umami 1: upgrade that Umami to version 2 or 3."
            )
        raise ReplicaRefused(
            f"The schema “{namespace}” of this database has no tables of Umami: check the name of "
            "the database."
        )
    if hidden := [table for table in NEEDED if table in forbidden]:
        raise ReplicaRefused(
            f"The role may not read {', '.join(hidden)}: grant it SELECT on these tables, and "
            f"USAGE on the schema “{namespace}”."
        )
    version = next((version for version, *mark in _MARKS if _has(columns, *mark)), "")
    for table in NEEDED:
        if table not in columns:
            raise ReplicaRefused(f"{_UNKNOWN} It has no table {table}.")
    if not version:
        raise ReplicaRefused(f"{_UNKNOWN} It is older than 2.16: upgrade it.")
    tables = {
        table: _table(table, columns, namespace)
        for table in TABLES
        if table in columns
        and table not in forbidden
        and not (table in _SINCE_3 and version.startswith("2."))
    }
    if "revenue" not in columns:
        tables["revenue"] = _revenue(namespace)
    return Schema(version, tables)


_UNKNOWN: Final = "These are not the tables of an Umami that the dashboard knows."


def _has(columns: Mapping[str, Mapping[str, str]], table: str, column: str) -> bool:
    return table in columns and (not column or column in columns[table])


def _table(table: str, columns: Mapping[str, Mapping[str, str]], namespace: str) -> SourceTable:
    layout = POSTGRES.get(table)
    names = {name: name for name in columns[table]}
    for old, name in layout.renamed.items() if layout else ():
        if old in names and name not in names:
            names[name] = names.pop(old)
    expressions = {
        name: _value(f't."{names[name]}"', kind.split(" ")[0], columns[table][names[name]])
        for name, kind in TABLES[table].items()
        if name in names
    }
    for name in (*layout.filled, "website_id") if layout else ():
        if name not in expressions and name in TABLES[table]:
            raise ReplicaRefused(f"{_UNKNOWN} The table {table} has no column {name}.")
    if table == "website_event":
        for name in ("url_path", "url_query"):
            expressions[name] = f"coalesce({expressions[name]}, '')"
        if "hostname" not in expressions and "hostname" in columns["session"]:
            # In Umami 2.16, sessions have the host names of events.
            expressions["hostname"] = (
                f"(SELECT s.hostname::text FROM {_quoted(namespace, 'session')} s "
                "WHERE s.session_id = t.session_id)"
            )
    kinds = {name: kind.split(" ")[0] for name, kind in TABLES[table].items()}
    file = Table(table, tuple(expressions), layout, kinds) if layout else None
    derived = {
        name: file.value(name) if file else "NULL"
        for name in TABLES[table]
        if name not in expressions
    }
    return SourceTable(table, f"{_quoted(namespace, table)} t", expressions, derived)


def _value(column: str, kind: str, source: str) -> str:
    """SQL that converts a column to the type that the store has."""
    if kind == "VARCHAR":
        return f"{column}::text"
    if kind == "TIMESTAMP":
        zoned = source == "timestamp with time zone"
        return f"({column} AT TIME ZONE 'UTC')" if zoned else f"{column}::timestamp"
    return f"{column}::{kind.lower()}"


def _revenue(namespace: str) -> SourceTable:
    """The purchases of an Umami before 2.19, which has no such table, derived from properties of
    events as the upgrade to 2.19 does."""
    data, events = _quoted(namespace, "event_data"), _quoted(namespace, "website_event")
    number = f"CASE WHEN a.string_value ~ {quoted(_NUMBER)} THEN a.string_value::numeric END"
    amount = f"coalesce(a.number_value, CASE WHEN abs({number}) < 1e15 THEN {number} END)"
    relation = f"""
        (SELECT a.event_data_id AS revenue_id, e.website_id, e.session_id, e.event_id, e.event_name,
                c.string_value AS currency, {amount}::decimal(19,4) AS revenue, e.created_at,
                a.xmin AS written
         FROM {data} a
         JOIN {events} e ON e.event_id = a.website_event_id
         CROSS JOIN LATERAL (
             SELECT d.string_value FROM {data} d
             WHERE d.website_event_id = a.website_event_id
               AND d.data_key ILIKE '%currency%' AND d.string_value IS NOT NULL
             ORDER BY d.event_data_id LIMIT 1
         ) c
         WHERE a.data_key ILIKE '%revenue%' AND {amount} IS NOT NULL) t
        """
    columns = {
        name: _value(f"t.{name}", kind, "timestamp with time zone")
        for name, kind in TABLES["revenue"].items()
    }
    return SourceTable("revenue", relation, columns, written="t.written")


def _quoted(*names: str) -> str:
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)
