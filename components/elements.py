"""Small elements that pages share: titles, cards, tiles, messages, progress, select boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import streamlit as st

from components import authorized, formats
from components.charts import common
from components.charts.tiles import Tile
from components.charts.tiles import counted as counted
from components.escaping import plain
from umami.background_task import BackgroundTask
from umami.errors import UmamiError

T = TypeVar("T")


def show_error(problem: UmamiError, icon: str = "cloud_off") -> None:
    """Say what went wrong and what can be done, in the place where the answer would be."""
    with st.container(border=True):
        st.markdown(f":material/{icon}: {plain(str(problem))}")
        st.caption(plain(problem.remedy))


def show_note(sentence: str) -> None:
    """Say something about what the viewer asked for, such as a part of a link that cannot be."""
    st.caption(f":material/info: {plain(sentence)}")


def show_empty(sentence: str) -> None:
    """Say that there is nothing yet, and what would fill this place."""
    with st.container(height="content", horizontal_alignment="center"):
        st.caption(sentence, text_alignment="center")


def show_fault(problem: Exception) -> bool:
    """Say calmly that a run failed; for faults that no section held, which the platform logs.

    Returns ``True``: the platform need not say it, too.
    """
    if not isinstance(problem, UmamiError):
        problem = UmamiError("This page could not be drawn.")
    show_error(problem)
    return True


EVERY: Final = 0.5
"""Seconds after which a page looks how far the work is."""


def show_progress(work: BackgroundTask[Any], *, what: str, key: str) -> None:
    """Show how far running work is, until it ends; then the page is drawn anew.

    ``what`` says in a word or two what is being done. Nothing else of the page runs meanwhile.
    """

    @authorized.fragment(run_every=EVERY)
    def watched() -> None:
        if work.state != "running":
            st.rerun()
        left = work.left
        rest = "" if left is None else f" · {formats.duration(left)} left"
        st.progress(work.share, text=f"{what}: {work.share:.0%}{rest}")
        st.button(
            "Cancel",
            key=f"{key}_cancel",
            type="tertiary",
            on_click=authorized.callback(work.cancel),
        )

    watched()


@contextmanager
def title(text: str) -> Iterator[None]:
    """A page's title; what is drawn inside stands beside it."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.header(text, anchor=False, width="content")
        with st.container(width="content"):
            yield


@contextmanager
def card(text: str, about: str = "") -> Iterator[None]:
    """A frame around one or more sections, with its title and a line about what it shows."""
    with st.container(border=True, height="stretch", gap="xsmall"):
        if text:
            st.subheader(text, anchor=False)
        if about:
            st.caption(about)
        yield


def draw_tiles(tiles: Sequence[Tile], *, within: bool = False) -> None:
    """Draw figures side by side, as many as fit; ``within`` a card they have no frames."""
    with st.grid(len(tiles), min_column_width=130 if within else 165, gap="small"):
        for tile in tiles:
            st.metric(
                tile.label,
                tile.value,
                tile.delta,
                delta_color=(
                    "off" if tile.slight else "normal" if tile.good == "up" else "inverse"
                ),
                delta_description=f"from {tile.before}" if tile.delta is not None else None,
                help=plain(
                    " ".join(filter(None, (tile.about, common.axis_note(tile.series)))), 400
                ),
                chart_data=common.sparkline(tile.series),
                chart_type="area",
                border=not within,
                height="stretch",
            )


def select(
    label: str,
    options: Mapping[T, str],
    value: T,
    *,
    key: str,
    write: Callable[[T], None],
    icon: str | None = None,
    width: int = 200,
    hidden: bool = True,
) -> None:
    """A select box that shows what the URL says and calls ``write`` with what was chosen.

    ``options`` are values with their names; ``hidden`` leaves the label to those who do not see.
    """
    st.session_state[key] = value

    def chosen() -> None:
        picked: Any = st.session_state[key]
        write(picked)

    st.selectbox(
        label,
        list(options),
        key=key,
        format_func=lambda option: options.get(option, str(option)),
        label_visibility="collapsed" if hidden else "visible",
        icon=icon,
        width=width,
        on_change=authorized.callback(chosen),
    )


def segmented(
    label: str,
    options: Mapping[T, str],
    value: T,
    *,
    key: str,
    write: Callable[[T], None],
) -> None:
    """A row of buttons, one of them pressed: what the URL says."""
    st.session_state[key] = value

    def chosen() -> None:
        picked: Any = st.session_state[key]
        if picked is not None:
            write(picked)

    st.segmented_control(
        label,
        list(options),
        key=key,
        format_func=lambda option: options.get(option, str(option)),
        label_visibility="collapsed",
        required=True,
        on_change=authorized.callback(chosen),
    )
