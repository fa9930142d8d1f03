"""Websites: all of them at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final
from uuid import UUID

import streamlit as st

from components import (
    authorized,
    formats,
    navigation,
    page_registry,
    paged_lists,
    paging,
    parameters,
    tiles,
    url_state,
    viewer,
)
from components.blocks import ListPosition
from components.charts import common
from components.escaping import plain
from components.notices import show_empty, show_note
from components.render import Page as Asking
from umami.endpoints import traffic
from umami.models.traffic import Stats, Timeline
from umami.models.websites import Website
from umami.view import View

LIST: Final = "websites"
SIZE: Final = 12
"""Websites on a page: two questions each."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of the websites are looked at, and which of them is managed."""

    place: ListPosition
    site: str | None


def choice() -> Choice:
    """Read the choice off the URL; what cannot be is said."""
    given = parameters.read(*paged_lists.param_names(LIST), "site")
    site = (given["site"] or [""])[-1]
    try:
        site = str(UUID(site)) if site else ""
    except ValueError:
        show_note(f"“{site[:40]}” is not the id of a website.")
        site = ""
    return Choice(paged_lists.position(LIST, given), site or None)


def matching(sites: Sequence[Website], now: Choice) -> list[Website]:
    """Those whose name or domain contains what is searched for."""
    needle = (now.place.search or "").casefold()
    return [one for one in sites if needle in f"{one.name}\n{one.domain}".casefold()]


def glance(page: Asking, view: View, found: Sequence[Website], now: Choice) -> None:
    """Ask for each website of this page of the list, and keep a card for each."""
    if not found:
        with st.container(border=True):
            show_empty("No website matches the search.")
        return
    pages = -(-len(found) // SIZE)
    at = min(now.place.page, pages)
    shown = found[(at - 1) * SIZE : at * SIZE]
    of_each = [replace(view.unfiltered(), website=one.id) for one in shown]
    figures = [_asked(page, one) for one in of_each]
    with st.grid(3, min_column_width=260, gap="small"):
        for site, own, answers in zip(shown, of_each, figures, strict=True):
            with st.container(border=True, gap="xsmall", height="stretch", key=f"site_{site.id}"):
                _heading(site, now)
                page.section(partial(_visitors, own), *answers, height=120)
    if pages > 1:
        number = f"sites_page_{at}"
        st.pagination(
            pages,
            default=at,
            key=number,
            on_change=authorized.callback(lambda: paging.turn(LIST, st.session_state[number])),
        )


def _asked(page: Asking, one: View) -> list[Future[Any]]:
    """What a website's card shows: totals and their course."""
    totals = tiles.ask(page, one)
    return [totals.now, page.hint(traffic.pageviews(one), None), *totals.earlier]


def _heading(site: Website, now: Choice) -> None:
    st.subheader(plain(site.name, 60), anchor=False)
    st.caption(plain(site.domain or "No domain", 80))
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Open",
            key=f"look_{site.id}",
            type="tertiary",
            icon=":material/monitoring:",
            help="Look at this website",
            on_click=authorized.callback(_open),
            args=(site,),
        )
        managed = site.id == now.site
        if not viewer.current().permissions.administers(site.id):
            return
        st.button(
            "Close" if managed else "Manage",
            key=f"manage_{site.id}",
            type="tertiary",
            icon=":material/close:" if managed else ":material/settings:",
            on_click=authorized.callback(parameters.write),
            kwargs={"site": "" if managed else site.id},
        )


def _open(site: Website) -> None:
    url_state.change({"website": [site.id], "filter": []})
    navigation.go(page_registry.OVERVIEW.name)


def _visitors(
    view: View, stats: Stats, timeline: Timeline | None, compared: Stats | None = None
) -> None:
    before = compared.current if compared else stats.previous
    series: tuple[int, ...] = ()
    if timeline:
        over = common.over(timeline.frame, url_state.present(view))
        series = tuple(int(one) for one in over["sessions"])
    tile = tiles.counted(
        "Visitors",
        stats.current.visitors,
        before.visitors if before else None,
        f"{formats.whole(stats.current.visits)} visits.",
        series=series,
    )
    tiles.draw([tile], within=True)
