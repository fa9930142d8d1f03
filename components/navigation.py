"""The way from page to page, for those whose permissions open them."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache
from typing import Any, Final

import streamlit as st

from access.permissions import Permissions
from components import umami_server
from components.areas import PageInfo
from components.page_registry import ADMIN_PAGES, PAGES

HOME: Final = "home"
"""What the first page is called; it answers at the root."""
_GOING: Final = "page and parameters to go to"


def go(name: str, **parameters: str | list[str]) -> None:
    """Open another page with its own parameters in the next run; the View stays. A callback's."""
    st.session_state[_GOING] = (name, parameters)


def go_on(permissions: Permissions) -> None:
    """Go where a callback said. Call in ``app.py``, once the bar keeps the View in the URL."""
    name, parameters = st.session_state.pop(_GOING, (None, {}))
    area = next((area for area in opened(permissions) if area.name == name), None)
    if area:
        st.switch_page(area.file, query_params=parameters)


def opened(permissions: Permissions) -> list[PageInfo]:
    """The areas that these permissions open, at some website at least, and that the server shows: a
    share link of Umami may be limited to some of them."""
    shown = umami_server.shared_sections()
    mine = [
        area
        for area in PAGES
        if permissions.opens(area.name) and (shown is None or area.shared_as in shown)
    ]
    return [*mine, *ADMIN_PAGES] if permissions.admin else mine


def named(path: str, permissions: Permissions) -> str:
    """The name of the area at an address; the first one answers at the root."""
    mine = opened(permissions)
    return mine[0].name if mine and path == HOME else path


def drawn(permissions: Permissions) -> st.Page:
    """The navigation in its groups; returns the page that was asked for.

    The first area answers at the root. What is not open is at no address.
    """
    mine = opened(permissions)
    if not mine:
        return closed()
    groups: dict[str, list[st.Page]] = {}
    for area in mine:
        groups.setdefault(area.group, []).append(_page(area, first=area is mine[0]))
    # The default page answers at / alone; its own name is an address too.
    groups[mine[0].group].append(
        _made(mine[0].file, title=mine[0].title, url_path=mine[0].name, visibility="hidden")
    )
    for area in (*PAGES, *ADMIN_PAGES):
        if area not in mine:
            away = _made(_not_open, title=area.title, url_path=area.name, visibility="hidden")
            groups[mine[0].group].append(away)
    return st.navigation(groups, expanded=True)


def closed() -> st.Page:
    """No navigation at all, whatever address was opened: for whoever is not let in."""
    pages = [_made(_nothing, title="Umami Dashboard", url_path=HOME, default=True)]
    for area in (*PAGES, *ADMIN_PAGES):
        pages.append(
            _made(_nothing, title="Umami Dashboard", url_path=area.name, visibility="hidden")
        )
    return st.navigation(pages, position="hidden")


def _page(area: PageInfo, *, first: bool) -> st.Page:
    return _made(
        area.file,
        title=area.title,
        icon=f":material/{area.icon}:",
        url_path=HOME if first else area.name,
        default=first,
    )


def _made(page: str | Callable[[], None], **options: Any) -> st.Page:
    """A page for this run. Making one looks for its file on the disk, twenty times a run."""
    return copy(_prototype(page, **options))


@cache
def _prototype(page: str | Callable[[], None], **options: Any) -> st.Page:
    return st.Page(page, **options)


def _nothing() -> None:
    """A page without anything on it."""


def _not_open() -> None:
    st.header("Not open to you", anchor=False)
    st.caption("This page is not among those you can open. Ask whoever runs this dashboard.")
