"""The log names the type and place of an exception, but no values."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from components import log

ID = "8f95528c-dee2-44b1-945d-3f9f279a2049"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """The output of this process's log."""
    text = io.StringIO()
    loggers = [logging.getLogger(name) for name in ("of another library", "streamlit.runtime.some")]
    handler = logging.StreamHandler(text)
    for logger in loggers:
        logger.addHandler(handler)
    log.shorten()
    yield text
    logging.setLogRecordFactory(logging.LogRecord)
    for logger in loggers:
        logger.removeHandler(handler)


def test_exception_is_logged_without_its_message(written: io.StringIO) -> None:
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


def test_other_messages_are_logged_unchanged(written: io.StringIO) -> None:
    logging.getLogger("of another library").error("%d of %d", 1, 2)
    assert written.getvalue() == "1 of 2\n"


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("session %s", (ID,)),
        (f"session {ID}", ()),
        ("sessions %r", ({ID: 1},)),
        ("sessions %(all)s", ({"all": [ID.upper()]},)),
        ("%d sessions", (ID,)),
    ],
)
def test_session_ids_are_shortened(
    written: io.StringIO, message: str, arguments: tuple[object, ...]
) -> None:
    logging.getLogger("streamlit.runtime.some").error(message, *arguments)
    assert "session" in written.getvalue()
    assert ID not in written.getvalue().lower()


def test_arguments_of_a_record_stay_separate() -> None:
    """For formatters that use them, such as uvicorn's access log."""
    record = logging.LogRecord("uvicorn.access", 20, "", 1, "%s %s", ("GET", f"/upload/{ID}"), None)
    log.shorten_ids(record)
    assert record.args == ("GET", f"/upload/{ID[:8]}…")
