"""What the log says of faults: their kind and where they came from, never what they held.

The platform logs the whole of a fault that no page held, before anybody else hears of it. It also
logs the ids of sessions, each of which opens its session to whoever knows it: they are shortened.
"""

from __future__ import annotations

import logging
import re
from types import TracebackType
from typing import Any, Final

from components.loading import fault_location

_MAKE: Final = logging.LogRecord
_PLATFORM: Final = ("streamlit", "uvicorn", "starlette", "asyncio")
"""Whose loggers know sessions by their ids."""
_SESSION: Final = re.compile(
    r"\b([0-9a-f]{8})-?[0-9a-f]{4}(?:-?[0-9a-f]{4}){2}-?[0-9a-f]{12}\b", re.I
)
Fault = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def brief() -> None:
    """Have every log of this process tell of faults and sessions so; may be called again."""
    logging.setLogRecordFactory(_record)


def _record(
    name: str,
    level: int,
    path: str,
    line: int,
    message: object,
    arguments: Any,
    fault: Fault | None,
    function: str | None = None,
    stack: str | None = None,
) -> logging.LogRecord:
    record = _MAKE(name, level, path, line, message, arguments, None, function, stack)
    if fault and fault[1]:
        record.exc_text = fault_location(fault[1])
    if name.partition(".")[0] in _PLATFORM:
        _shorten(record)
    return record


def _shorten(record: logging.LogRecord) -> None:
    """Leave the beginning of each id of a session; formatters may need arguments one by one."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            _SESSION.sub(r"\1…", one) if isinstance(one, str) else one for one in record.args
        )
    try:
        message = record.getMessage()
    except (TypeError, ValueError, LookupError):
        message = str(record.msg)
        record.args = ()
    if _SESSION.search(message):
        record.msg, record.args = _SESSION.sub(r"\1…", message), ()
