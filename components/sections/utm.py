"""UTM: what tagged links bring."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from components import (
    authorized,
    page_context,
    panels,
    parameters,
    rankings,
    tables,
    tiles,
    url_state,
)
from components.asking import Page as Asking
from components.asking import aside, blank
from components.charts import bars as drawn
from components.escaping import plain
from components.listing import listing
from components.told import utm as told
from umami.endpoints import traffic
from umami.errors import InvalidView
from umami.filters import Filter
from umami.models.reports import Utm
from umami.models.traffic import Stats
from umami.view import View

FIELDS: Final = {
    "source": "utmSource",
    "medium": "utmMedium",
    "campaign": "utmCampaign",
    "content": "utmContent",
    "term": "utmTerm",
}
DETAILS: Final = (
    rankings.Table("path", "Pages", "pages"),
    rankings.Table("utmSource", "Sources", "sources"),
    rankings.Table("utmMedium", "Media", "media"),
    rankings.Table("utmContent", "Contents", "contents"),
    rankings.Table("country", "Countries", "countries"),
)


def campaign(view: View) -> tuple[str, View | None]:
    """The campaign that is looked into, and the View of it; ``None`` where servers have none."""
    name = (parameters.read("campaign")["campaign"] or [""])[-1]
    if not name or "utmCampaign" not in page_context.client().capabilities.fields:
        return name, None
    try:
        return name, view.filtered("utmCampaign", name)
    except InvalidView as problem:
        aside(str(problem))
        return "", None


def tagged(now: Utm, all_views: Stats, *earlier: Utm | Stats) -> None:
    """How much of the traffic carries tags, and how much does not."""
    tiles.draw(told.tagged(now, all_views, *earlier))


def parameter(name: str, now: Utm, all_views: Stats | None, before: Utm | None = None) -> None:
    """One parameter: its first values as bars, all of them as a table."""
    table = told.table(name, now, all_views, before)
    if table.empty:
        blank(url_state.why_empty(told.none_of(name)))
        return
    compared = before is not None
    panels.chart(
        drawn.bars_figure,
        told.bars(table, compared=compared),
        key=f"bars_{name}",
        alt=f"Views by utm_{name}",
    )
    able = page_context.client().capabilities.fields
    looks_into = name == "campaign" and "utmCampaign" in able
    listing(
        table,
        told.fields(name, compared=compared),
        what=told.NAMES[name].lower(),
        key=f"utm_{name}",
        value="value" if looks_into or FIELDS[name] in able else None,
        active=url_state.chosen(FIELDS[name]),
        on_choose=_look_into if looks_into else partial(url_state.toggle, FIELDS[name]),
    )


def _look_into(name: str) -> None:
    parameters.write(campaign=name)


def detail(page: Asking, name: str, view: View) -> None:
    """One campaign: its figures, and what they are made of."""
    totals = tiles.ask(page, view)
    timeline = page.ask(traffic.pageviews(view))
    tabs = tables.ask(page, DETAILS, view, key="campaign_tabs")
    with panels.card(f"Campaign {plain(name, 60)}", about=url_state.described(view)):
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Close",
                key="close_campaign",
                icon=":material/close:",
                on_click=authorized.callback(parameters.write),
                kwargs={"campaign": ""},
            )
            st.button(
                "Filter every page by it",
                key="filter_campaign",
                icon=":material/filter_alt:",
                on_click=authorized.callback(
                    lambda: url_state.go(view.adding(_is(name), beside=False))
                ),
            )
        page.section(
            partial(tiles.row, page.client, view), totals.now, timeline, *totals.earlier, height=120
        )
        tables.rankings(page, tabs)


def _is(name: str) -> Filter:
    return Filter("utmCampaign", "eq", name)


def not_looked_into(name: str) -> None:
    """A link to a campaign at a server that cannot tell it apart."""
    with st.container(border=True):
        blank(f"This server cannot look into the campaign {plain(name, 60)}: newer ones can.")
