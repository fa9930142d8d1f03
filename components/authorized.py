"""Authorization of everything that Streamlit runs apart from a full run of ``app.py``.

Callbacks, fragments, dialogs, files made on demand and background jobs run long after the page that
created them was drawn, and ``app.py`` does not run before them. What they captured when the page
was drawn, such as a client with permissions, websites or a table, may not be the viewer's any more.

One rule holds for all of them. The viewer is resolved again at the moment something runs, and has
to equal the viewer for whom the page was drawn: the same account or share link, with the same
permissions. Otherwise nothing that was captured is used, and the page is drawn anew for whoever the
viewer is now. ``tests/test_authorized.py`` finds code that creates one of these in another way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

import streamlit as st

from components import url_state, viewer
from umami.background_task import BackgroundTask, ProgressCallback, TaskCancelled
from umami.errors import UmamiError

P = ParamSpec("P")
T = TypeVar("T")

CHANGED: Final = "What you can see has changed since this page was drawn. Please try again."
CHECKED_EVERY: Final = 1.0
"""Seconds after which a running job resolves its viewer again."""
DATA: Final = "data of this session, and for whom it was gathered"
"""Where a session keeps ``data()``."""


def callback(act: Callable[..., object]) -> Callable[..., None]:
    """Wrap the callback of a widget: it runs for the viewer for whom the widget was drawn only.

    For anybody else the page is drawn anew instead. An ``UmamiError`` becomes a sentence on that
    page.
    """
    drawn = viewer.current()

    @wraps(act)
    def run(*args: Any, **kwargs: Any) -> None:
        if not _is_still(drawn):
            if viewer.current().inside:
                url_state.note(CHANGED)
            return
        try:
            act(*args, **kwargs)
        except UmamiError as problem:
            url_state.note(f"{problem} {problem.remedy}")

    return run


def fragment(*, run_every: float | None = None) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a function a fragment, as ``st.fragment`` does.

    Where the viewer has changed, a rerun of the fragment becomes one of the whole app.
    """

    def decorate(draw: Callable[P, None]) -> Callable[P, None]:
        @wraps(draw)
        def call(*args: P.args, **kwargs: P.kwargs) -> None:
            # A fragment for each call: a function is shared by all sessions, a viewer is not.
            st.fragment(_checked(draw), run_every=run_every)(*args, **kwargs)

        return call

    return decorate


def dialog(title: str, draw: Callable[[], None]) -> None:
    """Open a large dialog; its reruns are checked as those of a fragment are."""
    st.dialog(title, width="large", on_dismiss="rerun")(_checked(draw))()


def _checked(draw: Callable[P, None]) -> Callable[P, None]:
    drawn = viewer.current()
    drawn_once = False

    @wraps(draw)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        nonlocal drawn_once
        # The first time is a part of the run that has just resolved the viewer.
        if drawn_once and not _is_still(drawn):
            st.rerun()
        drawn_once = True
        draw(*args, **kwargs)

    return run


def _is_still(drawn: viewer.Viewer) -> bool:
    try:
        return viewer.resolve() == drawn and drawn.inside
    except UmamiError:
        # The whole app says why the viewer cannot be resolved.
        return False


def apart() -> Callable[[], bool]:
    """Whether the viewer of this run is unchanged, for what runs in another thread.

    The function that is returned resolves the viewer whenever it is called.
    """
    drawn, now = viewer.current(), viewer.apart()

    def unchanged() -> bool:
        try:
            # Somebody who looks without signing in does so until accounts exist.
            return drawn.inside and now() == drawn and (drawn.how == "open") != viewer.signs_in()
        except UmamiError:
            return False

    return unchanged


def job(do: Callable[[ProgressCallback], T], name: str) -> BackgroundTask[T]:
    """Begin long work in the background; it is called off once the viewer has changed.

    Keep it in ``data()``, so that nobody but this viewer gets at the result.
    """
    unchanged = apart()

    def checked(report: ProgressCallback) -> T:
        next_check = 0.0

        def step(done: int, total: int) -> None:
            nonlocal next_check
            if time.monotonic() >= next_check:
                if not unchanged():
                    raise TaskCancelled
                next_check = time.monotonic() + CHECKED_EVERY
            report(done, total)

        return do(step)

    return BackgroundTask(checked, name)


def data() -> dict[str, Any]:
    """What this session holds for its viewer, such as a finished report, by name.

    A tab keeps its Streamlit session while people sign out and in, and while permissions change:
    with another viewer this is empty again.
    """
    now = viewer.current()
    gathered_for, held = st.session_state.get(DATA, (None, {}))
    if gathered_for != now:
        held = {}
        st.session_state[DATA] = (now, held)
    result: dict[str, Any] = held
    return result
