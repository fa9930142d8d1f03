"""Keyboard shortcuts, the list of them, and the search over pages and websites.

``SHORTCUTS`` is the only table: the component listens for the keys of those that the page offers,
the dialog and ``docs/pages.md`` list them. Both dialogs open without a run of the app.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

import streamlit as st

from components import (
    authorized,
    chart_notes,
    controls,
    navigation,
    page_context,
    saved_views,
    url_state,
)
from components.areas import PageInfo
from components.runtime import component
from components.texts import N_, _
from umami.api.websites import Website
from umami.view import ALL_TIME, CUSTOM

Needs = Literal["nothing", "realtime", "bar", "period", "filters", "notes"]
"""What a shortcut needs: the page Realtime, the control bar, a period in it, free filters, or a
viewer who may write notes."""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A shortcut. ``keys`` are values of ``KeyboardEvent.key``: letters in lower case, after
    ``shift+`` if Shift is held. ``act`` gets the key that was pressed, in a callback; without it,
    the component acts itself."""

    keys: tuple[str, ...]
    title: str
    needs: Needs = "period"
    act: Callable[[str], object] | None = None

    @property
    def shown(self) -> str:
        """The keys as people read them: ``Shift + F``, ``1 – 9``."""
        signs = {"arrowleft": "←", "arrowright": "→", "escape": "Esc"}
        names = [signs.get(key, key.upper().replace("SHIFT+", "Shift + ")) for key in self.keys]
        return " – ".join(dict.fromkeys((names[0], names[-1])))


def _period(key: str, name: str) -> Shortcut:
    return Shortcut((key,), controls.PERIODS[name], act=lambda _key: controls.choose_period(name))


_COMPARED: Final = "comparison that the shortcut turned off"


def _toggle_comparison(_key: str) -> None:
    """Turn the comparison off, or on again as it was."""
    spelled = ("compare", "weekdays", "compare_from", "compare_to")
    shown = url_state.view().params()
    if url_state.view().comparison == "none":
        before = st.session_state.pop(_COMPARED, {"compare": ["previous"]})
    else:
        st.session_state[_COMPARED] = {name: shown.get(name, []) for name in spelled}
        before = {"compare": ["none"]}
    url_state.change({name: before.get(name, []) for name in spelled})


def _open_filters(_key: str) -> None:
    st.session_state["add_filter"] = True


def _clear_filters(_key: str) -> None:
    if url_state.view().is_filtered:
        url_state.go(url_state.view().unfiltered())


SHORTCUTS: Final = (
    _period("d", "today"),
    _period("e", "yesterday"),
    _period("h", "24h"),
    _period("shift+w", "week"),
    _period("w", "7d"),
    _period("f", "28d"),
    _period("t", "30d"),
    _period("m", "month"),
    _period("p", "last-month"),
    _period("n", "90d"),
    _period("s", "180d"),
    _period("q", "quarter"),
    _period("y", "year"),
    _period("l", "12mo"),
    _period("a", ALL_TIME),
    _period("c", CUSTOM),
    Shortcut(("arrowleft",), N_("Earlier period"), act=lambda _key: controls.step(-1)),
    Shortcut(("arrowright",), N_("Later period"), act=lambda _key: controls.step(1)),
    Shortcut(("x",), N_("Turn the comparison off or on"), act=_toggle_comparison),
    Shortcut(("shift+f",), N_("Add a filter"), "filters", _open_filters),
    Shortcut(("escape",), N_("Clear all filters"), "filters", _clear_filters),
    Shortcut(
        ("shift+n",), N_("Add a note"), "notes", lambda _key: chart_notes.begin(url_state.view())
    ),
    Shortcut(("r",), N_("Realtime"), "realtime", lambda _key: navigation.go("realtime")),
    # Its action needs the websites of the viewer, see ``draw``.
    Shortcut(tuple("123456789"), N_("Website at this place of the list"), "bar"),
    Shortcut(("/",), N_("Search pages and websites"), "nothing"),
    Shortcut(("?",), N_("List of keyboard shortcuts"), "nothing"),
)
_COMPONENT: Final = component("shortcuts")
_KEY: Final = "shortcuts"


def draw(pages: Sequence[PageInfo], among: Sequence[Website] = (), *, dated: bool = False) -> None:
    """Listen for the shortcuts that this page offers.

    ``pages`` are those that the viewer may open. ``among`` are the websites of the control bar and
    ``dated`` is whether it has a period, as in ``controls.bar``.
    """
    offered: set[Needs] = {"nothing"}
    offered |= {"realtime"} if any(page.name == "realtime" for page in pages) else set()
    offered |= {"bar"} if among else set()
    offered |= {"period"} if dated else set()
    offered |= {"filters"} if dated and url_state.free() else set()
    offered |= {"notes"} if dated and chart_notes.may_add(url_state.view()) else set()
    shortcuts = [shortcut for shortcut in SHORTCUTS if shortcut.needs in offered]
    labels = controls.labels(among)
    places = dict(zip("123456789", labels, strict=False))

    def pressed() -> None:
        key: Any = st.session_state[_KEY].pressed
        if not isinstance(key, str):
            return
        # It was closed, as no shortcut works in it, but the app may not know that yet.
        st.session_state[controls.PERIOD_MENU] = False
        if key in places:
            saved_views.open_website(places[key])
        for shortcut in shortcuts:
            if key in shortcut.keys and shortcut.act:
                shortcut.act(key)

    views = page_context.reader().saved_views.of(url_state.view().website) if among else ()
    targets: list[tuple[str, str, Callable[[], object]]] = [
        *((_(page.title), _("Page"), partial(navigation.go, page.name)) for page in pages),
        *((view.name, _("Saved view"), partial(saved_views.open_view, view)) for view in views),
        *(
            (label, _("Website"), partial(saved_views.open_website, website))
            for website, label in labels.items()
        ),
    ]

    def chosen() -> None:
        place: Any = st.session_state[_KEY].chosen
        if isinstance(place, int) and 0 <= place < len(targets):
            targets[place][2]()

    acting = [key for shortcut in shortcuts if shortcut.act for key in shortcut.keys]
    _COMPONENT(
        key=_KEY,
        data={
            "keys": [*acting, *places],
            "shortcuts": [[shortcut.shown, _(shortcut.title)] for shortcut in shortcuts],
            "targets": [[title, kind] for title, kind, _open in targets],
            "texts": {
                "search": _("Search pages and websites"),
                "none": _("Nothing found"),
                "list": _("Keyboard shortcuts"),
                "close": _("Close"),
            },
            "listed": st.session_state.get(controls.SHORTCUTS_LISTED, 0),
        },
        height=0,
        on_pressed_change=authorized.callback(pressed),
        on_chosen_change=authorized.callback(chosen),
    )
