"""Ensures that pages run only as part of a run of ``app.py``.

Streamlit runs ``pages/x.py`` by itself when that address is the first one opened after a process
start, before any session has called ``st.navigation``. Start-up, sign-in and permission checks of
``app.py`` have not run then. So every page calls ``check`` first, and a page that runs by itself
redirects to the app, which opens the requested page.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

import streamlit as st

from components.texts import _

_OPEN: ContextVar[bool] = ContextVar("gate is open", default=False)
ROOT: Final = Path(__file__).parents[1]
_SENT_ON: Final = "sent on by the gate"


@contextmanager
def opening() -> Iterator[None]:
    """Let pages run inside the block; only ``app.py`` calls this, around the requested page.

    The mark is a context variable: it never applies to another session, thread or run.
    """
    token = _OPEN.set(True)
    try:
        yield
    finally:
        _OPEN.reset(token)


def check() -> None:
    """Return if ``app.py`` runs this page; otherwise stop the page and rerun ``app.py``.

    Calling ``st.navigation`` disables Streamlit's own handling of ``pages/``, so that the rerun
    is a run of ``app.py`` with the same page and the same URL.
    """
    if _OPEN.get():
        st.session_state.pop(_SENT_ON, None)
        return
    if st.session_state.get(_SENT_ON):
        st.caption(_("This page is a part of the dashboard: open it through app.py."))
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
