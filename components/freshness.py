"""How old the figures of a page are, and how they become new ones without anybody's doing.

A page that shows what is older than it should be, or could not be got, looks behind what is shown
until there is something newer, and is then drawn again. Nothing is blanked meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Final, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components import address, formats
from components.questions import Asks
from components.text import plain
from umami.client import PASSING, Reply
from umami.errors import UmamiError
from umami.question import Question
from umami.turns import BEHIND

T = TypeVar("T")

YOUNG: Final = 5.0
"""Seconds; an answer that is younger is as new as one that is asked anew."""
STALE, FAILED, LONGEST = 2.0, 5.0, 60.0
"""Seconds between two looks for what is being asked anew, for what failed at first, and for what
goes on failing."""
_SINCE: Final = "when this viewer asked for everything anew"
_FAILED: Final = "how often in a row a page could not get all it shows"
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
        on_click=_ask_anew,
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
    oldest = _clock(min(ages), address.view().period.timezone)
    if problem is None:
        here.caption(f"Figures as of {oldest}.", width="content")
    else:
        here.caption(
            f":material/cloud_off: {plain(str(problem))} Shown are figures as of {oldest}.",
            width="content",
        )


def follow(client: Asks, asked: Sequence[tuple[Question[Any], Reply[Any]]]) -> None:
    """Look for newer answers behind those that are stale or failed for a while; then draw anew."""
    failed = [question for question, reply in asked if _failed(reply)]
    stale = [question for question, reply in asked if not _failed(reply) and reply.stale]
    times = st.session_state.get(_FAILED, 0)
    st.session_state[_FAILED] = times + 1 if failed else 0
    if not failed and not stale:
        return
    pause = min(FAILED * 2.0**times, LONGEST) if failed else STALE
    mark = since()

    def look() -> None:
        replies = [client.submit(one, BEHIND, mark) for one in (*failed, *stale)]
        better = [one.done() and one.exception() is None and not one.stale for one in replies]
        if (all(better) if failed == [] else any(better)) and _DIALOG not in st.session_state:
            st.rerun()

    began = time.monotonic()

    @st.fragment(run_every=pause)
    def looking() -> None:
        # The first time is a part of the run that has just asked.
        if time.monotonic() - began > pause / 2:
            look()

    looking()


def _failed(reply: Reply[Any]) -> bool:
    """Whether the server failed to answer, and may do better in a while."""
    problem: BaseException | UmamiError | None = reply.exception() or reply.problem
    return isinstance(problem, PASSING)


def _ask_anew() -> None:
    st.session_state[_SINCE] = time.time() - YOUNG


def _clock(instant: datetime, timezone: str) -> str:
    """The time of day, and the day too unless it is today's."""
    now = formats.at(datetime.now(instant.tzinfo), timezone)
    told = formats.at(instant, timezone)
    day, _, clock = told.partition(", ")
    return clock if now.startswith(day) else told
