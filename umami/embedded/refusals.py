"""Why a request gets an error answer."""

from __future__ import annotations


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
