"""Draws a page with Streamlit: sends its queries together and draws each section when it is ready.

Every section has a fixed place on the page and is drawn as soon as its answers arrive. A section
that fails shows its error and does not affect the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import ModuleType
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

import streamlit as st

from access.permissions import Forbidden
from access.reader import Reader
from components import (
    chart_notes,
    draw_blocks,
    elements,
    freshness,
    history,
    page_context,
    texts,
    url_state,
)
from components.blocks import (
    TILES,
    Block,
    Card,
    Columns,
    Grid,
    Item,
    Params,
    ReportItems,
    Section,
    Tabs,
    Tiles,
)
from components.elements import show_empty, show_error
from components.escaping import plain
from components.loading import Collector, QueryClient, failed, fault_location
from components.render_lock import released
from components.texts import _
from umami.client import Reply
from umami.endpoint import Query
from umami.errors import NotOffered, NotShared, UmamiError
from umami.scheduling import Caller
from umami.view import View

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

FIRST_SCREEN: Final = 2
"""Items of a layout that fill the first screen."""
PATIENCE: Final = 1.0
"""Seconds without any answer after which the page shows why it waits."""
POLL: Final = 0.2
"""Seconds between two checks whether the viewer has left a waiting page."""
_DRAWN: Final = "what the last run drew, place by place"
_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class _Place:
    """A section's place on the page.

    ``height`` is that of its skeleton in pixels, and 0 if it has none: the last run drew the same
    section there, and its blocks stay visible until the new answers arrive.
    """

    prepare: Callable[..., Callable[[], None]]
    """Receives the answers; returns a function that draws the section."""
    answers: Sequence[Future[Any]]
    slot: Any
    number: int
    """Counts the sections of the page, from 1."""
    height: int
    ask_more: Callable[..., Sequence[Future[Any]]] | None = None
    """Receives the answers once; returns those of further queries."""

    def is_ready(self) -> bool:
        """Whether all answers have arrived; sends the further queries when the first ones have."""
        if not _ready(self.answers):
            return False
        if self.ask_more is None or any(answer.exception() for answer in self.answers):
            return True
        ask_more, self.ask_more = self.ask_more, None
        try:
            more = ask_more(*(answer.result() for answer in self.answers))
        except UmamiError as problem:
            more = [failed(problem)]
        self.answers = [*self.answers, *more]
        return _ready(more)


@dataclass(frozen=True, slots=True)
class _OpenTab:
    """Tabs with the section of the open one, whose queries were sent."""

    tabs: Tabs
    index: int
    section: Section


@dataclass(slots=True)
class Page(Collector):
    """One run of one page: its queries, and the sections that wait for their answers."""

    _notice: Any = field(default_factory=st.empty)
    _noticed: bool = False
    _since: float = field(default_factory=freshness.since)
    _waiting: list[_Place] = field(default_factory=list)
    _drawn: list[tuple[str | None, ...]] = field(default_factory=list)
    _drawn_before: Sequence[tuple[str | None, ...]] = field(
        # After an unfinished run the content of the page is unknown.
        default_factory=lambda: st.session_state.pop(_DRAWN, ())
    )

    def stored(self, read: Callable[[Reader], T], default: T, *key: str) -> T:
        """As ``Collector.stored``; other runs draw meanwhile."""
        with released():
            return Collector.stored(self, read, default, *key)

    def prepare(self, items: Iterable[Item]) -> list[Any]:
        """Send all queries of a layout, except those of closed tabs, without drawing.

        Those that are sent after ``FIRST_SCREEN`` items are of what is below the first screen.
        """
        prepared: list[Any] = []
        for item in items:
            if not isinstance(item, ReportItems):
                prepared.append(self._prepared(item))
                self.below = len(prepared) >= FIRST_SCREEN
        self.below = False
        return prepared

    def _prepared(self, item: Item) -> Any:
        match item:
            case Card() | Columns() | Grid():
                return replace(item, items=[*map(self._prepared, item.items)])
            case Tabs():
                labels = [tab.label for tab in item.tabs]
                opened = st.session_state.get(item.key)
                index = labels.index(opened) if opened in labels else 0
                return _OpenTab(item, index, item.tabs[index].section())
        return item

    def draw(self, prepared: Sequence[Any], *, nested: bool = False) -> None:
        """Draw a prepared layout; ``nested`` inside a card draws sections without frames."""
        for item in prepared:
            match item:
                case Section() | Card() if item.medium == "report":
                    continue
                case Section() if item.framed and not nested:
                    key = f"low_on_phones_{len(self._drawn)}" if item.low_on_phones else None
                    with elements.card(plain(item.title, 100), item.about, key):
                        self._section(item)
                case Section():
                    self._section(item)
                case Card():
                    with elements.card(plain(item.title, 100), item.about):
                        self.draw(item.items, nested=True)
                case Columns():
                    places = st.columns(list(item.widths) or len(item.items))
                    for place, part in zip(places, item.items, strict=True):
                        with place:
                            self.draw([part], nested=nested)
                case Grid():
                    with elements.grid():
                        self.draw(item.items, nested=nested)
                case _OpenTab(tabs, index, section):
                    place = st.container()
                    if len(tabs.tabs) > 1:
                        labels = [tab.label for tab in tabs.tabs]
                        place = st.tabs(labels, key=tabs.key, on_change="rerun")[index]
                    with place:
                        self._section(section)

    def _section(self, section: Section) -> None:
        def prepare(*answers: Any) -> Callable[[], None]:
            blocks = section.make(*answers)
            source = ""
            if any(isinstance(block, Tiles) for block in blocks):
                source = self.source(section.answers)
            return partial(draw_blocks.draw, *_sourced(blocks, source))

        self._reserve(prepare, section.answers, section.height, section.ask_more)

    def section(
        self,
        draw: Callable[[Unpack[Ts]], None],
        *answers: Future[Any],
        height: int = TILES,
    ) -> None:
        """Reserve a place here, and call ``draw`` with the answers once they have arrived.

        If all answers are available, it is called immediately. Otherwise a skeleton of ``height``
        pixels fills the place, unless the last run drew the same section: that stays visible.
        """

        def prepare(*results: Any) -> Callable[[], None]:
            return partial(draw, *results)

        self._reserve(prepare, answers, height)

    def over_charts(self, draw: Callable[..., None], view: View, *more: Future[Any]) -> None:
        """Call ``draw`` with the notes of the website and ``more`` answers once they have arrived.
        They are sent after what the page shows, and no chart waits for them."""

        def prepare(*answers: Any) -> Callable[[], None]:
            return partial(draw, *answers)

        # It reads the database.
        with self.later(), released():
            answer = self.notes(view)
        self._drawn.append((self.key(answer),))
        place = _Place(prepare, [answer, *more], st.container(), len(self._drawn), 0)
        self._waiting.append(place)

    def _reserve(
        self,
        prepare: Callable[..., Callable[[], None]],
        answers: Sequence[Future[Any]],
        height: int,
        ask_more: Callable[..., Sequence[Future[Any]]] | None = None,
    ) -> None:
        self._drawn.append(tuple(self.key(answer) for answer in answers))
        # This section is visible if the last run drew the same sections up to here.
        drawn_before = (
            None not in self._drawn[-1] and [*self._drawn_before[: len(self._drawn)]] == self._drawn
        )
        number = len(self._drawn)
        place = _Place(prepare, answers, None, number, 0, ask_more)
        if place.is_ready():
            place.slot = st.container()
            _draw_place(place)
            return
        if drawn_before:
            place.slot = st.container()
        else:
            place.slot, place.height = st.skeleton(height=height), height
        self._waiting.append(place)

    def finish(self) -> None:
        """Draw waiting sections as their answers arrive; then show the age of the answers and
        refresh stale ones.

        Places keep the heights of their skeletons until the page is drawn.
        """
        heights = [
            f".st-key-section_{place.number}{{min-height:{place.height}px}}"
            for place in self._waiting
            if place.height
        ]
        if heights:
            # Streamlit does not remove styles that are alone.
            self._notice.html(f"<i class='heights'></i><style>{''.join(heights)}</style>")
        while self._waiting:
            ready = [place for place in self._waiting if place.is_ready()]
            for place in ready:
                self._waiting.remove(place)
                _draw_place(place)
            pending = {
                answer for place in self._waiting for answer in place.answers if not answer.done()
            }
            if pending:
                with released():
                    self._await_any(pending)
        if self._noticed or heights:
            self._notice.empty()
        st.session_state[_DRAWN] = tuple(self._drawn)
        answered = [sent for sent in self.sent if sent[1].done()]
        freshness.tell((reply for _unused, reply in answered))
        freshness.follow(self.client, answered)

    def _await_any(self, answers: Iterable[Future[Any]]) -> None:
        """Wait until one of the answers arrives; show the reason if that takes long."""
        silent = 0.0
        while not wait(answers, POLL, return_when=FIRST_COMPLETED).done:
            _stop_if_left()
            silent += POLL
            if silent >= PATIENCE and self.client.waiting and not self._noticed:
                self._noticed = True
                self._notice.caption(
                    _(
                        ":material/hourglass_top: Umami Cloud takes 50 calls in 15 seconds. "
                        "This page waits for its turn."
                    )
                )


@contextmanager
def open_page(client: QueryClient) -> Iterator[Page]:
    """Collect the queries and sections of a page; the end of the block draws waiting sections.

    If the viewer leaves meanwhile, the run ends and its pending queries are dropped.
    """
    page = Page(client, reader=page_context.reader())
    try:
        yield page
        page.finish()
    finally:
        page.leave()


@contextmanager
def area_page(area: ModuleType) -> Iterator[tuple[Page, View, Params]]:
    """Send the queries of an area, draw its controls in the block, and then draw its layout."""
    view = url_state.view()
    with open_page(page_context.client()) as page:
        params = url_state.page_params(area.INFO)
        layout = page.prepare(area.ask(page, view, params))
        yield page, view, params
        page.draw(layout)
        if area.INFO.shows_notes:
            days = history.ask_shown(page, view, params) if area.INFO.marks_unusual_days else ()
            page.over_charts(partial(chart_notes.draw, view), view, *days)


def answers(client: QueryClient, *queries: Query[Any]) -> list[Reply[Any]]:
    """Send queries and wait until all have succeeded or failed.

    If the viewer leaves meanwhile, the run ends and pending queries are dropped.
    """
    caller = Caller()
    replies = [client.submit(query, caller) for query in queries]
    try:
        with released():
            while wait(replies, POLL).not_done:
                _stop_if_left()
    finally:
        caller.leave()
    return replies


def _sourced(blocks: Iterable[Block], source: str) -> Iterator[Block]:
    """The blocks, with the source of figures that do not name their own."""
    for block in blocks:
        if isinstance(block, Tiles):
            tiles = [
                tile if tile.source or tile.number is None else replace(tile, source=source)
                for tile in block.tiles
            ]
            yield replace(block, tiles=tiles)
        else:
            yield block


def _stop_if_left() -> None:
    """End this run if its viewer has left: Streamlit stops a run when it reads session state."""
    bool("left" in st.session_state)


def _ready(answers: Iterable[Future[Any]]) -> bool:
    return all(answer.done() for answer in answers)


def _draw_place(place: _Place) -> None:
    try:
        # Before its skeleton is replaced, so that the place is not empty meanwhile.
        draw = place.prepare(*(answer.result() for answer in place.answers))
    except Exception as problem:
        draw = partial(_show_failure, problem)
    slot = place.slot
    if place.height:
        # Streamlit draws an empty container only if it has a height; page.css leaves that out.
        slot = slot.container(height=place.height, border=False, key=f"section_{place.number}")
    with slot:
        try:
            draw()
        except Exception as problem:
            _show_failure(problem)


def _show_failure(problem: Exception) -> None:
    """Show why a section could not be drawn; a bug does not affect other sections."""
    match problem:
        case NotOffered() | NotShared():
            show_empty(plain(texts.sentence(problem)))
        case Forbidden():
            st.caption(f":material/lock: {plain(texts.sentence(problem))}")
        case UmamiError():
            show_error(problem)
        case _:
            _LOG.error("a section could not be drawn: %s", fault_location(problem))
            show_error(UmamiError(_("This part of the page could not be drawn.")))
