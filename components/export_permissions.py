"""Exports: permission checks, audit entries, and buttons for downloads, links and charts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from components import authorized, texts, url_state, viewer
from components.runtime import component
from components.texts import _
from umami.errors import UmamiError

OVER: Final = b"You no longer have access to this data.\n"
"""The content of the file if the viewer lost access after the page was drawn."""


def allowed() -> bool:
    """Whether the viewer may export data of the current website."""
    return viewer.current().permissions.exports(url_state.view().website)


def export_button(
    make: Callable[[], bytes],
    *,
    file_name: str,
    key: str,
    mime: str = "text/csv",
    label: str = "",
    website: str = "",
    prominent: bool = False,
) -> None:
    """Draw a button that downloads the result of ``make``, if the viewer may export.

    ``make`` is called when the button is pressed, and only if the viewer is unchanged by then.
    ``website`` is the id of the exported website, by default the current one; ``prominent`` draws
    a primary button.
    """
    looking, website = viewer.current(), website or url_state.view().website
    if not looking.permissions.exports(website):
        return

    unchanged, locale = authorized.apart(), texts.locale()

    def made() -> bytes:
        # Runs when the button is pressed, possibly long after the run that drew the page.
        still = unchanged()
        try:
            viewer.record(looking, "export", f"{file_name} of {website}", done=still)
        except UmamiError:
            return OVER
        with texts.reading(locale):
            return make() if still else OVER

    st.download_button(
        label or _("Download CSV"),
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
    """Hide all buttons of the toolbars of tables from viewers who may not export."""
    if not allowed():
        st.html("<style>[data-testid='stElementToolbar']{display:none}</style>")


_CHARTS: Final = component("chart_download")
_KEY: Final = "chart_download"
_COPY_LINK: Final = component("copy_link")


def chart_buttons() -> None:
    """Draw a button above every chart that shows it as a table and, if the viewer may export,
    buttons that save it as PNG or SVG."""
    website = url_state.view().website

    def taken() -> None:
        name: Any = st.session_state[_KEY].taken
        if isinstance(name, str):
            viewer.record(viewer.current(), "export", f"{name[:100]} of {website}")

    _CHARTS(
        key=_KEY,
        data={
            "charts": allowed(),
            "save": _("{chart} as {format}"),
            "texts": {
                "table": _("Table"),
                "shown": _("{chart} as a table"),
                "name": _("Name"),
                "time": _("Time"),
                "value": _("Value"),
            },
        },
        on_taken_change=authorized.callback(taken),
    )


def copy_link() -> None:
    """Draw a button that copies the link to the page as it is shown."""
    _COPY_LINK(key="copy_link", data={"label": _("Copy link"), "done": _("Link copied")})
