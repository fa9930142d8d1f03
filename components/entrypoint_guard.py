"""The gate: a page runs only as a part of a run of ``app.py``.

Streamlit runs ``pages/x.py`` by itself when that address is the first one opened after a process
start, before any session has called ``st.navigation``. Nothing that ``app.py`` does (start-up,
sign-in, permissions) has happened then. So every page asks here first, and a page that was run by
itself sends its viewer on to the app, which opens the page they wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

import streamlit as st

_OPEN: ContextVar[bool] = ContextVar("gate is open", default=False)
ROOT: Final = Path(__file__).parents[1]
_SENT_ON: Final = "sent on by the gate"


@contextmanager
def opening() -> Iterator[None]:
    """Let pages run inside; only ``app.py`` does this, around the page it was asked for.

    The mark lives in the running call alone: no session, thread or later run can keep it.
    """
    token = _OPEN.set(True)
    try:
        yield
    finally:
        _OPEN.reset(token)


def check() -> None:
    """Return where ``app.py`` is running this page; anywhere else, run nothing of it.

    Calling ``st.navigation`` ends Streamlit's own running of ``pages/``, so that the run asked
    for next is one of ``app.py``, with the same page and the same URL.
    """
    if _OPEN.get():
        st.session_state.pop(_SENT_ON, None)
        return
    if st.session_state.get(_SENT_ON):
        st.caption("This page is a part of the dashboard: open it through app.py.")
        st.stop()
    st.session_state[_SENT_ON] = True
    st.navigation(
        [
            st.Page(ROOT / "app.py", default=True),
            *(st.Page(path) for path in sorted((ROOT / "pages").glob("*.py"))),
        ],
        position="hidden",
    )
    st.rerun()
