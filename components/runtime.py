"""Facts about this process: its address, its secrets file, the lock under which it draws."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import streamlit as st

from umami.fair_lock import FairLock
from umami.settings import SECRETS


def base() -> str:
    """The path under which the dashboard is served, such as ``/stats``; ``""`` at the root."""
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


def public() -> str:
    """The dashboard's URL as this viewer's browser knows it, without a trailing slash."""
    here = urlsplit(st.context.url or "http://localhost")
    return f"{here.scheme}://{here.netloc}{base()}"


def secrets_file() -> Path:
    """The last secrets file that Streamlit reads; it need not exist."""
    files = [path for path in st.get_option("secrets.files") if str(path).endswith(".toml")]
    return Path(files[-1]) if files else SECRETS


RENDER_LOCK: Final = FairLock()
"""One script run draws at a time, first come, first served."""
