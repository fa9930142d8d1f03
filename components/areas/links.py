"""Links & pixels: the clicks of short links and the views of tracking pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal

import pandas as pd

from components import blocks as ui
from components import formats, rankings, texts, traffic_blocks
from components.areas import PageInfo, last_value
from components.charts.tiles import Figures, figures, unexplained
from components.formats import Field
from components.loading import Collector
from components.texts import N_, _
from components.view_description import described
from umami.api import boards, traffic
from umami.api.boards import Link, Pixel
from umami.api.traffic import Stats
from umami.endpoint import Query
from umami.errors import InvalidView
from umami.normal_forms import uuid_of
from umami.parsing import Page
from umami.view import View

Kind = Literal["links", "pixels"]
INFO: Final = PageInfo(
    "links",
    N_("Links & pixels"),
    "link",
    N_("Marketing"),
    4,
    N_("Clicks of your short links and views of your tracking pixels, with their visitors."),
    ("links", "pixels"),
    ("stats", "pageviews", "metrics"),
    params=("link",),
    page_params=(*ui.list_param_names("links"), *ui.list_param_names("pixels")),
    needs="links",
    of_account=True,
    # A report is about a website, and readers of it may not see what belongs to the account.
    in_reports=False,
)
MOST: Final = 1000
"""Links, and pixels, among which an opened one is looked up that is not in the lists."""
COUNTED: Final = N_("Clicks or views")
TABLES: Final = (
    *rankings.SOURCES[:1],
    rankings.COUNTRIES,
    *rankings.ENVIRONMENT[:2],
)


@dataclass(frozen=True, slots=True)
class _Words:
    """The texts of a list."""

    title: str
    many: str
    counted: str
    about: str
    empty: str
    short: str
    """The path of the short address, before the slug."""
    list: Callable[..., Query[Page[Any]]]


LISTS: Final[Mapping[Kind, _Words]] = {
    "links": _Words(
        N_("Links"),
        N_("links"),
        N_("Clicks"),
        N_("Short addresses that lead to a page and count each click."),
        N_("No links yet. Add them in Umami under Links."),
        "/q/",
        boards.links,
    ),
    "pixels": _Words(
        N_("Pixels"),
        N_("pixels"),
        N_("Views"),
        N_("Invisible pictures in mails and other pages that count each view."),
        N_("No pixels yet. Add them in Umami under Pixels."),
        "/p/",
        boards.pixels,
    ),
}


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """The opened link or pixel, and both lists with the figures of their rows."""
    positions = {kind: ui.list_position(kind, params) for kind in LISTS}
    pages = {
        kind: query.ask(words.list(positions[kind].search, positions[kind].page, ui.PAGE_SIZE))
        for kind, words in LISTS.items()
    }
    opened = last_value(params, "link")
    if opened:
        yield from _opened(query, view, opened, pages)
    for kind in LISTS:
        yield _list(query, view, kind, positions[kind], pages[kind], opened)


def _list(
    query: Collector,
    view: View,
    kind: Kind,
    position: ui.ListPosition,
    page: Future[Page[Any]],
    opened: str,
) -> ui.Card:
    """A card with a page of a list and the figures of its rows."""
    words = LISTS[kind]

    def ask_more(rows: Page[Link | Pixel]) -> list[Future[Stats | None]]:
        views = [view.of_website(row.id) for row in rows.rows]
        earlier = [each.compared() for each in views if each.comparison != "umami"]
        return [query.optional(traffic.stats(each)) for each in (*views, *earlier) if each]

    search = ui.SearchBox(position, _("Search name or address"))
    about = _(words.about)
    if view.is_filtered:
        no_filters = _("Filters of the website do not apply to them.")
        about = f"{about} {no_filters}"
    return ui.Card(
        _(words.title),
        [
            ui.Section(_("Search"), lambda: [search], framed=False),
            ui.Section(
                _(words.title),
                partial(list_blocks, kind, position, opened),
                [page],
                ask_more=ask_more,
                height=ui.TABLE,
            ),
        ],
        about=about,
    )


def list_blocks(
    kind: Kind,
    position: ui.ListPosition,
    opened: str,
    page: Page[Link | Pixel],
    *stats: Stats | None,
) -> list[ui.Block]:
    """A table with a row for each link or pixel; a click opens or closes its figures.

    ``stats`` are the totals of the rows, and then those of the comparison, if it has its own.
    """
    words, count = LISTS[kind], len(page.rows)
    rows = []
    for at, row in enumerate(page.rows):
        now = stats[at]
        other = stats[count + at] if len(stats) > count else None
        before = other.current if other else now.previous if now else None
        clicks = now.current.views if now else None
        rows.append(
            {
                "id": row.id,
                "name": row.name,
                "target": row.url if isinstance(row, Link) else "",
                "address": f"{words.short}{row.slug}",
                "views": clicks,
                "change": formats.change(clicks, before.views if before else None),
                "visitors": now.current.visitors if now else None,
            }
        )
    frame = pd.DataFrame(
        rows, columns=["id", "name", "target", "address", "views", "change", "visitors"]
    )
    frame = frame.astype(dict.fromkeys(("views", "change", "visitors"), "float64"))
    fields: Sequence[Field] = [
        Field("name", _("Name"), "text", note="target" if kind == "links" else None),
        Field("address", _("Short address"), "text", wide=True),
        Field("views", _(words.counted), bar=True),
        Field("change", _("Change"), "change"),
        Field("visitors", _("Visitors"), wide=True),
    ]
    return ui.paged_blocks(
        ui.Table(
            _(words.many),
            frame,
            fields,
            kind,
            shown=ui.PAGE_SIZE,
            value="id",
            on_choose=lambda id: ui.SetParams({"link": "" if id == opened else id}),
            active=(opened,),
        ),
        page,
        position,
        title=_(words.many),
        empty=_(words.empty),
    )


def _opened(
    query: Collector, view: View, id: str, pages: Mapping[Kind, Future[Page[Any]]]
) -> Iterator[ui.Item]:
    """A card with the figures of a link or pixel: totals, over time, and rankings."""
    close = ui.Buttons("link", [(_("Close"), "close", ui.SetParams({"link": ""}))])
    try:
        opened = view.of_website(uuid_of(id, N_("link")))
    except InvalidView as problem:
        note = ui.Text(texts.sentence(problem), "note")
        yield ui.Card("", [ui.blocks_section("", note, close)])
        return

    def ask_all(*shown: Page[Link | Pixel]) -> list[Future[Page[Any]]]:
        if _row_of(opened, shown):
            return []
        none: Page[Any] = Page((), 0)
        return [query.hint(words.list(None, 1, MOST), none) for words in LISTS.values()]

    rankings_of_it = traffic_blocks.ranking_tabs(query, TABLES, opened, key="link_tabs")
    totals = query.totals(opened)
    timeline = query.compared(opened, traffic.pageviews)
    yield ui.Card(
        "",
        [
            ui.Section(
                "",
                partial(_heading, opened, close),
                [*pages.values()],
                ask_more=ask_all,
                height=70,
            ),
            ui.Section(_("Figures"), _figures, [*totals]),
            ui.Section(
                _("Over time"),
                partial(traffic_blocks.traffic, opened, "", counted=_(COUNTED)),
                [*timeline],
                height=300 + ui.CHART_BUTTONS,
            ),
            replace(rankings_of_it, tabs=[*map(_unclickable, rankings_of_it.tabs)]),
        ],
    )


def _row_of(view: View, pages: Sequence[Page[Link | Pixel]]) -> Link | Pixel | None:
    """The opened link or pixel, if it is on one of the pages."""
    return next((row for page in pages for row in page.rows if row.id == view.website), None)


def _heading(view: View, close: ui.Buttons, *pages: Page[Link | Pixel]) -> list[ui.Block]:
    """The name of the opened link or pixel, and a button that closes it."""
    row = _row_of(view, pages)
    if row is None:
        text = _("The name of this link or pixel is unknown: it may have been deleted.")
        return [ui.Text(text, "note"), close]
    blocks: list[ui.Block] = [ui.Text(formats.shortened(row.name), "heading")]
    if isinstance(row, Link):
        blocks.append(ui.Text(_("Leads to {url}").format(url=row.url)))
    blocks.append(ui.Text(described(view)))
    return [*blocks, close]


def _figures(now: Stats, compared: Stats | None = None) -> list[ui.Block]:
    fields: Figures = [
        (COUNTED, "views", N_("How often the link was clicked or the pixel loaded."), "count"),
        (N_("Visitors"), "visitors", N_("Different visitors."), "count"),
    ]
    before = compared.current if compared else now.previous
    reason = _("The rankings below show what changed for a link or pixel.")
    return [ui.Tiles(unexplained(figures(now.current, before, fields), reason))]


def _unclickable(tab: ui.Tab) -> ui.Tab:
    """A ranking whose rows do not filter: filters are those of the website."""

    def section() -> ui.Section:
        ranked = tab.section()

        def make(*answers: Any) -> list[ui.Block]:
            return [
                replace(block, filter_field=None, value=None)
                if isinstance(block, ui.Table)
                else block
                for block in ranked.make(*answers)
            ]

        return replace(ranked, make=make)

    return replace(tab, section=section)
