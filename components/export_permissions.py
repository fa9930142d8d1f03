"""Taking data out of the dashboard: who may, the audit entry, and buttons for links and charts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import streamlit as st

from components import authorized, url_state, viewer
from umami.errors import UmamiError

OVER: Final = b"This is not open to you any more.\n"
"""What is in the file of somebody who was allowed to download when the page was drawn."""


def allowed() -> bool:
    """Whether the viewer may take out data of the website that is looked at."""
    return viewer.current().permissions.exports(url_state.view().website)


def export_button(
    make: Callable[[], bytes],
    *,
    file_name: str,
    key: str,
    mime: str = "text/csv",
    label: str = "Download CSV",
    website: str = "",
    prominent: bool = False,
) -> None:
    """A button that downloads what ``make`` makes; nothing for those who may not export.

    ``make`` is called when the button is pressed, and only if the viewer is unchanged by then.
    ``website`` is whose data it is, where that may be another one than the page shows;
    ``prominent`` draws the button as the one to press.
    """
    looking, website = viewer.current(), website or url_state.view().website
    if not looking.permissions.exports(website):
        return

    unchanged = authorized.apart()

    def made() -> bytes:
        # Runs when the button is pressed, apart from any run of the page, maybe long after it.
        still = unchanged()
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
        type="primary" if prominent else "tertiary",
        width="stretch" if prominent else "content",
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


_FRONTEND: Final = Path(__file__).parent / "frontend"
_COMPONENT = st.components.v2.component(
    "chart_download",
    html=(_FRONTEND / "chart_download.html").read_text("utf-8"),
    css=(_FRONTEND / "chart_download.css").read_text("utf-8"),
    js=(_FRONTEND / "chart_download.js").read_text("utf-8"),
)
_KEY: Final = "chart_download"


def download_buttons() -> None:
    """A button that copies the link; and on every chart, for those who may export, two that save
    it as PNG and as SVG."""
    website = url_state.view().website

    def taken() -> None:
        name: Any = st.session_state[_KEY].taken
        if isinstance(name, str):
            viewer.record(viewer.current(), "export", f"{name[:100]} of {website}")

    _COMPONENT(
        key=_KEY,
        data={"charts": allowed()},
        width="content",
        on_taken_change=authorized.callback(taken),
    )
