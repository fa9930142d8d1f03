"""Shows the age of a page's figures and refreshes them in the background.

A page with stale or failed answers polls for newer ones and is redrawn when they arrive. The page
keeps showing the old figures meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import wait
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Final, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components import authorized, elements, formats, texts, umami_server, url_state
from components.escaping import plain
from components.loading import QueryClient
from components.texts import _
from umami.client import Reply
from umami.endpoint import Query
from umami.errors import TRANSIENT, Cancelled, ServerVersionChanged, UmamiError, Unauthorised
from umami.scheduling import BACKGROUND

T = TypeVar("T")

YOUNG: Final = 5.0
"""Seconds; an answer younger than this counts as new."""
STALE, FAILED, LONGEST = 2.0, 5.0, 30.0
"""Seconds between two polls: for stale answers, after a first failure, and at most after repeated
failures."""
MOMENT: Final = 0.5
"""Seconds that a poll waits for its queries; the next poll picks up slower answers."""
AGAIN: Final = (*TRANSIENT, Unauthorised, ServerVersionChanged, Cancelled)
"""Errors after which queries are retried. A wrong clock can cause ``Unauthorised``."""
_SINCE: Final = "when this viewer asked for everything anew"
_TIMES: Final = "how often in a row this session could not get all it asked for"
_DIALOG: Final = "a dialog may be open"
_PLACE: ContextVar[DeltaGenerator | None] = ContextVar("where ages are said", default=None)
_NOTICE: ContextVar[DeltaGenerator | None] = ContextVar("where reasons are said", default=None)


def place(*, in_menu: bool) -> None:
    """Reserve the place for the age of the figures, and draw the refresh button beside it: in the
    menu of the page, if it is open."""
    _PLACE.set(None)
    if not in_menu:
        return
    with elements.row("freshness"):
        _PLACE.set(st.empty())
        elements.text_button(_("Refresh"), "refresh", _ask_anew, icon="refresh")


def notice() -> None:
    """Reserve the place for the reason why the figures are old. Call once per run."""
    st.session_state.pop(_DIALOG, None)
    _NOTICE.set(st.empty())


def since() -> float:
    """The Unix time before which this viewer considers answers too old."""
    mark = st.session_state.get(_SINCE, 0.0)
    return mark if isinstance(mark, float) else 0.0


def hold() -> None:
    """Do not redraw the page while a dialog may be open, since that would close the dialog."""
    st.session_state[_DIALOG] = True


def tell(replies: Iterable[Reply[Any]]) -> None:
    """Show the age of the oldest answer and, if the server failed to refresh it, the error."""
    answered = [reply for reply in replies if reply.done() and reply.exception() is None]
    ages = [reply.answered_at for reply in answered if reply.answered_at is not None]
    if not ages:
        return
    failure = next((reply.problem for reply in answered if reply.problem is not None), None)
    problem = texts.sentence(failure) if failure else ""
    timezone = url_state.view().period.timezone
    proved = ""
    if replica := umami_server.replica_status():
        # Answers of a replica are as old as its last look at the database.
        ages += [replica.as_of] if replica.as_of else []
        problem = problem or replica.problem
        proved = _clock(replica.proved, timezone) if replica.proved else ""
    oldest = _clock(min(ages), timezone)
    menu, notice = _PLACE.get(), _NOTICE.get()
    if menu:
        menu.caption(
            _("Figures as of {oldest}; compared with the database at {proved}.").format(
                oldest=oldest, proved=proved
            )
            if proved
            else _("Figures as of {oldest}.").format(oldest=oldest),
            width="content",
        )
    if problem and notice:
        notice.caption(
            _(":material/cloud_off: {problem} Showing figures as of {oldest}.").format(
                problem=plain(problem), oldest=oldest
            )
        )


def follow(client: QueryClient, sent: Sequence[tuple[Query[Any], Reply[Any]]]) -> None:
    """Poll for newer answers to stale or failed queries; then redraw the page."""
    looked_for = [
        _LookedFor(question, state)
        for question, reply in sent
        if (state := _state(reply)) is not _State.GOOD
    ]
    if all(entry.state is _State.COMING for entry in looked_for):
        st.session_state.pop(_TIMES, None)
    if not looked_for:
        return
    behind = _Behind(client, looked_for, since())

    @authorized.fragment(run_every=behind.interval)
    def looking() -> None:
        if behind.look() and _DIALOG not in st.session_state:
            st.rerun()

    looking()


def again(problem: UmamiError) -> None:
    """Retry a page that could not be drawn because of a transient error."""
    if not isinstance(problem, TRANSIENT):
        return
    pause = _pause()
    drawn = time.monotonic()

    @authorized.fragment(run_every=pause)
    def trying() -> None:
        # The first call belongs to the run that has just failed.
        if time.monotonic() - drawn > pause / 2:
            st.rerun()

    trying()


class _State(IntEnum):
    """The quality of an answer, the worst first."""

    FAILED = 0
    OLD = 1
    """The server failed to return a newer answer."""
    COMING = 2
    """The answer is stale or missing, and a new one is pending."""
    GOOD = 3


def _state(reply: Reply[Any]) -> _State:
    if not reply.done():
        return _State.COMING
    problem = reply.exception()
    if isinstance(problem, AGAIN):
        return _State.FAILED
    if reply.problem is not None:
        return _State.OLD
    # Other errors are permanent, so a retry is of no use.
    return _State.COMING if reply.stale else _State.GOOD


@dataclass(slots=True)
class _LookedFor:
    """A query, the state of its answer when the page was drawn, and the latest reply."""

    question: Query[Any]
    state: _State
    reply: Reply[Any] | None = None

    @property
    def now(self) -> _State:
        return self.state if self.reply is None else _state(self.reply)


class _Behind:
    """Polls for better answers in the background, less often after failures."""

    def __init__(self, client: QueryClient, looked_for: Sequence[_LookedFor], mark: float) -> None:
        self._client = client
        self._looked_for = looked_for
        self._mark = mark
        self._troubled = any(entry.state is not _State.COMING for entry in looked_for)
        self.interval = FAILED if self._troubled else STALE
        """Seconds between polls; failed queries are retried with increasing delay."""
        # The page has just sent these queries.
        self._asked_again = time.monotonic() + self._pause() - self.interval / 2

    def look(self) -> bool:
        """Whether better answers have arrived; sends the queries again when they are due."""
        if time.monotonic() >= self._asked_again:
            for entry in self._looked_for:
                if entry.reply is None or (entry.reply.done() and entry.now is not _State.GOOD):
                    entry.reply = self._client.submit(entry.question, BACKGROUND, self._mark)
            self._asked_again = time.monotonic() + self._pause() - self.interval / 2
        wait([entry.reply for entry in self._looked_for if entry.reply is not None], MOMENT)
        better = any(
            entry.now > entry.state and entry.now is not _State.COMING
            for entry in self._looked_for
            if entry.state is not _State.COMING
        )
        coming = [entry.now for entry in self._looked_for if entry.state is _State.COMING]
        return better or (bool(coming) and _State.COMING not in coming)

    def _pause(self) -> float:
        return _pause() if self._troubled else self.interval


def _pause() -> float:
    """Seconds until this session retries failed queries: doubled each time, up to ``LONGEST``."""
    times: int = st.session_state.get(_TIMES, 0)
    st.session_state[_TIMES] = times + 1
    return float(min(FAILED * 2.0 ** min(times, 9), LONGEST))


def _ask_anew() -> None:
    st.session_state[_SINCE] = time.time() - YOUNG


def _clock(instant: datetime, timezone: str) -> str:
    """The time of day, with the date unless it is today."""
    now, then = (formats.wall(at, timezone) for at in (datetime.now(instant.tzinfo), instant))
    assert now is not None
    assert then is not None
    today = now.date() == then.date()
    return formats.dated(then, "short") if today else formats.moment(then, "hour")
