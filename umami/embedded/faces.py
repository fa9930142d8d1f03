"""The faces of the embedded server: the same queries in either generation's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from starlette.routing import Route

from umami.embedded import routes, v2, v3
from umami.embedded.refusals import Refusal

Generation = Literal[2, 3]


@dataclass(frozen=True, slots=True)
class Face:
    """What a generation offers, and how it words a refusal."""

    routes: list[Route]
    refusal: Callable[[Refusal], Any]


def _in_words(refusal: Refusal) -> Any:
    """The error of 2.x: a list of reasons for 400, one text otherwise."""
    return {"error": list(refusal.reasons) if refusal.status == 400 else refusal.reasons[0]}


def _as_object(refusal: Refusal) -> Any:
    """The error of 3.x: message, code and status, and for 400 each reason where it belongs."""
    message = HTTPStatus(refusal.status).phrase.capitalize()
    error: dict[str, Any] = {
        "message": message,
        "code": message.lower().replace(" ", "-"),
        "status": refusal.status,
    }
    if refusal.status == 401 and refusal.reasons[0].startswith("message."):
        error["message"] = error["code"] = refusal.reasons[0].removeprefix("message.")
    if refusal.status == 400:
        placed: dict[str, dict[str, list[str]]] = {}
        for reason in refusal.reasons:
            place, colon, text = reason.partition(": ")
            placed.setdefault(place if colon else "", {"errors": []})["errors"].append(
                text or place
            )
        error["errors"] = placed.pop("", {"errors": []})["errors"]
        if placed:
            error["properties"] = placed
    return {"error": error}


FACES: dict[Generation, Face] = {
    # An analysis has a path that a saved report of that id would have, so it comes first.
    2: Face([*v2.ROUTES, *routes.ROUTES], _in_words),
    3: Face([*v3.ROUTES, *routes.ROUTES], _as_object),
}
