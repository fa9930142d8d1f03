"""Translate an HTTP error of a server into our own error. The body of an error is a text, a list of
texts (2.x), an object (3.x), a web page, or empty."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic_core import from_json

from umami import errors
from umami.texts import N_, Message

MOST_REASONS, LONGEST_REASON, DEEPEST = 20, 300, 8


def meaning(status: int, body: bytes, *, endpoint: str, address: str) -> errors.UmamiError:
    """The error for a response with this status, which is not a success."""
    texts = reasons(body)
    problem = _meaning(status, texts, endpoint, address)
    problem.endpoint = endpoint
    if isinstance(problem, errors.Rejected):
        problem.reasons = texts
    elif isinstance(problem, errors.ServerFault):
        problem.status = status
    return problem


def _meaning(status: int, texts: tuple[str, ...], endpoint: str, address: str) -> errors.UmamiError:
    details = "; ".join(texts).removesuffix(".")
    if status in (401, 403):
        return errors.Unauthorised(
            Message("The server does not let this account request “{endpoint}”.", endpoint=endpoint)
        )
    if status == 404 and texts:
        return errors.NotFound(
            Message("The server has no data to answer “{endpoint}” with.", endpoint=endpoint)
        )
    if status in (404, 405):
        return errors.NotOffered(
            Message(
                "The server at {address} is not Umami, or a version without “{endpoint}”.",
                address=address,
                endpoint=endpoint,
            )
        )
    if status == 408:
        return errors.TimedOut(
            Message("The server timed out while it waited for “{endpoint}”.", endpoint=endpoint)
        )
    if status == 429:
        return errors.RateLimited(N_("The server requires a pause: there were too many requests."))
    if 400 <= status < 500 and details:
        return errors.Rejected(
            Message(
                "The server refused “{endpoint}”: {details}.", endpoint=endpoint, details=details
            )
        )
    if 400 <= status < 500:
        return errors.Rejected(Message("The server refused “{endpoint}”.", endpoint=endpoint))
    if status == 503 and details:
        return errors.ServerFault(
            Message(
                "The server answers “{endpoint}” with: {details}.",
                endpoint=endpoint,
                details=details,
            )
        )
    if status >= 500:
        return errors.ServerFault(
            Message(
                "The server failed while answering “{endpoint}” (status {status}).",
                endpoint=endpoint,
                status=status,
            )
        )
    return errors.UnexpectedAnswer(
        Message(
            "The server’s answer to “{endpoint}” has the unexpected status {status}.",
            endpoint=endpoint,
            status=status,
        )
    )


def reasons(body: bytes) -> tuple[str, ...]:
    """The server's reasons, one sentence each, as 2.x and 3.x write them; none from a web page."""
    try:
        answer = from_json(body)
    except ValueError:
        return ()
    error = answer.get("error") if isinstance(answer, dict) else None
    texts = map(_single_line, islice(_texts(error), 10 * MOST_REASONS))
    return tuple(islice(dict.fromkeys(filter(None, texts)), MOST_REASONS))


def _texts(error: Any) -> Iterator[str]:
    if isinstance(error, str):
        yield error
    elif isinstance(error, list):
        yield from (text for text in error if isinstance(text, str))
    elif isinstance(error, dict):
        nested = list(islice(_nested(error, "", DEEPEST), 10 * MOST_REASONS))
        yield from nested or _summary(error.get("message"), error.get("code"))


def _summary(message: Any, code: Any) -> Iterator[str]:
    """The message of an error, with the words of its code where the message lacks them."""
    words = code.replace("-", " ") if isinstance(code, str) else ""
    if not isinstance(message, str) or not message:
        yield words
    elif words and words.casefold() not in message.casefold().replace("-", " "):
        yield f"{message} ({words})"
    else:
        yield message


def _nested(error: Any, place: str, depth: int) -> Iterator[str]:
    """The texts of 3.x: the ``errors`` of a place, of its ``properties`` and of its ``items``."""
    if not isinstance(error, dict) or not depth:
        return
    texts, properties, items = (error.get(key) for key in ("errors", "properties", "items"))
    for text in texts if isinstance(texts, list) else ():
        if isinstance(text, str):
            yield f"{place}: {text}" if place else text
    for name, value in properties.items() if isinstance(properties, dict) else ():
        yield from _nested(value, f"{place}.{name}" if place else name, depth - 1)
    for number, value in enumerate(items) if isinstance(items, list) else ():
        yield from _nested(value, f"{place}[{number}]", depth - 1)


def _single_line(text: str) -> str:
    """The text as one line of bounded length."""
    line = re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()
    return line if len(line) <= LONGEST_REASON else line[:LONGEST_REASON] + "…"
