"""Small elements that pages share: titles, cards, tiles, messages, progress, select boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import quote

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from access import passwords
from components import authorized, formats, language, texts, viewer
from components.blocks import CURVES, TILES
from components.charts import common
from components.charts.tiles import Tile
from components.escaping import markdown, plain
from components.runtime import component
from components.texts import _
from components.theme import PALETTES, Mode
from umami.background_task import BackgroundTask
from umami.errors import UmamiError

T = TypeVar("T")


def mode() -> Mode:
    """The colour mode that the viewer's browser reports."""
    return "dark" if st.context.theme.type == "dark" else "light"


def show_error(problem: UmamiError, icon: str = "cloud_off") -> None:
    """Show an error and its remedy in place of the answer."""
    with st.container(border=True):
        st.markdown(f":material/{icon}: {plain(texts.sentence(problem))}")
        st.caption(plain(_(problem.remedy)))


def show_note(sentence: str) -> None:
    """Show a note about the viewer's input, such as an invalid part of a link."""
    st.caption(f":material/info: {plain(sentence)}")


def show_loss(what: str) -> None:
    """Say that a restart deletes ``what``, in the plural, if the database is on such a disk."""
    if viewer.running().loses_store:
        show_note(
            _(
                "A restart of this app deletes {what}: set DASHBOARD_STORE to the URL of a "
                "PostgreSQL database to keep them."
            ).format(what=what)
        )


def show_empty(sentence: str) -> None:
    """Show the text of an empty place, centred."""
    with st.container(height="content", horizontal_alignment="center"):
        st.caption(sentence, text_alignment="center")


def show_fault(problem: Exception, otherwise: str = "") -> bool:
    """Show an ``UmamiError``, or for any other exception the sentence ``otherwise``, by default
    that the page could not be drawn.

    Returns ``True``, so that Streamlit does not show the exception of a run as well.
    """
    sentence = otherwise or _("This page could not be drawn.")
    show_error(problem if isinstance(problem, UmamiError) else UmamiError(sentence))
    return True


EVERY: Final = 0.5
"""Seconds between two updates of the progress bar."""


def show_progress(work: BackgroundTask[Any], *, what: str, key: str) -> None:
    """Show the progress of a background task until it ends; then redraw the page.

    ``what`` is a short label. Only this fragment runs meanwhile.
    """

    @authorized.fragment(run_every=EVERY)
    def watched() -> None:
        if work.state != "running":
            st.rerun()
        left = work.left
        rest = "" if left is None else _(" · {left} left").format(left=formats.duration(left))
        st.progress(work.share, text=f"{what}: {formats.percent(work.share, 0)}{rest}")
        st.button(
            _("Cancel"),
            key=f"{key}_cancel",
            type="tertiary",
            on_click=authorized.callback(work.cancel),
        )

    watched()


_SCROLL_TOP: Final = component("scroll_top")


def scroll_to_top(opened: str) -> None:
    """Scroll the page to its top when ``opened``, an id, becomes another one than in the last run.

    Call it in every run of the page, with ``""`` where nothing is opened.
    """
    _SCROLL_TOP(key="scroll_top", data={"opened": opened}, height=0)


_FOCUS: Final = component("focus")


def focus(name: str, opened: str, selector: str) -> None:
    """Move the focus into the input of a CSS selector once for each ``opened``, an id of what has
    just opened; ``name`` makes the key."""
    with st.container(key=f"focus_{name}", gap=None):
        _FOCUS(key=f"focus_{name}_input", data={"opened": opened, "input": selector}, height=0)


@contextmanager
def title(text: str, faults: Sequence[str] = ()) -> Iterator[None]:
    """Draw a page's title; notes on the ``faults`` of a link and elements drawn inside the block
    appear beside it."""
    with st.container(
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        key="title",
    ):
        st.title(text, anchor=False, width="content")
        with st.container(width="content"):
            for fault in faults:
                show_note(fault)
            yield


@contextmanager
def card(text: str, about: str = "", key: str | None = None) -> Iterator[None]:
    """Draw a frame around one or more sections, with a title and a caption."""
    with st.container(border=True, height="stretch", gap="xsmall", key=key):
        if text:
            st.header(text, anchor=False)
        if about:
            # A date such as “1. Okt.” would begin a list.
            st.caption(markdown(about))
        yield


