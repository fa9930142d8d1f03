"""Where on its host the dashboard lives: at the root, or under a path of its own."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st


def base() -> str:
    """The path that stands before every address of ours: ``/stats``, or nothing at the root."""
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


def public() -> str:
    """The dashboard's address as this viewer's browser knows it, without a slash at the end."""
    here = urlsplit(st.context.url or "http://localhost")
    return f"{here.scheme}://{here.netloc}{base()}"
