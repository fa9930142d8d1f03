"""What a refusal means: from a status and a body to our own error.

Bodies of refusals come as a text, a list of texts, an object (3.x), a web page, or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic_core import from_json

from umami.errors import (
    NotFound,
    NotOffered,
    RateLimited,
    Rejected,
    ServerFault,
    TimedOut,
    UmamiError,
    Unauthorised,
    UnexpectedAnswer,
)

MOST_REASONS, LONGEST_REASON, DEEPEST = 20, 300, 8


def meaning(status: int, body: bytes, *, endpoint: str, address: str) -> UmamiError:
    """The error that an answer with this status, other than a success, stands for."""
    said = reasons(body)
    if status in (401, 403):
        return Unauthorised(
            f"The server does not let this account ask for “{endpoint}”.", endpoint=endpoint
        )
    if status == 404 and said:
        return NotFound(f"The server has nothing to answer “{endpoint}” with.", endpoint=endpoint)
    if status in (404, 405):
        return NotOffered(
            f"The server at {address} is not Umami, or a version without “{endpoint}”.",
            endpoint=endpoint,
        )
    if status == 408:
        return TimedOut(f"The server gave up waiting for “{endpoint}”.", endpoint=endpoint)
    if status == 429:
        return RateLimited("The server asks for a pause: too many questions.", endpoint=endpoint)
    if 400 <= status < 500:
        because = f": {'; '.join(said)}" if said else ""
        return Rejected(
            f"The server refused “{endpoint}”{because}.".replace("..", "."),
            endpoint=endpoint,
            reasons=said,
        )
    if status == 503 and said:
        return ServerFault(
            f"The server answers “{endpoint}” with: {'; '.join(said)}.".replace("..", "."),
            endpoint=endpoint,
            status=status,
        )
    if status >= 500:
        return ServerFault(
            f"The server failed while answering “{endpoint}” (status {status}).",
            endpoint=endpoint,
            status=status,
        )
    return UnexpectedAnswer(
        f"The server’s answer to “{endpoint}” has the unexpected status {status}.",
        endpoint=endpoint,
    )


def reasons(body: bytes) -> tuple[str, ...]:
    """The server's reasons, one sentence each, as 2.x or 3.x spells them; none of a web page."""
    try:
        answer = from_json(body)
    except ValueError:
        return ()
    error = answer.get("error") if isinstance(answer, dict) else None
    unique = dict.fromkeys(filter(None, map(_plain, islice(_said(error), 10 * MOST_REASONS))))
    return tuple(islice(unique, MOST_REASONS))


def _said(error: Any) -> Iterator[str]:
    if isinstance(error, str):
        yield error
    elif isinstance(error, list):
        yield from (one for one in error if isinstance(one, str))
    elif isinstance(error, dict):
        detailed = list(islice(_nested(error, "", DEEPEST), 10 * MOST_REASONS))
        yield from detailed or _summary(error.get("message"), error.get("code"))


def _summary(message: Any, code: Any) -> Iterator[str]:
    """The message of an error, with the words of its code where they say more."""
    words = code.replace("-", " ") if isinstance(code, str) else ""
    if not isinstance(message, str) or not message:
        yield words
    elif words and words.casefold() not in message.casefold().replace("-", " "):
        yield f"{message} ({words})"
    else:
        yield message


def _nested(error: Any, place: str, deeper: int) -> Iterator[str]:
    """3.x nests: ``errors`` of a place, its ``properties`` by name, its ``items`` by number."""
    if not isinstance(error, dict) or not deeper:
        return
    errors, inner, items = (error.get(key) for key in ("errors", "properties", "items"))
    for one in errors if isinstance(errors, list) else ():
        if isinstance(one, str):
            yield f"{place}: {one}" if place else one
    for name, value in inner.items() if isinstance(inner, dict) else ():
        yield from _nested(value, f"{place}.{name}" if place else name, deeper - 1)
    for number, value in enumerate(items) if isinstance(items, list) else ():
        yield from _nested(value, f"{place}[{number}]", deeper - 1)


def _plain(text: str) -> str:
    """One line of bounded length."""
    line = re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()
    return line if len(line) <= LONGEST_REASON else line[:LONGEST_REASON] + "…"
