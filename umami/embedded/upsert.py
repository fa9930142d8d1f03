"""Insert the rows of CSV files that a store does not have yet, and derive missing tables.
Everything happens in one transaction. In DuckDB, inserted rows have higher row ids than all rows
before them, which identifies the new rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import duckdb

from umami.embedded.store import COLLECTED, TABLES
from umami.embedded.tables import CLOUD_EXPORT, SESSION_ATTRIBUTES, Table, limits, quoted

SEEN = ("session_id", "website_id", "created_at", *SESSION_ATTRIBUTES)
"""The columns of a session in each event of Umami Cloud."""
INTERVAL = 1.0
"""Seconds between two reports of the progress."""
NUMBER = r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*"
"""The texts that PostgreSQL converts to a number."""


@dataclass(slots=True)
class Imported:
    """The result of an import: numbers of rows by table."""

    added: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    """Rows that the store had already."""
    notes: list[str] = field(default_factory=list)
    """A sentence about each file, column or value that was not imported."""


class Upsert:
    """Inserts the tables of a source in a transaction; ``run`` says when ``report`` is called."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        tables: dict[str, Table],
        report: Callable[[], object],
    ) -> None:
        self.imported = Imported()
        self.read = 0
        """The number of rows that were read."""
        self._cursor = cursor
        self._tables = tables
        self._run = partial(run, cursor, report)
        self._cloud = tables["website_event"].layout is CLOUD_EXPORT["website_event"]
        self._last = {
            table: self._run(f"SELECT coalesce(max(rowid), -1) FROM {table}") for table in TABLES
        }
        if self._cloud:
            self._run(f"CREATE TEMP TABLE seen AS SELECT {', '.join(SEEN)} FROM session LIMIT 0")
        # In Umami 2.16 and earlier, sessions have the host names of events.
        self._hosts_of_sessions = (
            "hostname" not in tables["website_event"].header
            and "session" in tables
            and "hostname" in tables["session"].header
        )
        if self._hosts_of_sessions:
            self._run(
                "CREATE TEMP TABLE session_host "
                "(session_id UUID, website_id UUID, hostname VARCHAR)"
            )

    def add(self, table: str, path: Path) -> None:
        """Insert the new rows of an unpacked file. Raises ``duckdb.Error`` if it is malformed."""
        source = self._tables[table]
        values = {name: source.value(name) for name in TABLES[table]}
        if self._cloud:
            values = {
                name: f"nullif({value}, '')" if TABLES[table][name] == "VARCHAR" else value
                for name, value in values.items()
            }
            if table in ("event_data", "session_data"):
                values[f"{table}_id"] = "uuid()"
            if table == "event_data":
                values["website_event_id"] = source.value("event_id")
        if table == "website_event":
            values |= {name: f"coalesce({values[name]}, '')" for name in ("url_path", "url_query")}
        reader = source.reader(path)
        new = f"(SELECT {_columns(values)} FROM {reader})"
        if self._hosts_of_sessions and table == "session":
            host = {name: source.value(name) for name in ("session_id", "website_id", "hostname")}
            self._run(f"INSERT INTO session_host SELECT {_columns(host)} FROM {reader}")
        if self._hosts_of_sessions and table == "website_event":
            new = (
                f"(SELECT event.* REPLACE (session_host.hostname AS hostname) FROM {new} event "
                "LEFT JOIN session_host USING (session_id, website_id))"
            )
        added = self._insert(table, new, source.layout.known_by)
        rows = self._run(f"SELECT count(*) FROM {reader}") if self._old(table) else added
        self.read += rows
        self.imported.known[table] += rows - added
        if self._cloud and table == "website_event":
            values = {name: source.value(name) for name in ("session_id", "website_id")}
            values |= {name: f"nullif({source.value(name)}, '')" for name in SESSION_ATTRIBUTES}
            others = ", ".join(values)
            values["time"] = source.value("created_at")
            self._run(
                f"INSERT INTO seen BY NAME SELECT {others}, min(time) AS created_at "
                f"FROM (SELECT {_columns(values)} FROM {reader}) GROUP BY {others}"
            )

    def sound(self, table: str) -> bool:
        """Whether the new rows have all required values, plausible times and unique ids."""
        layout = self._tables[table].layout
        of_event = {"event_id": "website_event_id"} if table == "event_data" else {}
        faults = [f"{of_event.get(name, name)} IS NULL" for name in layout.filled]
        for name, kind in TABLES[table].items():
            if kind == "TIMESTAMP":
                low, high = limits(name)
                faults.append(f"{name} NOT BETWEEN {quoted(low)} AND {quoted(high)}")
        new = self._new(table)
        if self._run(f"SELECT count(*) FROM {new} WHERE {' OR '.join(faults)}"):
            return False
        key = ", ".join(layout.unique)
        distinct = f"SELECT count(*) FROM (SELECT DISTINCT {key} FROM {new})"
        return not key or self._run(distinct) == self.imported.added[table]

    def complete(self) -> None:
        """Derive the tables that the source does not have."""
        if self._cloud:
            self._sessions()
        if "website" not in self._tables:
            self._websites()
        if "revenue" not in self._tables:
            self._revenue()
        for table in ("seen", "made", "session_host"):
            self._run(f"DROP TABLE IF EXISTS {table}")
        self._run(
            "UPDATE website SET created_at = updated_at "
            f"WHERE created_at IS NULL AND rowid > {self._last['website']}"
        )

    def _old(self, table: str) -> bool:
        """Whether a table had rows before the import."""
        return self._last[table] >= 0

    def _new(self, table: str) -> str:
        """SQL of the new rows of a table."""
        return f"(SELECT * FROM {table} WHERE rowid > {self._last[table]})"

    def _insert(self, table: str, rows: str, known_by: tuple[str, ...]) -> int:
        """Insert the rows that the table does not have yet, compared by the columns ``known_by``;
        returns their number."""
        if self._old(table):
            key = ", ".join(known_by)
            rows += (
                f" ANTI JOIN (SELECT {key} FROM {table} WHERE rowid <= {self._last[table]}) "
                f"USING ({key})"
            )
        # Sorted, so that a query of one website and range skips whole blocks of rows.
        order = " ORDER BY website_id, created_at" if table in COLLECTED else ""
        added = self._run(f"INSERT INTO {table} BY NAME SELECT * FROM {rows}{order}")
        self.imported.added[table] += added
        return added

    def _sessions(self) -> None:
        """Insert the sessions of Umami Cloud's events, and fill missing values of existing ones."""
        first = {name: f"arg_min({name}, created_at)" for name in SESSION_ATTRIBUTES}
        self._run(
            f"CREATE TEMP TABLE made AS SELECT session_id, website_id, {_columns(first)}, "
            "min(created_at) AS created_at FROM seen GROUP BY session_id, website_id"
        )
        added = self._insert("session", "made", ("session_id", "website_id"))
        if self._old("session"):
            self.imported.known["session"] += self._run("SELECT count(*) FROM made") - added
            filled = ", ".join(
                f"{name} = coalesce(session.{name}, made.{name})" for name in SESSION_ATTRIBUTES
            )
            lacking = " OR ".join(
                f"(session.{name} IS NULL AND made.{name} IS NOT NULL)"
                for name in SESSION_ATTRIBUTES
            )
            self._run(
                f"UPDATE session SET {filled}, "
                "created_at = least(session.created_at, made.created_at) FROM made "
                "WHERE session.session_id = made.session_id "
                "AND session.website_id = made.website_id "
                f"AND session.rowid <= {self._last['session']} "
                f"AND (made.created_at < session.created_at OR {lacking})"
            )

    def _websites(self) -> None:
        rows = f"""
            (SELECT website_id, mode(regexp_replace(hostname, '^www\\.', '')) AS domain,
                    coalesce(domain, 'Website ' || left(website_id::VARCHAR, 8)) AS name,
                    min(created_at) AS created_at
             FROM {self._new("website_event")} GROUP BY website_id ORDER BY website_id)
            """
        self._insert("website", rows, ("website_id",))

    def _revenue(self) -> None:
        """Derive revenue as Umami's upgrade to 2.19 does: from events with a property for the
        amount and one for the currency."""
        self._run(
            f"""
            CREATE TEMP TABLE money AS
            SELECT e.website_id, e.session_id, e.event_id, e.event_name, e.created_at,
                   currency.string_value AS currency, amount.string_value AS text,
                   coalesce(amount.number_value,
                            CASE WHEN regexp_full_match(text, {quoted(NUMBER)})
                            THEN TRY_CAST(text AS DECIMAL(19,4)) END) AS revenue
            FROM website_event e
            JOIN {self._new("event_data")} amount ON amount.website_event_id = e.event_id
            JOIN {self._new("event_data")} currency ON currency.website_event_id = e.event_id
            WHERE amount.data_key ILIKE '%revenue%' AND currency.data_key ILIKE '%currency%'
              AND currency.string_value IS NOT NULL
            """
        )
        counted = (
            "SELECT uuid() AS revenue_id, * EXCLUDE (text) FROM money WHERE revenue IS NOT NULL"
        )
        self._insert("revenue", f"({counted})", ("event_id",))
        uncounted, example = self._cursor.execute(
            "SELECT count(*), min(text) FROM money WHERE revenue IS NULL AND text IS NOT NULL"
        ).fetchall()[0]
        if uncounted:
            self.imported.notes.append(
                f"The amounts of {uncounted:,} revenue properties are not numbers, such as "
                f"{example[:60]!r}, and were not counted. Umami only counts numbers such as "
                "1234.56."
            )
        self._run("DROP TABLE money")


def run(cursor: duckdb.DuckDBPyConnection, report: Callable[[], object], sql: str) -> int:
    """Execute a statement, and return its number, if it has one. Calls ``report`` every
    ``INTERVAL`` seconds meanwhile; what it raises interrupts the statement."""
    with ThreadPoolExecutor(1) as worker:
        running = worker.submit(lambda: cursor.execute(sql).fetchone())
        try:
            while wait([running], INTERVAL).not_done:
                report()
        except BaseException:
            while not running.done():
                cursor.interrupt()
                wait([running], INTERVAL)
            raise
        row = running.result()
    return int(row[0]) if row else 0


def _columns(values: dict[str, str]) -> str:
    """SQL that selects values by name."""
    return ", ".join(f"{value} AS {name}" for name, value in values.items())
