"""Shortens exceptions and session ids in the log of this process."""

from __future__ import annotations

import logging
import re
from typing import Any, Final

from components.loading import fault_location

_PLATFORM: Final = ("streamlit", "uvicorn", "starlette", "asyncio")
"""Packages whose log messages contain session ids."""
_SESSION: Final = re.compile(
    r"\b([0-9a-f]{8})-?[0-9a-f]{4}(?:-?[0-9a-f]{4}){2}-?[0-9a-f]{12}\b", re.I
)


def shorten() -> None:
    """Shorten exceptions and session ids in all log records; may be called repeatedly."""
    logging.setLogRecordFactory(_record)


def _record(*values: Any, **more: Any) -> logging.LogRecord:
    record = logging.LogRecord(*values, **more)
    fault, record.exc_info = record.exc_info, None
    if fault and fault[1]:
        record.exc_text = fault_location(fault[1])
    if record.name.partition(".")[0] in _PLATFORM:
        shorten_ids(record)
    return record


def shorten_ids(record: logging.LogRecord) -> None:
    """Truncate session ids in the message and in each argument, since formatters use both."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            _SESSION.sub(r"\1…", argument) if isinstance(argument, str) else argument
            for argument in record.args
        )
    try:
        message = record.getMessage()
    except (TypeError, ValueError, LookupError):
        message = str(record.msg)
        record.args = ()
    if _SESSION.search(message):
        record.msg, record.args = _SESSION.sub(r"\1…", message), ()
