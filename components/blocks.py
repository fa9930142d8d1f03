"""The parts of a page and of its report: blocks, sections of blocks, and their layout.

An area (``components/areas/``) sends its queries and yields a layout of sections. Each section
names the answers it needs and a function that turns them into blocks. ``components/render.py``
draws the layout with Streamlit; ``reports/`` turns the same blocks into HTML, PDF and XLSX.
Interactive parts (clicks, tabs, buttons) are attributes or blocks that reports leave out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, Literal, TypeVar

import pandas as pd

from access.rules import Rule
from components.charts.common import Draw
from components.charts.tiles import Tile
from components.formats import Field
from components.texts import _
from components.theme import Mode
from umami.content_groups import GroupKind
from umami.endpoint import Query
from umami.parsing import Page
from umami.view import View

T = TypeVar("T")
Medium = Literal["page", "report"]
TILES, CURVES = 118, 160
"""The heights of a row of tiles, and of tiles with curves, in pixels."""
TABLE: Final = 409
"""The height of a table of ten rows with its buttons, in pixels."""
LIST: Final = 1037
"""The height of a page of a list with its buttons, in pixels."""
CHART_BUTTONS: Final = 26
"""The height of the row of buttons above a chart, in pixels."""
Params = Mapping[str, Sequence[str]]
"""The URL parameters of one page; a missing parameter is an empty list."""


@dataclass(frozen=True, slots=True)
class Toggle:
    """Filter every page by one value of a field, or by any of several, or remove that filter."""

    field: str
    value: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetParams:
    """Set some of the page's own parameters."""

    values: Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Note:
    """Show a note about the effect of a click; ``view`` is the View to open, if any."""

    text: str
    view: View | None = None


@dataclass(frozen=True, slots=True)
class OpenPage:
    """Open another page with some of its parameters; without a ``view``, the View stays."""

    name: str
    values: Mapping[str, str]
    view: View | None = None


@dataclass(frozen=True, slots=True)
class AddRule:
    """Save a rule of a website."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class DeleteRule:
    """Delete a rule of a website."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class EditGroups:
    """Open the form of the website's content groups or own channels."""

    kind: GroupKind


Change = View | Toggle | SetParams | Note | OpenPage | AddRule | DeleteRule | EditGroups
"""The effect of a click: open another View, toggle a filter, set parameters, show a note, open
another page, change a rule of the website, or open the form of its groups."""


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text, in which `` `backticks` `` mark code; ``lead`` is printed bold before it.

    The kind "code" is a text to copy, with a button for it.
    ``icon`` (a Material symbol), ``help`` (a tooltip) and ``progress`` (a bar that is filled to
    this fraction, with the text above it) are for pages only.
    """

    text: str
    kind: Literal["heading", "caption", "body", "empty", "note", "code"] = "caption"
    lead: str = ""
    icon: str = ""
    help: str = ""
    progress: float | None = None
    medium: Medium | None = None

    @property
    def plain(self) -> str:
        """The text for reports."""
        return " ".join(filter(None, (self.lead, self.text))).replace("`", "")


@dataclass(frozen=True, slots=True)
class Tiles:
    """Key figures side by side; ``framed`` draws a border around each.

    ``on_choose`` turns the measure of a clicked tile into a change; that of ``chosen`` is marked.
    ``on_explain`` turns the figure of a clicked change into one that shows why it changed. Several
    rows of tiles with clicks on one page have different keys.
    """

    tiles: Sequence[Tile]
    framed: bool = True
    on_choose: Callable[[str], Change] | None = None
    on_explain: Callable[[str], Change] | None = None
    chosen: str = ""
    key: str = ""
    medium: Medium | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A Plotly figure; ``alt`` is its text alternative. ``draw`` makes it in light or dark mode.

    ``on_choose`` turns the ``customdata`` of a clicked point into a change. ``is_map`` marks
    figures that need the geometry of the world.
    """

    alt: str
    key: str
    draw: Draw
    on_choose: Callable[[Any], Change | None] | None = None
    is_map: bool = False
    medium: Medium | None = None


