"""Short messages in place of content: errors with their remedy, notes, empty states, progress."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from components import authorized, formats
from components.escaping import plain
from umami.background_task import BackgroundTask
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


EVERY: Final = 0.5
"""Seconds after which a page looks how far the work is."""


def show_progress(work: BackgroundTask[Any], *, what: str, key: str) -> None:
    """Show how far running work is, until it ends; then the page is drawn anew.

    ``what`` says in a word or two what is being done. Nothing else of the page runs meanwhile.
    """

    @authorized.fragment(run_every=EVERY)
    def watched() -> None:
        if work.state != "running":
            st.rerun()
        left = work.left
        rest = "" if left is None else f" · {formats.duration(left)} left"
        st.progress(work.share, text=f"{what}: {work.share:.0%}{rest}")
        st.button(
            "Cancel",
            key=f"{key}_cancel",
            type="tertiary",
            on_click=authorized.callback(work.call_off),
        )

    watched()
