"""Long work on a page: how far it is, how long it will take, a way to call it off."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from components import authorized, formats
from umami.background_task import BackgroundTask

EVERY: Final = 0.5
"""Seconds after which a page looks how far the work is."""


def watch(work: BackgroundTask[Any], *, what: str, key: str) -> None:
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
            on_click=authorized.callback(work.cancel),
        )

    watched()
