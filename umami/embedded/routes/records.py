"""Routes that save rows of a table, and names of columns in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import duckdb
from pydantic import BaseModel
from pydantic.alias_generators import to_snake

from umami.embedded.http import Call, Nothing, Parameters, Routes, now
from umami.embedded.parameters import Listing, Page
from umami.embedded.refusals import BadRequest, Refusal
from umami.embedded.store import TABLES
from umami.embedded.wire import camel_case, renamed

Row = dict[str, Any]


class Changes(Parameters):
    """Changes of a row; columns of omitted fields stay."""


def record(call: Call[Any], table: str, **values: Any) -> Row:
    """Return the row of a table that has these values; raise ``Refusal`` 404 without one."""
    conditions = " AND ".join(f"{column} IS NOT DISTINCT FROM ?" for column in values)
    rows = call.umami.store.records(f"SELECT * FROM {table} WHERE {conditions}", [*values.values()])
    if not rows:
        raise Refusal(404, "Not found")
    return rows[0]


def insert(cursor: duckdb.DuckDBPyConnection, table: str, row: Row) -> None:
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
        [*row.values()],
    )


def update(cursor: duckdb.DuckDBPyConnection, table: str, id: UUID, **values: Any) -> None:
    assigned = ", ".join(f"{column} = ?" for column in values)
    cursor.execute(f"UPDATE {table} SET {assigned} WHERE {table}_id = ?", [*values.values(), id])


@dataclass(frozen=True)
class Records:
    """The handlers that list, create, read, change and delete rows of a table. Rows have the ids of
    the path, such as their website, and the values ``fixed``. The columns are those of the fields
    of the body, in snake case."""

    table: str
    columns: tuple[str, ...]
    """The columns in the JSON of a row, after its id."""
    fixed: Row = field(default_factory=dict)
    searched: tuple[str, ...] = ("name",)
    order: str = "name"
    more: Callable[[Row], Row] = lambda _row: {}
    """Returns further keys of a row's JSON."""
    require_free: Callable[[duckdb.DuckDBPyConnection, Any, UUID], None] | None = None
    """Raises ``BadRequest`` if another row has a value of the body that is unique."""
    erased: tuple[str, ...] = ()
    """The tables whose rows with the id as website are deleted with a row."""

    def declare(
        self,
        routes: Routes,
        path: str,
        body: type[Parameters],
        changes: type[Parameters] | None = None,
        listed: type[Page] | None = Listing,
    ) -> None:
        """Declare a route for each handler; ``changes`` is the body of changes if it differs."""
        single = f"{path}/{{{self.table}_id}}"
        if listed:
            routes("GET", path, listed)(self.page)
        routes("POST", path, body)(self.create)
        routes("GET", single, Nothing)(self.read)
        routes("POST", single, changes or body)(self.change)
        routes("DELETE", single, Nothing)(self.delete)

    def page(self, call: Call[Any]) -> Any:
        """Return a page of the rows that contain the search text."""
        text = " OR ".join(f"contains(lower({column}), ?)" for column in self.searched)
        equal = {**call.path, **self.fixed}
        conditions = {f"{column} IS NOT DISTINCT FROM ?": equal[column] for column in equal}
        conditions |= call.params.conditions
        rows = call.umami.store.records(
            f"SELECT * FROM {self.table} WHERE {' AND '.join([f'({text})', *conditions])} "
            f"ORDER BY {self.order}, {self.table}_id",
            [*[call.params.searched] * len(self.searched), *conditions.values()],
        )
        return call.params.answer([self.json(row) for row in rows])

    def create(self, call: Call[Any]) -> Any:
        assert call.user
        params, time = call.params, now()
        id = getattr(params, "id", None) or uuid4()
        row = {f"{self.table}_id": id, **call.path, **self.fixed, **_values(params)}
        row |= {"created_at": time, "updated_at": time}
        if "user_id" in TABLES[self.table]:
            row["user_id"] = call.user.id
        with call.umami.store.writing() as cursor:
            if _exists(cursor, self.table, id):
                raise BadRequest(f"id: There is such a {self.table} already")
            if row.get("team_id") and not _exists(cursor, "team", row["team_id"]):
                raise Refusal(401, "Unauthorized")
            if self.require_free:
                self.require_free(cursor, params, id)
            insert(cursor, self.table, row)
        return self.json(record(call, self.table, **{f"{self.table}_id": id}))

    def read(self, call: Call[Any]) -> Any:
        return self.json(self.row(call))

    def row(self, call: Call[Any]) -> Row:
        """Return the columns of the row of the path; raise ``Refusal`` 404 without one."""
        return record(call, self.table, **call.path, **self.fixed)

    def change(self, call: Call[Any]) -> Any:
        id = self.row(call)[f"{self.table}_id"]
        with call.umami.store.writing() as cursor:
            if self.require_free:
                self.require_free(cursor, call.params, id)
            update(cursor, self.table, id, **_values(call.params), updated_at=now())
        return self.read(call)

    def delete(self, call: Call[Any]) -> Any:
        """Delete a row, with what was collected under its id."""
        id = self.row(call)[f"{self.table}_id"]
        store = call.umami.store
        with store.erasing() if self.erased else store.writing() as cursor:
            cursor.execute(f"DELETE FROM {self.table} WHERE {self.table}_id = ?", [id])
            for table in self.erased:
                cursor.execute(f"DELETE FROM {table} WHERE website_id = ?", [id])
        return {"ok": True}

    def json(self, row: Row) -> Row:
        answer = renamed(row, {"id": f"{self.table}_id", **camel_case(*self.columns)})
        if "parameters" in answer:
            answer["parameters"] = json.loads(answer["parameters"])
        return {**answer, **self.more(row)}


def _values(params: Parameters) -> Row:
    """Return the columns that a body sets."""
    is_partial = isinstance(params, Changes)
    names = params.model_fields_set if is_partial else type(params).model_fields
    values = {to_snake(name): getattr(params, name) for name in names if name != "id"}
    if "parameters" in values:
        parameters = values["parameters"]
        if isinstance(parameters, BaseModel):
            parameters = parameters.model_dump(mode="json", exclude_unset=True)
        values["parameters"] = json.dumps(parameters)
    return values


def _exists(cursor: duckdb.DuckDBPyConnection, table: str, id: UUID) -> bool:
    row = cursor.execute(f"SELECT 1 FROM {table} WHERE {table}_id = ?", [id]).fetchone()
    return row is not None
