"""A page's own parameters in the URL, beside those of the View.

They live as the View's do (see ``address``): in inputs that nobody sees, bound to the URL by
Streamlit, kept while other pages are looked at and there again on coming back. A page reads them
anew in each run, checks them, and writes them in callbacks. No two pages share a name: Streamlit
would lose its value on the way from one to the other, and Back could not bring it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import streamlit as st

from components import authorized, url_state
from components.areas import PageInfo

T = TypeVar("T")
_KEPT: Final = "parameters of pages as they were last"
_LOST: Final = "parameters to be there again in the next run"
_HIDDEN: Final = "<style>.st-key-own_spelled{display:none}</style>"


def page_params(page: PageInfo) -> dict[str, list[str]]:
    """The parameters of a page as the URL spells them; call once a run."""
    return read_params(*page.params, *page.page_params, several=page.list_params)


def read_params(*single: str, several: Sequence[str] = ()) -> dict[str, list[str]]:
    """This page's parameters as the URL spells them; one that is not there is an empty list.

    ``several`` are those that may come more than once. Call once a run.
    """
    st.html(_HIDDEN)
    names = (*single, *several)
    given = any(name in st.query_params for name in names)
    st.session_state.update(st.session_state.pop(_LOST, {}))
    found: dict[str, list[str]] = {}
    with st.container(key="own_spelled", gap=None):
        for name in single:
            st.text_input(name, key=name, bind="query-params", label_visibility="collapsed")
            found[name] = [st.session_state[name]] if st.session_state[name] else []
        for name in several:
            st.multiselect(
                name,
                st.session_state.get(name, []),
                key=name,
                bind="query-params",
                accept_new_options=True,
                label_visibility="collapsed",
            )
            found[name] = list(st.session_state[name])
    kept: dict[str, Any] = st.session_state.setdefault(_KEPT, {})
    if url_state.arriving() and not given:
        # Back leads through the address of the page that is left, which knows nothing of this one.
        lost = {name: kept[name] for name in names if kept.get(name) and not found[name]}
        if lost:
            st.session_state[_LOST] = lost
            st.rerun()
    kept.update({name: st.session_state[name] for name in names})
    return found


def set_params(**values: str | Sequence[str]) -> None:
    """Spell some of the parameters anew, from the next run on. A callback's."""
    for name, value in values.items():
        st.session_state[name] = value if isinstance(value, str) else list(value)


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
