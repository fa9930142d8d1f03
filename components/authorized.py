"""Authorization of everything that Streamlit runs apart from a full run of ``app.py``.

Callbacks, fragments, dialogs, files made on demand and background jobs run long after the page that
created them was drawn, and ``app.py`` does not run before them. The viewer may have lost access to
what they captured when the page was drawn, such as a client with permissions, websites or a table.

All of them begin with the language of their viewer (``components/language.py``).

One rule applies to all of them. The viewer is resolved again when the code runs and must equal the
viewer for whom the page was drawn: the same account or share link, with the same permissions.
Otherwise nothing that was captured is used, and the page is redrawn for the current viewer.
 ``tests/test_authorized.py`` finds code that creates one of these in another way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, Literal, ParamSpec, TypeVar

import streamlit as st

from components import language, texts, url_state, viewer
from components.texts import N_, _
from umami.background_task import BackgroundTask, ProgressCallback, TaskCancelled
from umami.errors import UmamiError

P = ParamSpec("P")
T = TypeVar("T")

CHANGED: Final = N_("What you can see has changed since this page was drawn. Please try again.")
CHECKED_EVERY: Final = 1.0
"""Seconds after which a running job resolves its viewer again."""
DATA: Final = "data of this session, and for whom it was gathered"
"""Where a session keeps ``data()``."""


def callback(act: Callable[..., object]) -> Callable[..., None]:
    """Wrap the callback of a widget so that it runs only for the viewer who was shown the widget.

    For any other viewer the page is redrawn instead. An ``UmamiError`` is shown on that page.
    """
    drawn = viewer.current()

    @wraps(act)
    def run(*args: Any, **kwargs: Any) -> None:
        language.resolve()
        if not _is_still(drawn):
            if viewer.current().inside:
                url_state.note(_(CHANGED))
            return
        try:
            act(*args, **kwargs)
        except UmamiError as problem:
            url_state.note(texts.sentences(problem))

    return run


def fragment(*, run_every: float | None = None) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a function a fragment, like ``st.fragment``.

    If the viewer has changed, a rerun of the fragment reruns the whole app.
    """

    def decorate(draw: Callable[P, None]) -> Callable[P, None]:
        @wraps(draw)
        def call(*args: P.args, **kwargs: P.kwargs) -> None:
            # One fragment per call: sessions share the function, but not the viewer.
            st.fragment(_checked(draw), run_every=run_every)(*args, **kwargs)

        return call

    return decorate


def dialog(
    title: str,
    draw: Callable[[], None],
    close: Callable[[], None] = lambda: None,
    width: Literal["small", "large"] = "large",
) -> None:
    """Open a dialog whose reruns are checked like those of a fragment.

    Dismissing it calls ``close`` and reruns the app.
    """
    st.dialog(title, width=width, on_dismiss=callback(close))(_checked(draw))()


def _checked(draw: Callable[P, None]) -> Callable[P, None]:
    drawn = viewer.current()
    drawn_once = False

    @wraps(draw)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        nonlocal drawn_once
        language.resolve()
        # The first call belongs to the run that has just resolved the viewer.
        if drawn_once and not _is_still(drawn):
            st.rerun()
        drawn_once = True
        draw(*args, **kwargs)

    return run


def _is_still(drawn: viewer.Viewer) -> bool:
    try:
        return viewer.resolve() == drawn and drawn.inside
    except UmamiError:
        # The rerun of the whole app shows why the viewer cannot be resolved.
        return False


def apart() -> Callable[[], bool]:
    """Return a function that checks, from any thread, whether this run's viewer is unchanged.

    The function resolves the viewer each time it is called.
    """
    drawn, now = viewer.current(), viewer.apart()

    def unchanged() -> bool:
        try:
            # An anonymous viewer stays valid only until accounts exist.
            return drawn.inside and now() == drawn and (drawn.how == "open") != viewer.signs_in()
        except UmamiError:
            return False

    return unchanged


def job(do: Callable[[ProgressCallback], T], name: str) -> BackgroundTask[T]:
    """Start long work in the background; it is cancelled once the viewer has changed.

    Keep the task in ``data()``, so that only this viewer can read the result.
    """
    unchanged, locale = apart(), texts.locale()

    def checked(report: ProgressCallback) -> T:
        next_check = 0.0

        def step(done: int, total: int) -> None:
            nonlocal next_check
            if time.monotonic() >= next_check:
                if not unchanged():
                    raise TaskCancelled
                next_check = time.monotonic() + CHECKED_EVERY
            report(done, total)

        with texts.reading(locale):
            return do(step)

    return BackgroundTask(checked, name)


def data() -> dict[str, Any]:
    """Data that this session holds for its viewer, such as a finished report, by name.

    A tab keeps its Streamlit session when people sign out and in and when permissions change. The
    data is therefore cleared when the viewer changes.
    """
    now = viewer.current()
    gathered_for, held = st.session_state.get(DATA, (None, {}))
    if gathered_for != now:
        held = {}
        st.session_state[DATA] = (now, held)
    result: dict[str, Any] = held
    return result
