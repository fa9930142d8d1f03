"""The pause that the ``Retry-After`` header of an answer asks for."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_NEVER: Final = 10.0**9


def seconds(after: str | None, date: str | None) -> float | None:
    """``Retry-After`` in seconds, a date relative to the server's own clock where it has a ``Date``
    header; ``None`` without the header, and for what is neither a number nor a date."""
    with suppress(ValueError):
        return max(0.0, min(_NEVER, float(after or "")))
    until = _parsed(after)
    if until is None:
        return None
    # A clock that is wrong is wrong in both dates; a date in the past is no pause.
    now = _parsed(date) or datetime.now(UTC)
    pause = (until - now).total_seconds()
    return pause if pause >= 0 else None


def _parsed(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
