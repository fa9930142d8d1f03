"""Buttons that copy the page's link and save each chart as PNG or SVG.

A Streamlit component of version 2. The browser makes the pictures, on the page's background;
nothing is sent to the server.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import streamlit as st

from components import authorized, export_permissions, url_state, viewer

_FRONTEND: Final = Path(__file__).parent / "frontend"
_COMPONENT = st.components.v2.component(
    "chart_download",
    html=(_FRONTEND / "chart_download.html").read_text("utf-8"),
    css=(_FRONTEND / "chart_download.css").read_text("utf-8"),
    js=(_FRONTEND / "chart_download.js").read_text("utf-8"),
)
_KEY: Final = "chart_download"


def download_buttons() -> None:
    """A button that copies the link; and on every chart, for those who may export, two that save
    it as PNG and as SVG."""
    website = url_state.view().website

    def taken() -> None:
        name: Any = st.session_state[_KEY].taken
        if isinstance(name, str):
            viewer.record(viewer.current(), "export", f"{name[:100]} of {website}")

    _COMPONENT(
        key=_KEY,
        data={"charts": export_permissions.allowed()},
        width="content",
        on_taken_change=authorized.callback(taken),
    )
