"""Rankings: ten rows with share bars, the rest in a dialog, all of it as CSV."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from components import authorized, export_permissions, formats, freshness, url_state
from components.escaping import plain
from components.loading import QueryClient
from components.notices import show_empty
from components.rankings import MEASURES, Shares, Table, full, shares
from components.rankings import ask as ask_for
from components.render import Page
from components.share_table import Row, share_table
from components.table import search, to_csv
from umami import names
from umami.models.traffic import Ranking, Stats
from umami.view import View

SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Tabs:
    """Tables behind tabs, and the answers for the one that is shown."""

    key: str
    tables: Sequence[Table]
    shown: Table
    answers: tuple[Future[Any], ...]
    """The ranking, and what ``rankings.shares`` takes beside it."""


def ask(page: Page, tables: Sequence[Table], view: View, *, key: str) -> Tabs:
    """Ask for one of the tables: the one whose tab is open."""
    opened = st.session_state.get(key)
    shown = next((table for table in tables if table.tab == opened), tables[0])
    return Tabs(key, tables, shown, ask_for(page, shown, view))


def rankings(page: Page, asked: Tabs) -> None:
    """Draw the tabs, and the table that was asked for."""
    place = st.container()
    if len(asked.tables) > 1:
        tabs = st.tabs([table.tab for table in asked.tables], key=asked.key, on_change="rerun")
        place = tabs[list(asked.tables).index(asked.shown)]
    with place:
        page.section(partial(draw, page.client, asked.shown), *asked.answers, height=400)


def rows(
    table: Table, ranking: pd.DataFrame, active: Collection[str] = (), *, free: bool = True
) -> list[Row]:
    """The first rows of a ranking (``name``, ``count``, ``share``, ``country``) to draw.

    ``active`` are the values that everything is filtered by, ``free`` says whether a click may
    filter. Bars are relative to the longest.
    """
    top = ranking.head(SHOWN)
    longest = float(top["count"].max()) if len(top) else 0.0
    found = []
    for value, count, share, of in zip(
        top["name"], top["count"], top["share"], top["country"], strict=True
    ):
        found.append(
            Row(
                name=names.label(table.field, value, of=of if isinstance(of, str) else None),
                count=formats.whole(count),
                share=formats.percent(None if pd.isna(share) else share),
                bar=round(100 * count / longest, 1) if longest else 0.0,
                value=value if table.filters and free else None,
                active=value in active,
            )
        )
    return found


def draw(
    client: QueryClient,
    table: Table,
    ranking: Ranking,
    stats: Stats | None = None,
    channels: Ranking | None = None,
) -> None:
    """The first ten rows, a click on which filters the page, and a way to all of them."""
    if table.field == "channel":
        st.caption("How channels are counted", help=plain(client.definitions.channel, 400))
    found = shares(table, ranking, stats, channels)
    frame = found.frame
    if frame.empty:
        show_empty(table.why_empty(url_state.view()))
        return
    field = table.filters
    share_table(
        rows(table, frame, url_state.chosen(field), free=url_state.free()),
        what=table.many.capitalize(),
        measure=MEASURES[ranking.measure],
        part=found.heading,
        about=found.about,
        key=f"ranking_{table.field}",
        on_choose=partial(url_state.toggle, field or table.field),
    )
    if len(frame) > SHOWN and st.button(
        f"All {len(frame):,} {table.many}",
        key=f"all_{table.field}",
        type="tertiary",
        icon=":material/open_in_full:",
    ):
        _everything(table, found)


def _everything(table: Table, ranking: Shares) -> None:
    frame = full(table, ranking)

    def draw() -> None:
        freshness.hold()
        needle = st.text_input(
            "Search",
            type="search",
            placeholder=f"Search {len(frame):,} {table.many}",
            label_visibility="collapsed",
            live=True,
            key=f"search_{table.field}",
        )
        found = search(frame, needle or "")
        st.dataframe(
            found.assign(**{ranking.heading: 100 * found[ranking.heading]}),
            hide_index=True,
            height=430,
            lazy=False,
            column_config={
                found.columns[0]: st.column_config.TextColumn(width="large"),
                MEASURES[ranking.measure]: st.column_config.NumberColumn(format="localized"),
                ranking.heading: st.column_config.ProgressColumn(
                    format="%.1f%%",
                    min_value=0,
                    max_value=100 * float(frame[ranking.heading].fillna(1).max()),
                    help=ranking.about,
                ),
            },
        )
        export_permissions.button(
            lambda: to_csv(found), file_name=f"{table.field}.csv", key=f"csv_{table.field}"
        )

    authorized.dialog(table.many.capitalize(), draw)
