"""What a page and its report consist of: blocks, the sections they stand in, and their layout.

An area (``components/areas/``) sends its queries and yields a layout of sections. Each section
names the answers it needs and a function that makes blocks of them. ``components/render.py`` draws
the layout with Streamlit; ``reports/`` turns the same blocks into HTML, PDF and XLSX. Whatever
needs a viewer (a click, a tab, a button) is an attribute or a block that reports leave out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import pandas as pd
import plotly.graph_objects as go

from components.charts.tiles import Tile
from components.fields import Field
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
    """Tell the viewer why their click changes nothing."""

    text: str


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

    ``icon`` (a Material symbol) and ``help`` (a tooltip) are for pages only.
    """

    text: str
    kind: Literal["heading", "caption", "body", "empty", "note"] = "caption"
    lead: str = ""
    icon: str = ""
    help: str = ""
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

    ``on_select`` turns the ``customdata`` of a clicked point into a change. ``is_map`` marks
    figures that need the geometry of the world.
    """

    alt: str
    key: str
    figure: Callable[[Any, Mode], go.Figure]
    data: Any
    on_select: Callable[[Any], Change | None] | None = None
    is_map: bool = False
    medium: Medium | None = None

    def draw(self, mode: Mode) -> go.Figure:
        """The figure in one appearance."""
        return self.figure(self.data, mode)


@dataclass(frozen=True, slots=True)
class LiveChart:
    """A chart that a page updates where it stands: ``spec`` makes the options of ECharts of
    ``data``; ``height`` in pixels."""

    alt: str
    key: str
    spec: Callable[[Any, Mode], dict[str, Any]]
    data: Any
    height: int
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

    ``title`` names its rows in the plural (``campaigns``), and names the file and the sheet.
    Pages show ``shown`` rows, a way to all of them, and a CSV; with ``shown=0`` only the CSV.
    Reports print ``printed`` rows, and workbooks hold all of them; 0 is for tables that a chart
    beside them shows already.

    The full list and its CSV have ``more_fields``, too; ``csv`` offers the CSV on the page itself.

    A click on a row gives the text in its column ``value``: to ``filter_field``, which is filtered
    by it, or to ``on_choose``. ``active`` are the values that were chosen. Beyond ``height``
    (pixels) the table scrolls.
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


Block = Text | Tiles | Chart | LiveChart | Table | Buttons | SearchBox | Expander


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
    """One tab. ``section`` sends its queries; a page calls it for the open tab only."""

    label: str
    section: Callable[[], Section]


@dataclass(frozen=True, slots=True)
class Tabs:
    """Tabs, one of them open; reports print all of them."""

    key: str
    tabs: Sequence[Tab]


Item = Section | Card | Columns | Grid | Stack | Tabs
"""A part of a layout."""


def blocks_section(title: str, *blocks: Block, framed: bool = True) -> Section:
    """A section that needs no answer."""
    return Section(title, lambda: blocks, framed=framed)


def sections(items: Sequence[Item], medium: Medium) -> Iterator[Section]:
    """The sections of a layout in their order, with those of every tab."""
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
                yield from sections([tab.section() for tab in item.tabs], medium)
