"""Routes that real servers have and the embedded one may not: they answer what a server without any
such data does. Those of the embedded server come before them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from umami.embedded.http import Call, Nothing, Parameters, Range, Routes, Text
from umami.embedded.parameters import Paged

routes = Routes()

EMPTY = {"data": [], "count": 0, "page": 1, "pageSize": 20}


class Listed(Parameters):
    """A page of a list."""

    search: Text | None = None
    page: Annotated[int, Field(ge=1)] = 1
    pageSize: Annotated[int, Field(ge=1)] = 20


class Notes(Listed):
    """A page of notes, of a range or of all times."""

    startAt: int | None = None
    endAt: int | None = None


class Errors(Range, Listed):
    """A page of errors of a range."""


class Charted(Parameters):
    """Ids between commas."""

    ids: Text


def empty(_call: Call[Any]) -> Any:
    """A page of nothing."""
    return EMPTY


routes("GET", "/boards", Listed)(empty)
routes("GET", "/websites/{website_id}/annotations", Notes)(empty)
routes("GET", "/websites/{website_id}/errors", Errors)(empty)
routes("GET", "/websites/{website_id}/event-data-pivot", Paged)(empty)


@routes("GET", "/links/charts", Charted)
def charts(_call: Call[Charted]) -> Any:
    """No curves."""
    return {"data": {}}


@routes("GET", "/2fa/status", Nothing)
def second_factor(_call: Call[Nothing]) -> Any:
    """Nobody needs a second factor."""
    return dict.fromkeys(("isEnabled", "isConfigured", "isRequired", "globalRequired"), False)
