"""What the routes that save rows share, and names of columns in JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import duckdb
from pydantic.alias_generators import to_camel

from umami.embedded.http import Call, Nothing, Parameters, Routes, now
from umami.embedded.refusals import Refusal
from umami.embedded.store import TABLES


def camel_case(*columns: str) -> dict[str, str]:
    """Return the columns by their names in JSON, such as ``createdAt`` for ``created_at``."""
    return {to_camel(column): column for column in columns}


def record(call: Call[Any], table: str, **values: Any) -> dict[str, Any]:
    """Return the row of a table that has these values; raise ``Refusal`` 404 without one."""
    conditions = " AND ".join(f"{column} = ?" for column in values)
    rows = call.umami.store.records(f"SELECT * FROM {table} WHERE {conditions}", [*values.values()])
    if not rows:
        raise Refusal(404, "Not found")
    return rows[0]


def insert(cursor: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    """Insert a row."""
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
        [*values.values()],
    )


def update(cursor: duckdb.DuckDBPyConnection, table: str, id: UUID, **values: Any) -> None:
    """Change columns of the row with this id."""
    assigned = ", ".join(f"{column} = ?" for column in values)
    cursor.execute(f"UPDATE {table} SET {assigned} WHERE {table}_id = ?", [*values.values(), id])


def declare(
    routes: Routes,
    path: str,
    table: str,
    body: type[Parameters],
    columns: Callable[[Any], dict[str, Any]],
    as_json: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    """Declare the routes to create, read, change and delete rows of a table.

    The rows belong to the website of the path. ``columns`` returns the columns that a body sets,
    and ``as_json`` the JSON of a row.
    """
    id_column = f"{table}_id"
    single = f"{path}/{{{id_column}}}"

    @routes("POST", path, body)
    def create(call: Call[Any]) -> Any:
        """Create a row."""
        assert call.user
        time = now()
        row = {id_column: uuid4(), **call.path, **columns(call.params)}
        row |= {"created_at": time, "updated_at": time}
        if "user_id" in TABLES[table]:
            row["user_id"] = call.user.id
        with call.umami.store.writing() as cursor:
            insert(cursor, table, **row)
        return as_json(row)

    @routes("GET", single, Nothing)
    def read(call: Call[Nothing]) -> Any:
        """Return a row."""
        return as_json(record(call, table, **call.path))

    @routes("POST", single, body)
    def change(call: Call[Any]) -> Any:
        """Change a row."""
        row = record(call, table, **call.path)
        changes = {**columns(call.params), "updated_at": now()}
        with call.umami.store.writing() as cursor:
            update(cursor, table, row[id_column], **changes)
        return as_json(row | changes)

    @routes("DELETE", single, Nothing)
    def delete(call: Call[Nothing]) -> Any:
        """Delete a row."""
        row = record(call, table, **call.path)
        with call.umami.store.writing() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE {id_column} = ?", [row[id_column]])
        return {"ok": True}


def require_team(cursor: duckdb.DuckDBPyConnection, team: UUID | None) -> None:
    """Raise ``Refusal`` 401 if a team is set that does not exist."""
    query = "SELECT 1 FROM team WHERE team_id = ?"
    if team and not cursor.execute(query, [team]).fetchone():
        raise Refusal(401, "Unauthorized")