@dataclass(frozen=True, slots=True)
class EChart:
    """A diagram that ECharts draws, on pages only: it reports clicks on nodes, which Plotly's
    Sankey diagrams do not, and it updates without a full redraw.

    ``on_choose`` turns the position of a clicked node into a change. Pages narrower than
    ``min_width`` (pixels) scroll. ``data`` is what the button "Table" shows.
    """

    alt: str
    key: str
    spec: Callable[[Mode], dict[str, Any]]
    height: int
    data: pd.DataFrame
    fields: Sequence[Field]
    min_width: int = 0
    on_choose: Callable[[int], Change | None] | None = None
    medium: Medium = "page"


@dataclass(frozen=True, slots=True)
class ListPosition:
    """The current page of a list (from 1) and the search text; ``name`` is the prefix of the list's
    URL parameters."""

    name: str
    page: int = 1
    search: str | None = None


@dataclass(frozen=True, slots=True)
class FullList(Generic[T]):
    """A full list: ``query`` makes the query for a page (number, size), ``frame`` converts rows."""

    query: Callable[[int, int], Query[Page[T]]]
    frame: Callable[[Sequence[T]], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Paging:
    """The controls around a table that shows one page of a list: page buttons and, with ``full``, a
    CSV export of all rows.

    ``title`` names the rows in the plural. ``count`` is the number of rows that the server
    reports; ``capped`` means that the list is longer.
    """

    title: str
    position: ListPosition
    count: int
    capped: bool = False
    full: FullList[Any] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A data frame with its columns.

    ``title`` names the rows in the plural (``campaigns``), and also the CSV file and the sheet;
    ``report_title`` overrides the name of the sheet.
    Pages show ``shown`` rows, a button for all rows, and a CSV; with ``shown=0`` only the CSV.
    Reports print ``printed`` rows, and workbooks hold all rows. Use 0 for tables whose data a
    chart already shows.

    The full list and its CSV also have ``more_fields``. ``csv`` offers the CSV on the page itself.

    A click on a row passes the text of its column ``value`` to ``on_choose``, or filters
    ``filter_field`` by it, or by all values that it stands for in ``merged``. Rows whose value is
    in ``active`` are marked, like those that the page is filtered by. A table higher than
    ``height`` pixels scrolls.
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
    merged: Mapping[str, Sequence[str]] = field(default_factory=dict)
    more_fields: Sequence[Field] = ()
    csv: bool = True
    report_title: str = ""
    height: int | None = None
    paging: Paging | None = None
    medium: Medium | None = None


@dataclass(frozen=True, slots=True)
class Buttons:
    """Buttons in a row, on pages only, as tuples of label, icon (may be empty) and effect."""

    key: str
    buttons: Sequence[tuple[str, str, Change]]
    medium: Medium = "page"


@dataclass(frozen=True, slots=True)
class Cards:
    """Framed groups of blocks side by side, each with a title; reports print only the blocks."""

    cards: Sequence[tuple[str, Sequence[Block]]]
    medium: Medium | None = None


@dataclass(frozen=True, slots=True)
class SearchBox:
    """The search input of a list, on pages only."""

    position: ListPosition
    placeholder: str
    medium: Medium = "page"


@dataclass(frozen=True, slots=True)
class Expander:
    """Collapsible blocks, on pages only."""

    label: str
    blocks: Sequence[Block]
    expanded: bool = True
    medium: Medium = "page"


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence about what happened. ``icon`` is a Material symbol; a click on the button with the
    label ``action`` and the symbol ``action_icon`` applies ``change``, which by default opens what
    the sentence is about."""

    text: str
    icon: str
    action: str = ""
    change: Change | None = None
    action_icon: str = "arrow_forward"


@dataclass(frozen=True, slots=True)
class Findings:
    """Sentences, most important first; reports print them as paragraphs. With a ``height``
    (pixels), they always take that, scroll if they are higher, and have buttons without text."""

    key: str
    findings: Sequence[Finding]
    height: int | None = None
    medium: Medium | None = None


Block = Text | Tiles | Chart | EChart | Table | Buttons | Cards | SearchBox | Expander | Findings


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks that are made once their answers have arrived.

    ``make`` receives the results of the futures. ``ask_more`` receives them, too, and sends the
    queries that depend on them, whose results ``make`` receives after the others. ``about`` is a
    caption; ``height`` (pixels) is that of the skeleton on a page, and should be that of the
    blocks. ``framed`` draws a card with the title around it; reports print the title in any case.
    With ``low_on_phones``, a framed section of ``Findings`` is a low row there, which scrolls.
    """

    title: str
    make: Callable[..., Sequence[Block]]
    answers: Sequence[Future[Any]] = ()
    ask_more: Callable[..., Sequence[Future[Any]]] | None = field(default=None, kw_only=True)
    about: str = ""
    height: int = TILES
    framed: bool = True
    low_on_phones: bool = False
    medium: Medium | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """Items in one frame with a title; reports print the sections in sequence."""

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
    """Items side by side, as many as fit in a row."""

    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab. ``section`` sends its queries; a page calls it only for the open tab.

    ``printed`` includes the tab in reports, which call it if it is a function.
    """

    label: str
    section: Callable[[], Section]
    printed: bool | Callable[[], bool] = True

    @property
    def in_reports(self) -> bool:
        """Whether reports include the tab."""
        return self.printed if isinstance(self.printed, bool) else self.printed()


@dataclass(frozen=True, slots=True)
class Tabs:
    """Tabs, one of which is open; reports print them in sequence."""

    key: str
    tabs: Sequence[Tab]


@dataclass(frozen=True, slots=True)
class ReportItems:
    """Items for reports only. ``items`` sends their queries and may wait for answers."""

    items: Callable[[], Iterable[Item]]


Item = Section | Card | Columns | Grid | Tabs | ReportItems
"""A part of a layout."""


def blocks_section(
    title: str, *blocks: Block, framed: bool = True, medium: Medium | None = None
) -> Section:
    """A section that needs no answer."""
    return Section(title, lambda: blocks, framed=framed, medium=medium)


def failed_section(title: str, problem: Exception) -> Section:
    """A section that raises ``problem``, for areas that cannot send their queries."""

    def make() -> Sequence[Block]:
        raise problem

    return Section(title, make)


def printed(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks that reports print, with cards flattened."""
    for block in blocks:
        if block.medium == "page":
            continue
        if isinstance(block, Cards):
            for _unused, inner in block.cards:
                yield from printed(inner)
        elif isinstance(block, Findings):
            yield from (Text(finding.text, "body") for finding in block.findings)
        else:
            yield block


def sections(items: Sequence[Item], medium: Medium) -> Iterator[Section]:
    """All sections of a layout in order, including those of every tab."""
    for item in items:
        match item:
            case Section():
                if item.medium in (None, medium):
                    yield item
            case Card():
                if item.medium in (None, medium):
                    yield from sections(item.items, medium)
            case Columns() | Grid():
                yield from sections(item.items, medium)
            case Tabs():
                tabs = [tab for tab in item.tabs if medium == "page" or tab.in_reports]
                yield from sections([tab.section() for tab in tabs], medium)
            case ReportItems() if medium == "report":
                yield from sections(list(item.items()), medium)


PAGE_SIZE: Final = 20
LAST_PAGE: Final = 100_000
LONGEST_SEARCH: Final = 100


def list_param_names(name: str) -> tuple[str, str]:
    """The names of a list's URL parameters: page number and search text."""
    return f"{name}_page", f"{name}_search"


def list_position(name: str, params: Params) -> ListPosition:
    """The position in a list from its URL parameters; invalid values give the first page."""
    number, search = (next(iter(params.get(param, ())), "") for param in list_param_names(name))
    valid = number.isascii() and number.isdigit() and 0 < int(number[:9]) <= LAST_PAGE
    search = search.strip()[:LONGEST_SEARCH]
    return ListPosition(name, int(number[:9]) if valid else 1, search or None)


def paged_blocks(
    table: Table,
    answer: Page[Any],
    now: ListPosition,
    *,
    title: str,
    empty: str,
    full: FullList[Any] | None = None,
) -> list[Block]:
    """The ``table`` of an answer with its paging, or a text that explains why it is empty.

    ``title`` names the rows of the list in the plural; ``empty`` is the text for an empty list.
    """
    if not table.frame.empty:
        return [replace(table, paging=Paging(title, now, answer.count, answer.capped, full))]
    if answer.count and now.page > 1:
        first = SetParams({list_param_names(now.name)[0]: ""})
        return [
            Text(
                _("There are fewer {title} than that: this page is empty.").format(title=title),
                "empty",
            ),
            Buttons(f"{table.key}_first", [(_("First page"), "", first)]),
        ]
    return [
        Text(
            _("No {title} match the search.").format(title=title) if now.search else empty, "empty"
        )
    ]
