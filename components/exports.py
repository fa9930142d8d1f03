"""Taking data out of the dashboard: who may, and that they did."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from components import address, viewer


def allowed() -> bool:
    """Whether the viewer may take out data of the website that is looked at."""
    return viewer.current().rights.exports(address.view().website)


def button(
    make: Callable[[], bytes],
    *,
    file_name: str,
    key: str,
    mime: str = "text/csv",
    label: str = "Download CSV",
) -> None:
    """A button that downloads what ``make`` makes; nothing for those who may not export."""
    looking, website = viewer.current(), address.view().website
    if not allowed():
        return

    def made() -> bytes:
        # Runs when the button is pressed, apart from any run of the page.
        viewer.record(looking, "export", f"{file_name} of {website}")
        return make()

    st.download_button(
        label,
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
    if not allowed():
        st.html("<style>[data-testid='stElementToolbar']{display:none}</style>")
