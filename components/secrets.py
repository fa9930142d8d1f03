"""Where the secrets of this project stand."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from umami.settings import SECRETS


def file() -> Path:
    """The file of the secrets, the last of those that Streamlit reads; need not be there."""
    files = [one for one in st.get_option("secrets.files") if str(one).endswith(".toml")]
    return Path(files[-1]) if files else SECRETS
