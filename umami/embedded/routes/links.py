"""Links and pixels. Their clicks and views are events whose website id is theirs, so every route
that analyses a website takes the id of a link or a pixel too."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal
from uuid import UUID

import duckdb
from pydantic import Field

from umami.embedded.http import Call, Nothing, Parameters, Routes, Text, now
from umami.embedded.listing import Listing
from umami.embedded.parameters import json_row
from umami.embedded.refusals import BadRequest, Refusal
from umami.embedded.state import ADMIN
from umami.embedded.store import COLLECTED, TABLES

routes = Routes()

Kind = Literal["link", "pixel"]

Name = Annotated[Text, Field(min_length=1, max_length=100)]
Slug = Annotated[str, Field(pattern=r"^[\w.-]{1,100}$")]
Url = Annotated[Text, Field(min_length=1, max_length=500)]


class CreatedPixel(Parameters):
    """A pixel to create."""

    name: Name
    slug: Slug
    teamId: UUID | None = None
    id: UUID | None = None


class CreatedLink(CreatedPixel):
    """A link to create."""

    url: Url


class ChangedPixel(Parameters):
    """What changes of a pixel; what is left out stays."""

    name: Name = ""
    slug: Slug = ""


class ChangedLink(ChangedPixel):
    """What changes of a link; what is left out stays."""

    url: Url = ""


def _declare(kind: Kind, created: type[CreatedPixel], changed: type[ChangedPixel]) -> None:
    id_column = f"{kind}_id"

    @routes("GET", f"/{kind}s", Listing)
    def listed(call: Call[Listing]) -> Any:
        """Those whose name or slug contains the search text, by name."""
        rows = call.umami.store.records(
            f"SELECT * FROM {kind} WHERE deleted_at IS NULL "
            f"AND (contains(lower(name), $text) OR contains(lower(slug), $text)) "
            f"ORDER BY name, {id_column}",
            {"text": call.params.searched},
        )
        return call.params.answer([_spelled(kind, row) for row in rows])

    @routes("POST", f"/{kind}s", created)
    def create(call: Call[CreatedPixel]) -> Any:
        """Create one."""
        asked = call.params
        values = asked.model_dump(include={"name", "slug", "url"})
        at, id = now(), asked.id or uuid.uuid4()
        values |= {id_column: id, "team_id": asked.teamId, "created_at": at, "updated_at": at}
        with call.umami.store.writing() as cursor:
            if cursor.execute(f"SELECT 1 FROM {kind} WHERE {id_column} = ?", [id]).fetchone():
                raise BadRequest(f"id: There is such a {kind} already")
            if (
                asked.teamId
                and not cursor.execute(
                    "SELECT 1 FROM team WHERE team_id = ?", [asked.teamId]
                ).fetchone()
            ):
                raise Refusal(401, "Unauthorized")
            _require_free(cursor, kind, asked.slug, id)
            cursor.execute(
                f"INSERT INTO {kind} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
                list(values.values()),
            )
        return _found(call, kind, id)

    @routes("GET", f"/{kind}s/{{{id_column}}}", Nothing)
    def read(call: Call[Nothing]) -> Any:
        """One of them."""
        return _found(call, kind, call.id(id_column))

    @routes("POST", f"/{kind}s/{{{id_column}}}", changed)
    def change(call: Call[ChangedPixel]) -> Any:
        """Change one."""
        id = call.id(id_column)
        _found(call, kind, id)
        values = call.params.model_dump(exclude_unset=True) | {"updated_at": now()}
        with call.umami.store.writing() as cursor:
            _require_free(cursor, kind, call.params.slug, id)
            assigned = ", ".join(f"{name} = ?" for name in values)
            cursor.execute(
                f"UPDATE {kind} SET {assigned} WHERE {id_column} = ?", [*values.values(), id]
            )
        return _found(call, kind, id)

    @routes("DELETE", f"/{kind}s/{{{id_column}}}", Nothing)
    def delete(call: Call[Nothing]) -> Any:
        """Delete one with all that was collected about it."""
        id = call.id(id_column)
        _found(call, kind, id)
        with call.umami.store.erasing() as cursor:
            cursor.execute(f"DELETE FROM {kind} WHERE {id_column} = ?", [id])
            for table in COLLECTED:
                cursor.execute(f"DELETE FROM {table} WHERE website_id = ?", [id])
        return {"ok": True}


_declare("link", CreatedLink, ChangedLink)
_declare("pixel", CreatedPixel, ChangedPixel)


def _require_free(cursor: duckdb.DuckDBPyConnection, kind: Kind, slug: str, id: UUID) -> None:
    taken = cursor.execute(
        f"SELECT 1 FROM {kind} WHERE slug = ? AND {kind}_id <> ? AND deleted_at IS NULL", [slug, id]
    ).fetchone()
    if taken:
        raise BadRequest("slug: That slug is taken")


def _found(call: Call[Any], kind: Kind, id: UUID) -> dict[str, Any]:
    """The link or pixel of this id; ``Refusal`` 404 if there is none such."""
    rows = call.umami.store.records(
        f"SELECT * FROM {kind} WHERE {kind}_id = ? AND deleted_at IS NULL", [id]
    )
    if not rows:
        raise Refusal(404, "Not found")
    return _spelled(kind, rows[0])


def _spelled(kind: Kind, row: dict[str, Any]) -> dict[str, Any]:
    columns = {
        "id": f"{kind}_id",
        "name": "name",
        "url": "url",
        "slug": "slug",
        "teamId": "team_id",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
        "deletedAt": "deleted_at",
    }
    there = {name: column for name, column in columns.items() if column in TABLES[kind]}
    return {**json_row(row, there), "userId": None if row["team_id"] else str(ADMIN.id)}
