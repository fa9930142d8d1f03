"""Short messages in place of content: errors with their remedy, notes, empty states."""

from __future__ import annotations

import streamlit as st

from components.escaping import plain
from umami.errors import UmamiError


def show_error(problem: UmamiError, icon: str = "cloud_off") -> None:
    """Say what went wrong and what can be done, in the place where the answer would be."""
    with st.container(border=True):
        st.markdown(f":material/{icon}: {plain(str(problem))}")
        st.caption(plain(problem.remedy))


def show_note(sentence: str) -> None:
    """Say something about what the viewer asked for, such as a part of a link that cannot be."""
    st.caption(f":material/info: {plain(sentence)}")


def show_empty(sentence: str) -> None:
    """Say that there is nothing yet, and what would fill this place."""
    with st.container(height="content", horizontal_alignment="center"):
        st.caption(sentence, text_alignment="center")


def show_fault(problem: Exception) -> bool:
    """Say calmly that a run failed; for faults that no section held, which the platform logs.

    Returns ``True``: the platform need not say it, too.
    """
    if not isinstance(problem, UmamiError):
        problem = UmamiError("This page could not be drawn.")
    show_error(problem)
    return True
