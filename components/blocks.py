"""What a page and its report consist of: blocks, the sections they stand in, and their layout.

An area (``components/areas/``) sends its queries and yields a layout of sections. Each section
names the answers it needs and a function that makes blocks of them. ``components/render.py`` draws
the layout with Streamlit; ``reports/`` turns the same blocks into HTML, PDF and XLSX. Whatever
needs a viewer (a click, a tab, a button) is an attribute or a block that reports leave out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Literal, TypeVar

import pandas as pd
import plotly.graph_objects as go

from components.charts.tiles import Tile
from components.formats import Field
from components.theme import Mode
from umami.endpoint import Query
from umami.models.paging import Page
from umami.view import View

T = TypeVar("T")
Medium = Literal["page", "report"]
Params = Mapping[str, Sequence[str]]
"""The parameters of one page, as its URL spells them; a missing one is an empty list."""


@dataclass(frozen=True, slots=True)
class Toggle:
    """Filter every page by one value of a field, or remove that filter."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class SetParams:
    """Set some of the page's own parameters."""

    values: Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Note:
    """Tell the viewer why their click changes nothing, or less than they may expect: ``view``."""

    text: str
    view: View | None = None


@dataclass(frozen=True, slots=True)
class OpenPage:
    """Open another page with some of its parameters; the View stays."""

    name: str
    values: Mapping[str, str]


Change = View | Toggle | SetParams | Note | OpenPage
"""What a click does: look at another View, toggle a filter, set parameters, say something, open
another page."""


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text, in which `` `backticks` `` mark code; ``lead`` is printed bold before it.

    ``icon`` (a Material symbol), ``help`` (a tooltip) and ``progress`` (a bar that is filled to
    this fraction, with the text above it) are for pages only.
    """

    text: str
    kind: Literal["heading", "caption", "body", "empty", "note"] = "caption"
    lead: str = ""
    icon: str = ""
    help: str = ""
    progress: float | None = None
    medium: Medium | None = None

    @property
    def plain(self) -> str:
        """The text as reports print it."""
        return " ".join(filter(None, (self.lead, self.text))).replace("`", "")


@dataclass(frozen=True, slots=True)
class Tiles:
    """Figures side by side; ``framed`` draws a border around each."""

    tiles: Sequence[Tile]
    framed: bool = True
    medium: Medium | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A Plotly figure of hashable data; ``alt`` says in words what it shows.

    ``on_choose`` turns the ``customdata`` of a clicked point into a change. ``is_map`` marks
    figures that need the geometry of the world.
    """

    alt: str
    key: str
    figure: Callable[[Any, Mode], go.Figure]
    data: Any
    on_choose: Callable[[Any], Change | None] | None = None
    is_map: bool = False
    medium: Medium | None = None

    def draw(self, mode: Mode) -> go.Figure:
        """The figure in one appearance."""
        return self.figure(self.data, mode)


@dataclass(frozen=True, slots=True)
class EChart:
    """A diagram that ECharts draws, on pages only: it reports clicks on nodes, which Plotly's
    Sankey diagrams do not, and it updates without being drawn anew.

    ``on_choose`` turns the position of a clicked node into a change. Pages narrower than
    ``min_width`` (pixels) scroll.
    """

    alt: str
    key: str
    spec: Callable[[Mode], dict[str, Any]]
    height: int
    min_width: int = 0
    on_choose: Callable[[int], Change | None] | None = None
    medium: Medium = "page"


@dataclass(frozen=True, slots=True)
class ListPosition:
    """Which page of a list (from 1) is looked at, and what is searched for in it; ``name`` is what
    the URL calls the list."""

    name: str
    page: int = 1
    search: str | None = None


