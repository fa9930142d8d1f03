"""The title of a page, and frames around its sections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st


@contextmanager
def title(text: str) -> Iterator[None]:
    """A page's title; what is drawn inside stands beside it."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.header(text, anchor=False, width="content")
        with st.container(width="content"):
            yield


@contextmanager
def card(text: str, about: str = "") -> Iterator[None]:
    """A frame around one or more sections, with its title and a line about what it shows."""
    with st.container(border=True, height="stretch", gap="xsmall"):
        if text:
            st.subheader(text, anchor=False)
        if about:
            st.caption(about)
        yield
