"""How old the figures of a page are, and how they become new ones without anybody's doing.

A page that shows what is older than it should be, or could not be got, looks behind what is shown
until there is something newer, and is then drawn again. Nothing is blanked meanwhile.
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

from components import authorized, formats, url_state
from components.escaping import plain
from components.loading import QueryClient
from umami.endpoint import Query
from umami.errors import TRANSIENT, Cancelled, ServerVersionChanged, UmamiError, Unauthorised
from umami.fair_queue import BACKGROUND
from umami.reply import Reply

T = TypeVar("T")

YOUNG: Final = 5.0
"""Seconds; an answer that is younger is as new as one that is asked anew."""
STALE, FAILED, LONGEST = 2.0, 5.0, 30.0
"""Seconds between two looks for what is being asked anew, for what failed at first, and for what
goes on failing."""
MOMENT: Final = 0.5
"""Seconds that a look waits for what it has asked; what takes longer, the next look finds."""
AGAIN: Final = (*TRANSIENT, Unauthorised, ServerVersionChanged, Cancelled)
"""What is looked for again by itself. A token may have been refused for a clock that is off."""
_SINCE: Final = "when this viewer asked for everything anew"
_TIMES: Final = "how often in a row this session could not get all it asked for"
_DIALOG: Final = "a dialog may be open"
_PLACE: ContextVar[DeltaGenerator | None] = ContextVar("where ages are said", default=None)


def place() -> None:
    """Keep a place for the age of what is shown, beside a button that asks for it anew."""
    st.session_state.pop(_DIALOG, None)
    st.button(
        "Refresh",
        key="refresh",
        type="tertiary",
        icon=":material/refresh:",
        help="Ask the server for newer figures. What is shown stays until they are there.",
        on_click=authorized.callback(_ask_anew),
    )
    _PLACE.set(st.empty())


def since() -> float:
    """The moment (Unix seconds) from which on answers are new enough for this viewer."""
    found = st.session_state.get(_SINCE, 0.0)
    return found if isinstance(found, float) else 0.0


def hold() -> None:
    """Leave the page as it is while a dialog may be open: drawing it again would close that."""
    st.session_state[_DIALOG] = True


def tell(replies: Iterable[Reply[Any]]) -> None:
    """Say how old the oldest of these answers is, and why, where the server gives no newer one."""
    here = _PLACE.get()
    given = [one for one in replies if one.done() and one.exception() is None]
    ages = [one.answered_at for one in given if one.answered_at is not None]
    if here is None or not ages:
        return
    problem = next((one.problem for one in given if one.problem is not None), None)
    oldest = _clock(min(ages), url_state.view().period.timezone)
    if problem is None:
        here.caption(f"Figures as of {oldest}.", width="content")
    else:
        here.caption(
            f":material/cloud_off: {plain(str(problem))} Shown are figures as of {oldest}.",
            width="content",
        )


def follow(client: QueryClient, asked: Sequence[tuple[Query[Any], Reply[Any]]]) -> None:
    """Look for newer answers behind those that are old or failed for a while; then draw anew."""
    looked_for = [
        _LookedFor(question, found)
        for question, reply in asked
        if (found := _state(reply)) is not _State.GOOD
    ]
    if all(one.found is _State.COMING for one in looked_for):
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
    """Try by itself, every now and then, to draw what could not be drawn at all for a while."""
    if not isinstance(problem, TRANSIENT):
        return
    pause = _pause()
    drawn = time.monotonic()

    @authorized.fragment(run_every=pause)
    def trying() -> None:
        # The first time is a part of the run that has just failed.
        if time.monotonic() - drawn > pause / 2:
            st.rerun()

    trying()


class _State(IntEnum):
    """How good an answer is, the worst first."""

    FAILED = 0
    OLD = 1
    """It stands in for a newer one, which the server failed to give."""
    COMING = 2
    """It is older than it should be, or not there yet, and on its way."""
    GOOD = 3


def _state(reply: Reply[Any]) -> _State:
    if not reply.done():
        return _State.COMING
    problem = reply.exception()
    if isinstance(problem, AGAIN):
        return _State.FAILED
    if reply.problem is not None:
        return _State.OLD
    # Whatever else is wrong with it, asking again will not change that.
    return _State.COMING if reply.stale else _State.GOOD


@dataclass(slots=True)
class _LookedFor:
    """A question, how good its answer was when the page was drawn, and the latest one."""

    question: Query[Any]
    found: _State
    reply: Reply[Any] | None = None

    @property
    def now(self) -> _State:
        return self.found if self.reply is None else _state(self.reply)


class _Behind:
    """Looks for better answers behind a page; the worse they are, the less often."""

    def __init__(self, client: QueryClient, looked_for: Sequence[_LookedFor], mark: float) -> None:
        self._client = client
        self._looked_for = looked_for
        self._mark = mark
        self._troubled = any(one.found is not _State.COMING for one in looked_for)
        self.interval = FAILED if self._troubled else STALE
        """Seconds from one look to the next; what has just failed is asked less and less often."""
        # The page has just asked.
        self._asked_again = time.monotonic() + self._pause() - self.interval / 2

    def look(self) -> bool:
        """Whether there is something better to show, or to say; asks anew where it is time."""
        if time.monotonic() >= self._asked_again:
            for one in self._looked_for:
                if one.reply is None or (one.reply.done() and one.now is not _State.GOOD):
                    one.reply = self._client.submit(one.question, BACKGROUND, self._mark)
            self._asked_again = time.monotonic() + self._pause() - self.interval / 2
        wait([one.reply for one in self._looked_for if one.reply is not None], MOMENT)
        better = any(
            one.now > one.found and one.now is not _State.COMING
            for one in self._looked_for
            if one.found is not _State.COMING
        )
        coming = [one.now for one in self._looked_for if one.found is _State.COMING]
        return better or (bool(coming) and _State.COMING not in coming)

    def _pause(self) -> float:
        return _pause() if self._troubled else self.interval


def _pause() -> float:
    """Seconds until this session asks again for what has failed: longer each time in a row."""
    times: int = st.session_state.get(_TIMES, 0)
    st.session_state[_TIMES] = times + 1
    return float(min(FAILED * 2.0 ** min(times, 9), LONGEST))


def _ask_anew() -> None:
    st.session_state[_SINCE] = time.time() - YOUNG


def _clock(instant: datetime, timezone: str) -> str:
    """The time of day, and the day too unless it is today's."""
    now = formats.at(datetime.now(instant.tzinfo), timezone)
    told = formats.at(instant, timezone)
    day, _, clock = told.partition(", ")
    return clock if now.startswith(day) else told