@dataclass(frozen=True, slots=True)
class FullList(Generic[T]):
    """All of a list: the query for one page of it (number and size), and the frame of rows."""

    query: Callable[[int, int], Query[Page[T]]]
    frame: Callable[[Sequence[T]], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Paging:
    """What a page draws around a table that holds one page of a list: the way to the other pages
    and, with ``full``, a CSV of all of them.

    ``title`` names the rows of the list in the plural; ``count`` is how many the server counted,
    ``capped`` says that it stopped there.
    """

    title: str
    position: ListPosition
    count: int
    capped: bool = False
    full: FullList[Any] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A frame under its columns.

    ``title`` names its rows in the plural (``campaigns``), and names the file and the sheet;
    ``report_title`` names the sheet where ``title`` says too little.
    Pages show ``shown`` rows, a way to all of them, and a CSV; with ``shown=0`` only the CSV.
    Reports print ``printed`` rows, and workbooks hold all of them; 0 is for tables that a chart
    beside them shows already.

    The full list and its CSV have ``more_fields``, too; ``csv`` offers the CSV on the page itself.

    A click on a row gives the text in its column ``value``: to ``filter_field``, which is filtered
    by it, or to ``on_choose``. Rows with a value in ``active`` are marked, like those that the
    page is filtered by. A table higher than ``height`` pixels scrolls.
    """

    title: str
    frame: pd.DataFrame
    fields: Sequence[Field]
    key: str
    shown: int = 10
    printed: int = 15
    value: str | None = None
    filter_field: str | None = None
    on_choose: Callable[[str], Change] | None = None
    active: Collection[str] = ()
    more_fields: Sequence[Field] = ()
    csv: bool = True
    report_title: str = ""
    height: int | None = None
    paging: Paging | None = None
    medium: Medium | None = None


@dataclass(frozen=True, slots=True)
class Buttons:
    """Buttons in a row, on pages only: label, icon (or nothing), what a click does."""

    key: str
    buttons: Sequence[tuple[str, str, Change]]
    medium: Medium = "page"


@dataclass(frozen=True, slots=True)
class Cards:
    """Blocks in frames side by side, each frame with a title; reports print the blocks alone."""

    cards: Sequence[tuple[str, Sequence[Block]]]
    min_width: int = 330
    medium: Medium | None = None


@dataclass(frozen=True, slots=True)
class SearchBox:
    """An input for what is searched for in a list, on pages only."""

    position: ListPosition
    placeholder: str
    medium: Medium = "page"


@dataclass(frozen=True, slots=True)
class Expander:
    """Blocks that a viewer can fold away, on pages only."""

    label: str
    blocks: Sequence[Block]
    expanded: bool = True
    medium: Medium = "page"


Block = Text | Tiles | Chart | EChart | Table | Buttons | Cards | SearchBox | Expander


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks made of answers once these are there.

    ``make`` receives what the futures hold. ``about`` says what the section is of; ``height``
    (pixels) is that of the skeleton on a page. ``framed`` draws a card with the title around it;
    reports print the title in any case.
    """

    title: str
    make: Callable[..., Sequence[Block]]
    answers: Sequence[Future[Any]] = ()
    about: str = ""
    height: int = 120
    framed: bool = True
    medium: Medium | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """Items in one frame under a title; reports print the sections one after the other."""

    title: str
    items: Sequence[Item]
    about: str = ""
    medium: Medium | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Items side by side, with their relative ``widths``."""

    items: Sequence[Item]
    widths: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """Items side by side, as many as fit; ``min_width`` in pixels."""

    items: Sequence[Item]
    min_width: int = 330


@dataclass(frozen=True, slots=True)
class Stack:
    """Items one below the other, as a part of columns."""

    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab. ``section`` sends its queries; a page calls it for the open tab only.

    ``printed`` says whether reports have it.
    """

    label: str
    section: Callable[[], Section]
    printed: bool = True


@dataclass(frozen=True, slots=True)
class Tabs:
    """Tabs, one of them open; reports print one after the other."""

    key: str
    tabs: Sequence[Tab]


@dataclass(frozen=True, slots=True)
class ReportItems:
    """Items of reports only. ``items`` sends their queries, and may wait for answers."""

    items: Callable[[], Iterable[Item]]


Item = Section | Card | Columns | Grid | Stack | Tabs | ReportItems
"""A part of a layout."""


def blocks_section(
    title: str, *blocks: Block, framed: bool = True, medium: Medium | None = None
) -> Section:
    """A section that needs no answer."""
    return Section(title, lambda: blocks, framed=framed, medium=medium)


def failed_section(title: str, problem: Exception) -> Section:
    """A section that fails with this problem, where nothing could be asked."""

    def make() -> Sequence[Block]:
        raise problem

    return Section(title, make)


def printed(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks that reports print, those of cards one after the other."""
    for block in blocks:
        if block.medium == "page":
            continue
        if isinstance(block, Cards):
            for _, inner in block.cards:
                yield from printed(inner)
        else:
            yield block


def sections(items: Sequence[Item], medium: Medium) -> Iterator[Section]:
    """The sections of a layout in their order, with those of all tabs."""
    for item in items:
        match item:
            case Section():
                if item.medium in (None, medium):
                    yield item
            case Card():
                if item.medium in (None, medium):
                    yield from sections(item.items, medium)
            case Columns() | Grid() | Stack():
                yield from sections(item.items, medium)
            case Tabs():
                tabs = [tab for tab in item.tabs if tab.printed or medium == "page"]
                yield from sections([tab.section() for tab in tabs], medium)
            case ReportItems() if medium == "report":
                yield from sections(list(item.items()), medium)


SIZE: Final = 20
LAST: Final = 100_000
LONGEST_SEARCH: Final = 100


def param_names(name: str) -> tuple[str, str]:
    """The URL parameters of the list with this name: for its page, and for the search."""
    return f"{name}_page", f"{name}_search"


def position(name: str, params: Params) -> ListPosition:
    """The position in a list that its parameters name, or its beginning."""
    number, search = (next(iter(params.get(param, ())), "") for param in param_names(name))
    valid = number.isascii() and number.isdigit() and 0 < int(number[:9]) <= LAST
    search = search.strip()[:LONGEST_SEARCH]
    return ListPosition(name, int(number[:9]) if valid else 1, search or None)


def blocks(
    table: Table,
    answer: Page[Any],
    now: ListPosition,
    *,
    title: str,
    empty: str,
    full: FullList[Any] | None = None,
) -> list[Block]:
    """The ``table`` of an answer, with the way to the rest of the list, or why it is empty.

    ``title`` names the rows of the list in the plural; ``empty`` says what would fill it.
    """
    if not table.frame.empty:
        return [replace(table, paging=Paging(title, now, answer.count, answer.capped, full))]
    if answer.count and now.page > 1:
        first = SetParams({param_names(now.name)[0]: ""})
        return [
            Text(f"There are fewer {title} than that: this page is empty.", "empty"),
            Buttons(f"{table.key}_first", [("First page", "", first)]),
        ]
    return [Text(f"No {title} match the search." if now.search else empty, "empty")]
