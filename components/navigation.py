"""Navigation between the pages that the viewer's permissions allow."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache
from typing import Any, Final

import streamlit as st

from access.permissions import Permissions
from components import formats, umami_server
from components.areas import PageInfo
from components.page_registry import ADMIN_PAGES, ALL_PAGES, MAILS, PAGES
from components.texts import _

PRODUCT: Final = "Umami Dashboard"
HOME: Final = "home"
"""The URL path of the first page, which is served at the root."""
_GOING: Final = "page and parameters to go to"


def go(name: str, **parameters: str | list[str]) -> None:
    """Open another page with its own parameters in the next run and keep the View; an empty
    parameter is cleared. Call it in a callback."""
    # An empty parameter in the URL would not clear the input that it is bound to.
    st.session_state.update({key: value for key, value in parameters.items() if not value})
    st.session_state[_GOING] = (name, {key: value for key, value in parameters.items() if value})


def go_on(permissions: Permissions) -> None:
    """Switch to the page that a callback requested. Call in ``app.py`` after the control bar."""
    name, parameters = st.session_state.pop(_GOING, (None, {}))
    area = next((area for area in opened(permissions) if area.name == name), None)
    if area:
        st.switch_page(area.file, query_params=parameters)


def opened(permissions: Permissions) -> list[PageInfo]:
    """The pages that these permissions allow for at least one website and that the server offers.

    A share link of Umami may be limited to some of them.
    """
    shown = umami_server.shared_sections()
    mine = [
        area
        for area in PAGES
        if _allows(permissions, area)
        and (shown is None or area.shared_as in shown)
        and not (area.needs and umami_server.lacks(area.needs))
    ]
    if permissions.exports_any:
        mine.append(MAILS)
    return [*mine, *ADMIN_PAGES] if permissions.admin else mine


def _allows(permissions: Permissions, area: PageInfo) -> bool:
    return permissions.opens(area.name) and (permissions.admin or not area.of_account)


def named(path: str, permissions: Permissions) -> str:
    """The name of the page at a URL path; the first page is served at the root."""
    mine = opened(permissions)
    # Streamlit calls the path of its default page empty.
    return mine[0].name if mine and path in ("", HOME) else path


def drawn(permissions: Permissions) -> st.Page:
    """Draw the grouped navigation and return the requested page.

    The first page is served at the root. URLs of pages that are not allowed show a refusal.
    """
    mine = opened(permissions)
    if not mine:
        return closed()
    groups: dict[str, list[st.Page]] = {}
    for area in mine:
        first = area is mine[0]
        page = _made(
            area.file,
            title=_(area.title),
            icon=f":material/{area.icon}:",
            url_path=HOME if first else area.name,
            default=first,
        )
        groups.setdefault(_(area.group), []).append(page)
    # Streamlit serves the default page only at /; add its name as a URL as well.
    hidden = [_hidden(mine[0].file, _(mine[0].title), mine[0])]
    for area in ALL_PAGES:
        if area not in mine:
            # The page itself says that the server is too old for it.
            lacking = area.needs and _allows(permissions, area)
            hidden.append(_hidden(area.file if lacking else _not_open, _(area.title), area))
    groups[_(mine[0].group)] += hidden
    return st.navigation(groups, expanded=True)


def closed() -> st.Page:
    """Register an empty page at every URL and hide the navigation, for viewers without access."""
    st.set_page_config(page_title=PRODUCT)
    home = _made(_nothing, title=PRODUCT, url_path=HOME, default=True)
    others = [_hidden(_nothing, PRODUCT, area) for area in ALL_PAGES]
    return st.navigation([home, *others], position="hidden")


def name_tab(page: str, website: str = "") -> None:
    """Set the title of the browser tab: ``Overview · Fjord & Fern``.

    Later runs keep it until it is set again, so set it once in a run: the tab would flicker.
    """
    shown = formats.shortened("".join(filter(str.isprintable, website)).strip()) or PRODUCT
    st.set_page_config(page_title=f"{page} · {shown}")


def _hidden(page: str | Callable[[], None], title: str, area: PageInfo) -> st.Page:
    return _made(page, title=title, url_path=area.name, visibility="hidden")


def _made(page: str | Callable[[], None], **options: Any) -> st.Page:
    """A copy of a cached page, since creating a page checks its file on disk."""
    return copy(_prototype(page, **options))


_prototype: Final = cache(st.Page)


def _nothing() -> None:
    """An empty page."""


def _not_open() -> None:
    st.title(_("No access"), anchor=False)
    st.caption(_("You do not have access to this page. Ask the admin of this dashboard."))
