"""Where on its host the dashboard lives: at the root, or under a path of its own."""

from __future__ import annotations

import streamlit as st


def base() -> str:
    """The path that stands before every address of ours: ``/stats``, or nothing at the root."""
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""
