"""Links and pixels.

Their clicks and views are events with their id as the website id, so every route that analyses a
website also accepts the id of a link or a pixel.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal
from uuid import UUID

import duckdb
from pydantic import Field

from umami.embedded.http import Call, Nothing, Parameters, Routes, Text, now
from umami.embedded.listing import Listing
from umami.embedded.parameters import json_row
from umami.embedded.refusals import BadRequest
from umami.embedded.routes import records
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
    """The changes of a pixel; omitted fields stay."""

    name: Name = ""
    slug: Slug = ""


class ChangedLink(ChangedPixel):
    """The changes of a link; omitted fields stay."""

    url: Url = ""


def _declare(kind: Kind, created: type[CreatedPixel], changed: type[ChangedPixel]) -> None:
    id_column = f"{kind}_id"
    single = f"/{kind}s/{{{id_column}}}"

    @routes("GET", f"/{kind}s", Listing)
    def page(call: Call[Listing]) -> Any:
        """Return a page of those whose name or slug contains the search text, by name."""
        rows = call.umami.store.records(
            f"SELECT * FROM {kind} WHERE deleted_at IS NULL "
            f"AND (contains(lower(name), $text) OR contains(lower(slug), $text)) "
            f"ORDER BY name, {id_column}",
            {"text": call.params.searched},
        )
        return call.params.answer([_json(kind, row) for row in rows])

    @routes("POST", f"/{kind}s", created)
    def create(call: Call[CreatedPixel]) -> Any:
        """Create a link or a pixel."""
        params, time = call.params, now()
        id = params.id or uuid.uuid4()
        values = params.model_dump(include={"name", "slug", "url"})
        values |= {id_column: id, "team_id": params.teamId, "created_at": time, "updated_at": time}
        with call.umami.store.writing() as cursor:
            if cursor.execute(f"SELECT 1 FROM {kind} WHERE {id_column} = ?", [id]).fetchone():
                raise BadRequest(f"id: There is such a {kind} already")
            records.require_team(cursor, params.teamId)
            _require_free(cursor, kind, params.slug, id)
            records.insert(cursor, kind, **values)
        return _saved(call, kind, id)

    @routes("GET", single, Nothing)
    def read(call: Call[Nothing]) -> Any:
        """Return a link or a pixel."""
        return _saved(call, kind, call.id(id_column))

    @routes("POST", single, changed)
    def change(call: Call[ChangedPixel]) -> Any:
        """Change a link or a pixel."""
        id = call.id(id_column)
        _saved(call, kind, id)
        values = call.params.model_dump(exclude_unset=True) | {"updated_at": now()}
        with call.umami.store.writing() as cursor:
            _require_free(cursor, kind, call.params.slug, id)
            records.update(cursor, kind, id, **values)
        return _saved(call, kind, id)

    @routes("DELETE", single, Nothing)
    def delete(call: Call[Nothing]) -> Any:
        """Delete a link or a pixel with all collected data."""
        id = call.id(id_column)
        _saved(call, kind, id)
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


def _saved(call: Call[Any], kind: Kind, id: UUID) -> dict[str, Any]:
    existing = f"(SELECT * FROM {kind} WHERE deleted_at IS NULL)"
    return _json(kind, records.record(call, existing, **{f"{kind}_id": id}))


def _json(kind: Kind, row: dict[str, Any]) -> dict[str, Any]:
    names = ("name", "url", "slug", "team_id", "created_at", "updated_at", "deleted_at")
    columns = records.camel_case(*(name for name in names if name in TABLES[kind]))
    user = None if row["team_id"] else str(ADMIN.id)
    return {**json_row(row, {"id": f"{kind}_id", **columns}), "userId": user}
