"""The one place where a page asks, waits and says what went wrong.

All questions of a page leave together. Every section keeps its place on the page and is drawn
when its own answers are there, whichever comes first; one that fails leaves the others standing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVarTuple, Unpack

import streamlit as st

from access.permissions import Forbidden
from components import freshness
from components.escaping import plain
from components.questions import Asks, Questions, where
from umami.client import Reply
from umami.endpoint import Query
from umami.errors import NotOffered, NotShared, UmamiError
from umami.fair_lock import released
from umami.fair_queue import Caller

Ts = TypeVarTuple("Ts")

PATIENCE: Final = 1.0
"""Seconds without any answer after which the viewer is told why."""
LOOK: Final = 0.2
"""Seconds after which a page that waits notices that its viewer has left it."""
_DRAWN: Final = "what the last run drew, place by place"
_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class _Section:
    draw: Callable[..., None]
    answers: tuple[Future[Any], ...]
    slot: Any
    kept: bool = False
    """Whether what an earlier run drew there is still seen, of the same questions."""

    @property
    def ready(self) -> bool:
        return all(answer.done() for answer in self.answers)


@dataclass(slots=True)
class Page(Questions):
    """One run of one page: what was asked, and the sections still waiting for their answers."""

    _notice: Any = field(default_factory=st.empty)
    _noticed: bool = False
    _since: float = field(default_factory=freshness.since)
    _waiting: list[_Section] = field(default_factory=list)
    _drawn: list[tuple[str | None, ...]] = field(default_factory=list)
    _drawn_before: Sequence[tuple[str | None, ...]] = field(
        # What is begun and not finished leaves nobody knows what on the page.
        default_factory=lambda: st.session_state.pop(_DRAWN, ())
    )

    def section(
        self,
        draw: Callable[[Unpack[Ts]], None],
        *answers: Future[Any],
        height: int = 120,
    ) -> None:
        """Keep a place here and draw into it once its answers are there.

        ``draw`` is called with what the futures hold. Where all of them are done already it is
        called now, and no skeleton is ever shown; ``height`` (pixels) is the skeleton's. Nor is
        one shown where the same was drawn before: that stays until there is something newer.
        """
        self._drawn.append(tuple(self.key(answer) for answer in answers))
        if all(answer.done() for answer in answers):
            _draw(_Section(draw, answers, st.container()))
        elif self._drawn_here():
            self._waiting.append(_Section(draw, answers, st.container(), kept=True))
        else:
            self._waiting.append(_Section(draw, answers, st.skeleton(height=height)))

    def _drawn_here(self) -> bool:
        """Whether the last run drew the same up to this place, so that it is still seen."""
        known = None not in self._drawn[-1]
        return known and list(self._drawn_before[: len(self._drawn)]) == self._drawn

    def finish(self) -> None:
        """Draw what is still waiting, in the order in which answers arrive; then say how old they
        are, and look for newer ones where they are too old."""
        while self._waiting:
            ready = [section for section in self._waiting if section.ready]
            for section in ready:
                self._waiting.remove(section)
                if not section.kept:
                    section.slot = section.slot.container()
                _draw(section)
            open_answers = {
                answer
                for section in self._waiting
                for answer in section.answers
                if not answer.done()
            }
            if open_answers:
                with released():
                    self._arrival(open_answers)
        if self._noticed:
            self._notice.empty()
        st.session_state[_DRAWN] = tuple(self._drawn)
        asked = [one for one in self.asked if one[1].done()]
        freshness.tell((reply for _, reply in asked))
        freshness.follow(self.client, asked)

    def _arrival(self, answers: Iterable[Future[Any]]) -> None:
        """Wait until one of them is there, and say why, where that takes long."""
        silent = 0.0
        while not wait(answers, LOOK, return_when=FIRST_COMPLETED).done:
            _go_on()
            silent += LOOK
            if silent >= PATIENCE and self.client.waiting and not self._noticed:
                self._noticed = True
                self._notice.caption(
                    ":material/hourglass_top: Umami Cloud takes 50 calls in 15 seconds. "
                    "This page waits for its turn."
                )


@contextmanager
def asking(client: Asks) -> Iterator[Page]:
    """A page's questions and sections; leaving the block draws those that had to wait.

    A viewer who goes elsewhere meanwhile ends the run, and with it the page's questions.
    """
    page = Page(client)
    try:
        yield page
        page.finish()
    finally:
        page.leave()


def answers(client: Asks, *questions: Query[Any]) -> list[Reply[Any]]:
    """Ask, and wait until all of it is answered or failed; a viewer who goes elsewhere meanwhile
    ends the run, and with it the questions."""
    asker = Caller()
    replies = [client.submit(question, asker) for question in questions]
    try:
        with released():
            while wait(replies, LOOK).not_done:
                _go_on()
    finally:
        asker.leave()
    return replies


def _go_on() -> None:
    """End this run here where its viewer has gone elsewhere: looking at the state of a session is
    what tells the platform that a run can be ended."""
    bool("left" in st.session_state)


def trouble(problem: UmamiError, icon: str = "cloud_off") -> None:
    """Say what went wrong and what can be done, in the place where the answer would be."""
    with st.container(border=True):
        st.markdown(f":material/{icon}: {plain(str(problem))}")
        st.caption(plain(problem.remedy))


def aside(sentence: str) -> None:
    """Say something about what the viewer asked for, such as a part of a link that cannot be."""
    st.caption(f":material/info: {plain(sentence)}")


def blank(sentence: str) -> None:
    """Say that there is nothing yet, and what would fill this place."""
    with st.container(height="content", horizontal_alignment="center"):
        st.caption(sentence, text_alignment="center")


def _draw(section: _Section) -> None:
    with section.slot:
        try:
            answers = [answer.result() for answer in section.answers]
            section.draw(*answers)
        except (NotOffered, NotShared) as problem:
            blank(plain(str(problem)))
        except Forbidden as problem:
            st.caption(f":material/lock: {plain(str(problem))}")
        except UmamiError as problem:
            trouble(problem)
        except Exception as problem:  # a fault of ours stays in its section
            _LOG.error("a section could not be drawn: %s", where(problem))
            trouble(UmamiError("This part of the page could not be drawn."))


def fault(problem: Exception) -> bool:
    """Say calmly that a run failed; for faults that no section held, which the platform logs.

    Returns ``True``: the platform need not say it, too.
    """
    if not isinstance(problem, UmamiError):
        problem = UmamiError("This page could not be drawn.")
    trouble(problem)
    return True
