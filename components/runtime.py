"""Properties of this process: its URL, its secrets file and its frontend components."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from umami.settings import SECRETS


def base() -> str:
    """The path under which the dashboard is served, such as ``/stats``; ``""`` at the root."""
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


def public() -> str:
    """The dashboard's URL as the viewer's browser uses it, without a trailing slash."""
    here = urlsplit(st.context.url or "http://localhost")
    return f"{here.scheme}://{here.netloc}{base()}"


def secrets_file() -> Path:
    """The last secrets file that Streamlit reads; it need not exist."""
    files = [path for path in st.get_option("secrets.files") if str(path).endswith(".toml")]
    return Path(files[-1]) if files else SECRETS


def component(name: str, like: str = "") -> Any:
    """Register a Streamlit component with its files in ``frontend/``; its styles follow those of
    the component that it looks ``like``."""
    folder = Path(__file__).parent / "frontend"
    parts: dict[str, Any] = {
        path.suffix[1:]: path.read_text("utf-8") for path in folder.glob(f"{name}.*")
    }
    if like:
        parts["css"] = (folder / f"{like}.css").read_text("utf-8") + parts["css"]
    return st.components.v2.component(name, **parts)
