"""Insert the rows of CSV files that a store does not have yet, and derive missing tables.

Everything happens in one transaction. In DuckDB, inserted rows have higher row ids than all rows
before them, which identifies the new rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from umami.embedded.store import COLLECTED, TABLES
from umami.embedded.tables import CLOUD_EXPORT, SESSION_ATTRIBUTES, Table, limits, quoted

SEEN = ("session_id", "website_id", "created_at", *SESSION_ATTRIBUTES)
"""The columns of a session in each event of Umami Cloud."""
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


class Appending:
    """Inserts the tables of a source by a cursor that is in a transaction."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, tables: dict[str, Table]) -> None:
        self.imported = Imported()
        self.read = 0
        """The number of rows that were read."""
        self._cursor = cursor
        self._tables = tables
        self._cloud = tables["website_event"].layout is CLOUD_EXPORT["website_event"]
        self._last = {
            table: self._number(f"SELECT coalesce(max(rowid), -1) FROM {table}") for table in TABLES
        }
        if self._cloud:
            cursor.execute(
                f"CREATE TEMP TABLE seen AS SELECT {', '.join(SEEN)} FROM session LIMIT 0"
            )
        # In Umami 2.16 and earlier, sessions have the host names of events.
        self._hosts_of_sessions = (
            "hostname" not in tables["website_event"].header
            and "session" in tables
            and "hostname" in tables["session"].header
        )
        if self._hosts_of_sessions:
            cursor.execute(
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
        if table == "website_event":
            values |= {name: f"coalesce({values[name]}, '')" for name in ("url_path", "url_query")}
        if table == "event_data" and self._cloud:
            values |= {"website_event_id": source.value("event_id")}
        if table in ("event_data", "session_data") and self._cloud:
            values[f"{table}_id"] = "uuid()"
        reader = source.reader(path)
        selected = ", ".join(f"{value} AS {name}" for name, value in values.items())
        new = f"(SELECT {selected} FROM {reader})"
        if self._hosts_of_sessions and table == "session":
            self._cursor.execute(
                f"INSERT INTO session_host SELECT {source.value('session_id')}, "
                f"{source.value('website_id')}, {source.value('hostname')} FROM {reader}"
            )
        if self._hosts_of_sessions and table == "website_event":
            new = (
                f"(SELECT event.* REPLACE (session_host.hostname AS hostname) FROM {new} event "
                "LEFT JOIN session_host USING (session_id, website_id))"
            )
        added = self._insert(table, new, source.layout.known_by)
        rows = self._number(f"SELECT count(*) FROM {reader}") if self._old(table) else added
        self.read += rows
        self.imported.known[table] += rows - added
        if table == "website_event" and self._cloud:
            self._see(source, reader)

    def sound(self, table: str) -> bool:
        """Whether the new rows have all required values, plausible times and unique ids."""
        layout = self._tables[table].layout
        filled = {
            "website_event_id" if table == "event_data" and name == "event_id" else name
            for name in layout.filled
        }
        faults = [f"{name} IS NULL" for name in filled]
        faults += [
            f"{name} NOT BETWEEN {quoted(low)} AND {quoted(high)}"
            for name, kind in TABLES[table].items()
            if kind == "TIMESTAMP"
            for low, high in [limits(name)]
        ]
        if self._number(f"SELECT count(*) FROM {self._new(table)} WHERE {' OR '.join(faults)}"):
            return False
        if not layout.unique:
            return True
        distinct = self._number(
            f"SELECT count(*) FROM (SELECT DISTINCT {', '.join(layout.unique)} "
            f"FROM {self._new(table)})"
        )
        return distinct == self.imported.added[table]

    def complete(self) -> None:
        """Derive the tables that the source does not have."""
        if self._cloud:
            self._sessions()
        if "website" not in self._tables:
            self._websites()
        if "revenue" not in self._tables:
            self._revenue()
        if self._hosts_of_sessions:
            self._cursor.execute("DROP TABLE session_host")
        self._cursor.execute(
            "UPDATE website SET created_at = updated_at "
            f"WHERE created_at IS NULL AND rowid > {self._last['website']}"
        )

    def _number(self, sql: str) -> int:
        row = self._cursor.execute(sql).fetchone()
        assert row
        return int(row[0])

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
        added = self._number(f"INSERT INTO {table} BY NAME SELECT * FROM {rows}{order}")
        self.imported.added[table] += added
        return added

    def _see(self, events: Table, reader: str) -> None:
        """Collect the sessions in a batch of events of Umami Cloud."""
        values = ", ".join(
            f"nullif({events.value(name)}, '') AS {name}"
            if name in SESSION_ATTRIBUTES
            else f"{events.value(name)} AS {name}"
            for name in SEEN
        )
        others = ", ".join(name for name in SEEN if name != "created_at")
        self._cursor.execute(
            f"INSERT INTO seen BY NAME SELECT {others}, min(created_at) AS created_at "
            f"FROM (SELECT {values} FROM {reader}) GROUP BY {others}"
        )

    def _sessions(self) -> None:
        """Insert the collected sessions, and fill missing values of existing ones."""
        first = ", ".join(f"arg_min({name}, created_at) AS {name}" for name in SESSION_ATTRIBUTES)
        self._cursor.execute(
            f"CREATE TEMP TABLE made AS SELECT session_id, website_id, {first}, "
            "min(created_at) AS created_at FROM seen GROUP BY session_id, website_id"
        )
        added = self._insert("session", "made", ("session_id", "website_id"))
        if self._old("session"):
            self.imported.known["session"] += self._number("SELECT count(*) FROM made") - added
            filled = ", ".join(
                f"{name} = coalesce(session.{name}, made.{name})" for name in SESSION_ATTRIBUTES
            )
            lacking = " OR ".join(
                f"(session.{name} IS NULL AND made.{name} IS NOT NULL)"
                for name in SESSION_ATTRIBUTES
            )
            self._cursor.execute(
                f"UPDATE session SET {filled}, "
                "created_at = least(session.created_at, made.created_at) FROM made "
                "WHERE session.session_id = made.session_id "
                "AND session.website_id = made.website_id "
                f"AND session.rowid <= {self._last['session']} "
                f"AND (made.created_at < session.created_at OR {lacking})"
            )
        self._cursor.execute("DROP TABLE seen")
        self._cursor.execute("DROP TABLE made")

    def _websites(self) -> None:
        rows = f"""
            (SELECT website_id,
                   coalesce(mode(regexp_replace(hostname, '^www\\.', '')),
                            'Website ' || left(website_id::VARCHAR, 8)) AS name,
                   mode(regexp_replace(hostname, '^www\\.', '')) AS domain,
                   min(created_at) AS created_at
            FROM {self._new("website_event")} GROUP BY website_id ORDER BY website_id)
            """
        self._insert("website", rows, ("website_id",))

    def _revenue(self) -> None:
        """Derive revenue as Umami's upgrade to 2.19 does: from events with a property for the
        amount and one for the currency."""
        self._cursor.execute(
            f"""
            CREATE TEMP TABLE money AS
            SELECT e.website_id, e.session_id, e.event_id, e.event_name, e.created_at,
                   currency.string_value AS currency, amount.string_value AS text,
                   coalesce(amount.number_value,
                            CASE WHEN regexp_full_match(amount.string_value, {quoted(NUMBER)})
                            THEN TRY_CAST(amount.string_value AS DECIMAL(19,4)) END) AS revenue
            FROM website_event e
            JOIN {self._new("event_data")} amount ON amount.website_event_id = e.event_id
            JOIN {self._new("event_data")} currency ON currency.website_event_id = e.event_id
            WHERE amount.data_key ILIKE '%revenue%' AND currency.data_key ILIKE '%currency%'
              AND currency.string_value IS NOT NULL
            """
        )
        rows = """
            (SELECT uuid() AS revenue_id, * EXCLUDE (text) FROM money WHERE revenue IS NOT NULL)
            """
        self._insert("revenue", rows, ("event_id",))
        uncounted = self._cursor.execute(
            "SELECT count(*), min(text) FROM money WHERE revenue IS NULL AND text IS NOT NULL"
        ).fetchone()
        assert uncounted
        if uncounted[0]:
            self.imported.notes.append(
                f"The amounts of {uncounted[0]:,} revenue properties are not numbers, such as "
                f"{uncounted[1][:60]!r}, and were not counted. Umami only counts numbers such as "
                "1234.56."
            )
        self._cursor.execute("DROP TABLE money")
