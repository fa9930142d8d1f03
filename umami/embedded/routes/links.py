"""Links and pixels.

Their clicks and views are events with their id as the website id, so every route that analyses a
website also accepts the id of a link or a pixel.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from uuid import UUID

import duckdb
from pydantic import Field

from umami.embedded.http import Parameters, Routes, Text
from umami.embedded.refusals import BadRequest
from umami.embedded.routes.records import Changes, Records, Row
from umami.embedded.state import ADMIN
from umami.embedded.store import COLLECTED

routes = Routes()

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


class ChangedPixel(Changes):
    """The changes of a pixel."""

    name: Name = ""
    slug: Slug = ""


class ChangedLink(ChangedPixel):
    """The changes of a link."""

    url: Url = ""


def _require_free(
    table: str, cursor: duckdb.DuckDBPyConnection, params: ChangedPixel, id: UUID
) -> None:
    query = f"SELECT 1 FROM {table} WHERE slug = ? AND {table}_id <> ? AND deleted_at IS NULL"
    if cursor.execute(query, [params.slug, id]).fetchone():
        raise BadRequest("slug: That slug is taken")


def _owner(row: Row) -> dict[str, Any]:
    return {"userId": None if row["team_id"] else ADMIN.id}


def _records(table: str, *columns: str) -> Records:
    return Records(
        table,
        (*columns, "slug", "team_id", "created_at", "updated_at", "deleted_at"),
        fixed={"deleted_at": None},
        searched=("name", "slug"),
        more=_owner,
        require_free=partial(_require_free, table),
        erased=COLLECTED,
    )


_records("link", "name", "url").declare(routes, "/links", CreatedLink, ChangedLink)
_records("pixel", "name").declare(routes, "/pixels", CreatedPixel, ChangedPixel)
