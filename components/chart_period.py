"""A click or a drag on a time chart opens that stretch as the period of the View."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import streamlit as st

from components import authorized, url_state
from components.runtime import component
from umami.view import selected_period

_COMPONENT: Final = component("chart_period")
_KEY: Final = "chart_period"
_EPOCH: Final = datetime(1970, 1, 1)
_FARTHEST: Final = 6e13
"""Milliseconds from 1970 that a ``datetime`` can hold."""


def listen() -> None:
    """Listen for stretches that the viewer selects on the charts with ``common.selects_period``.

    Call it in a hidden container.
    """

    def selected() -> None:
        ends: Any = st.session_state[_KEY].selected
        if not isinstance(ends, list) or len(ends) != 2:
            return
        if not all(isinstance(end, int | float) and abs(end) < _FARTHEST for end in ends):
            return
        first, last = (_EPOCH + timedelta(milliseconds=end) for end in ends)
        if period := selected_period(url_state.view(), first, last, datetime.now(UTC)):
            url_state.go(period, keep_unit=False)

    _COMPONENT(key=_KEY, height=0, on_selected_change=authorized.callback(selected))
