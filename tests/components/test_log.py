"""The log tells of a fault what it is and where, and nothing that it held."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from components import log


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a log of this process says."""
    text = io.StringIO()
    logger = logging.getLogger("of another library")
    logger.addHandler(handler := logging.StreamHandler(text))
    log.brief()
    yield text
    logging.setLogRecordFactory(logging.LogRecord)
    logger.removeHandler(handler)


def test_a_fault_is_named_and_not_quoted(written: io.StringIO) -> None:
    logger = logging.getLogger("of another library")
    try:
        raise KeyError("a secret")
    except KeyError as problem:
        logger.exception("It failed for %s", "somebody")
        logger.error("Once more", exc_info=problem)
    said = written.getvalue()
    assert "It failed for somebody\nKeyError at " in said
    assert "Once more\nKeyError at " in said
    assert "test_log.py:" in said
    assert "a secret" not in said
    assert "Traceback" not in said


def test_what_is_no_fault_stays(written: io.StringIO) -> None:
    logging.getLogger("of another library").error("%d of %d", 1, 2)
    assert written.getvalue() == "1 of 2\n"
