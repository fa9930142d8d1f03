"""Why a request gets an error answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any


class Refusal(Exception):
    """A request that gets an error answer: a status and one reason or several."""

    def __init__(self, status: int, *reasons: str) -> None:
        super().__init__(*reasons)
        self.status = status
        self.reasons = reasons


class BadRequest(Refusal):
    """400: what is asked cannot be answered, for these reasons."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(400, *reasons)


def error_object(refusal: Refusal) -> dict[str, Any]:
    """The JSON body of a refusal: message, code, status, and for 400 each reason in its place."""
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
