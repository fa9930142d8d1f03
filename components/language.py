"""The language of the viewer: that of the browser, or the one that they chose in this browser."""

from __future__ import annotations

from typing import Final

import streamlit as st

from components import texts
from components.runtime import base, component

_COOKIE: Final = "dashboard_language"
_CHOSEN: Final = "language that was chosen in this tab"
_COMPONENT: Final = component("language")


def resolve() -> None:
    """Set the locale of this run. Call it at the start of ``app.py`` and of everything that runs
    without it."""
    texts.set_locale(_locale())


def _locale() -> str:
    # Browsers send all of this, so it may be anything.
    browser = texts.supported(st.context.locale) or texts.ENGLISH
    chosen = texts.supported(st.session_state.get(_CHOSEN) or st.context.cookies.get(_COOKIE))
    # The browser also names the region, whose formats apply.
    return browser if chosen in (None, browser[:2]) else str(chosen)


def choose(language: str) -> None:
    """Show this browser the dashboard in another language from the next run on. Call it in a
    callback."""
    st.session_state[_CHOSEN] = language


def announce() -> None:
    """Tell the browser the language of the page, and to remember the one that was chosen. Call once
    per run."""
    chosen = st.session_state.get(_CHOSEN, "")
    # Streamlit's page is in English until it is told otherwise.
    if chosen or texts.language() != texts.ENGLISH:
        _COMPONENT(
            key="language",
            data={
                "language": texts.language(),
                "cookie": f"{_COOKIE}={chosen}" if chosen else "",
                "path": base() or "/",
            },
            height=0,
        )
