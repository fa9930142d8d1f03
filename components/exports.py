"""Taking data out of the dashboard: who may, and that they did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from components import address, viewer
from umami.errors import UmamiError

OVER: Final = b"This is not open to you any more.\n"
"""What is in the file of somebody who was allowed to download when the page was drawn."""


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

    now = viewer.apart()

    def made() -> bytes:
        # Runs when the button is pressed, apart from any run of the page, maybe long after it.
        still = now().rights.exports(website)
        try:
            viewer.record(looking, "export", f"{file_name} of {website}", done=still)
        except UmamiError:
            return OVER
        return make() if still else OVER

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
    """Take the platform's own download off tables, which neither makes formulas harmless nor is
    written down; and all of its buttons for those who may not export."""
    st.html(
        "<style>[data-testid='stElementToolbarButton']:has([aria-label*='Download as CSV'])"
        "{display:none}</style>"
    )
    if not allowed():
        st.html("<style>[data-testid='stElementToolbar']{display:none}</style>")
