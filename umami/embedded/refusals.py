"""Errors that a request is answered with."""

from http import HTTPStatus
from math import ceil
from typing import Any


class Refusal(Exception):
    """A request that is answered with an error: a status, and one reason or several. ``wait`` is
    the number of seconds after which the client can try again, for ``Retry-After``."""

    def __init__(self, status: int, *reasons: str, wait: float = 0) -> None:
        super().__init__(*reasons)
        self.status = status
        self.reasons = reasons
        self.headers = {"retry-after": str(ceil(wait))} if wait else {}


class BadRequest(Refusal):
    """400: the request is invalid, for these reasons, such as ``unit: Invalid unit``."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(400, *reasons)


def error_object(refusal: Refusal) -> dict[str, Any]:
    """The JSON body of a refusal: message, code and status; for 400 also the reasons by the
    parameter they begin with."""
    message = HTTPStatus(refusal.status).phrase.capitalize()
    code = message.lower().replace(" ", "-")
    if refusal.status == 503:
        message = code = refusal.reasons[0]
    if refusal.status == 401 and refusal.reasons[0].startswith("message."):
        message = code = refusal.reasons[0].removeprefix("message.")
    error: dict[str, Any] = {"message": message, "code": code, "status": refusal.status}
    if refusal.status == 400:
        reasons: dict[str, list[str]] = {"": []}
        for reason in refusal.reasons:
            parameter, colon, text = reason.partition(": ")
            reasons.setdefault(parameter if colon else "", []).append(text or parameter)
        error["errors"] = reasons.pop("")
        if reasons:
            error["properties"] = {name: {"errors": texts} for name, texts in reasons.items()}
    return {"error": error}