def draw_tiles(
    tiles: Sequence[Tile],
    *,
    within: bool = False,
    choose: Callable[[str], object] | None = None,
    explain: Callable[[str], object] | None = None,
    chosen: str = "",
    key: str = "",
) -> None:
    """Draw key figures side by side, as many as fit; ``within`` a card they have no frames.

    A click on a tile with a measure calls ``choose`` with it; that of ``chosen`` is marked. A click
    on the change of a tile with a figure calls ``explain`` with that. ``key`` is a part of the
    keys of both.
    """
    many = len(tiles) > 5
    width = 112 if many else 130 if within else 165
    curves = [common.sparkline(tile.series, PALETTES[mode()].primary) for tile in tiles]
    height = CURVES if any(curves) else TILES
    with st.grid(len(tiles), min_column_width=width, gap="small"):
        for tile, curve in zip(tiles, curves, strict=True):
            explains = bool(explain and tile.figure and tile.delta)
            is_chosen = choose and tile.measure and tile.measure == chosen
            mark = "tile_on" if is_chosen else "tile"
            named = (choose and tile.measure) or (explains and tile.figure)
            place = st.container(
                height="stretch", gap=None, key=f"{mark}_{key}{named}" if named else None
            )
            place.metric(
                plain(tile.label),
                tile.value,
                tile.delta,
                delta_color=(
                    "off" if tile.slight else "normal" if tile.good == "up" else "inverse"
                ),
                delta_description=None
                if tile.delta is None or many
                else _("from {before}").format(before=tile.before),
                help=plain(_help(tile), 400),
                border=not within,
                height=height,
            )
            if curve:
                # Streamlit removes SVG from HTML, but not from the address of a picture.
                place.html(
                    f'<img class="sparkline" alt="" src="data:image/svg+xml,{quote(curve)}">'
                )
            if choose and tile.measure:
                action = (
                    _("show views and visitors") if tile.measure == chosen else _("show over time")
                )
                with place:
                    action_button(
                        f"{tile.label}: {action}",
                        f"show_{key}{tile.measure}",
                        choose,
                        tile.measure,
                    )
            if explain and explains:
                label = _("{figure}: explain the change").format(figure=tile.label)
                with place:
                    action_button(label, f"explain_{key}{tile.figure}", explain, tile.figure)


def _help(tile: Tile) -> str:
    before = tile.before and _("Before: {before}.").format(before=tile.before)
    why_not = tile.unexplained if tile.delta is not None else ""
    if why_not:
        why_not = _("This change is not explained. {reason}").format(reason=why_not)
    return " ".join(filter(None, (tile.about, before, why_not, tile.source)))


def new_password(key: str) -> tuple[str, str]:
    """Draw two inputs for a new password, which is typed twice; returns both texts."""
    entry = partial(st.text_input, type="password", autocomplete="new-password")
    label = _("Password ({min_length} characters or more)").format(min_length=passwords.MIN_LENGTH)
    return entry(label, key=f"{key}_password"), entry(_("Password again"), key=f"{key}_again")


def row(key: str | None = None) -> DeltaGenerator:
    """A container for controls side by side."""
    return st.container(horizontal=True, vertical_alignment="center", gap="small", key=key)


def grid() -> DeltaGenerator:
    """A container for two cards side by side, or one below the other on narrow screens."""
    return st.grid(2, min_column_width=330)


def action_button(
    label: str,
    key: str | None,
    do: Callable[..., object],
    *args: object,
    icon: str = "",
    **options: Any,
) -> None:
    """Draw a button that calls ``do`` with ``args``; ``options`` are those of ``st.button``."""
    st.button(
        label,
        key=key,
        icon=f":material/{icon}:" if icon else None,
        on_click=authorized.callback(do),
        args=args,
        **options,
    )


text_button: Final = partial(action_button, type="tertiary")
"""Draws a button without a frame."""


def bound(
    widget: Callable[..., Any],
    label: str,
    value: Any,
    *,
    key: str,
    write: Callable[[Any], None],
    **options: Any,
) -> None:
    """Draw a widget that shows ``value`` and calls ``write`` with the viewer's input."""
    st.session_state[key] = value
    widget(
        label,
        key=key,
        on_change=authorized.callback(lambda: write(st.session_state[key])),
        **{"label_visibility": "collapsed", **options},
    )


def select(
    label: str,
    options: Mapping[T, str],
    value: T,
    *,
    key: str,
    write: Callable[[T], None],
    widget: Callable[..., Any] = st.selectbox,
    **more: Any,
) -> None:
    """Draw a select box, or another ``widget``, that calls ``write`` with the chosen value.

    ``options`` maps values to labels. Only screen readers see the label of the box.
    """
    bound(
        widget,
        label,
        value,
        key=key,
        write=write,
        options=list(options),
        format_func=lambda option: options.get(option, str(option)),
        **more,
    )


segmented: Final = partial(select, widget=st.segmented_control, required=True)
"""Draws a segmented control like ``select``."""


def language_choice() -> None:
    """Draw a select box for the language of the interface."""
    select(
        _("Language"),
        texts.LANGUAGES,
        texts.language(),
        key="pick_language",
        icon=":material/translate:",
        label_visibility="visible",
        write=language.choose,
    )
