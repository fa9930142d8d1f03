"""Taking data out of the dashboard: who may, and that they did."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from components import address, viewer


def button(make: Callable[[], bytes], *, file_name: str, key: str, mime: str = "text/csv") -> None:
    """A button that downloads what ``make`` makes; nothing for those who may not export."""
    looking, website = viewer.current(), address.view().website
    if not looking.rights.exports(website):
        return

    def made() -> bytes:
        # Runs when the button is pressed, apart from any run of the page.
        viewer.record(looking, "export", f"{file_name} of {website}")
        return make()

    st.download_button(
        "Download CSV",
        key=key,
        data=made,
        file_name=file_name,
        mime=mime,
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def toolbars() -> None:
    """Take the platform's own download buttons off tables and charts for those who may not."""
    if not viewer.current().rights.exports(address.view().website):
        st.html("<style>[data-testid='stElementToolbar']{display:none}</style>")
