"""What the log says of faults: their kind and where they came from, never what they held.

The platform logs the whole of a fault that no page held, before anybody else hears of it.
"""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any, Final

from components.questions import where

_MAKE: Final = logging.LogRecord
Fault = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def brief() -> None:
    """Have every log of this process tell of faults so; may be called again."""
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
        record.exc_text = where(fault[1])
    return record
