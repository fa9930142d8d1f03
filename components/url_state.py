"""What is looked at, as the URL spells it.

The URL is the only state. Its parameters live in inputs that nobody sees, bound to it by
Streamlit; they are parsed into one ``View``, and every visible control is drawn from that View.
A control that is moved writes the parameters anew. So a reload, a link and the Back button give
the same page, ids and not labels stand in the URL, and a malformed link is read in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import streamlit as st

from access.permissions import ViewFilters
from components import view_description, viewer
from components.areas import PageInfo
from components.view_description import dates as dates
from components.view_description import described as described
from components.view_description import present as present
from umami.capabilities import Capabilities
from umami.errors import InvalidView
from umami.filters import Filter
from umami.period import zone
from umami.view import ALL_TIME, View, parse

SPELLED: Final = (
    "website",
    "period",
    "from",
    "to",
    "unit",
    "tz",
    "compare",
    "weekdays",
    "compare_from",
    "compare_to",
    "match",
    "segment",
    "cohort",
)
"""URL parameters with one value each; ``filter`` may come several times."""

_VIEW: Final = "the view"
_LAST: Final = "page and parameters of the last run"
_ARRIVING: Final = "another page was looked at before"
_SAID: Final = "link whose faults were named"
_NOTES: Final = "what was dropped from the link"


def view() -> View:
    """What is looked at in this run; pages call this."""
    found = st.session_state[_VIEW]
    assert isinstance(found, View)
    return found


def free() -> bool:
    """Whether the viewer may filter what they look at."""
    return viewer.current().permissions.filters(view().website)


def toggle(field: str, value: str) -> None:
    """Filter everything by this value, or take that filter away where it is set. A callback's."""
    now = view()
    if not free():
        note("What you see has fixed filters.")
        return
    try:
        wanted = Filter(field, "eq", value)
    except InvalidView as problem:
        note(str(problem))
        return
    if wanted in now.filters:
        go(replace(now, filters=tuple(one for one in now.filters if one != wanted)))
    else:
        go(now.filtered(field, value))


def arriving() -> bool:
    """Whether another page was looked at before this one; so once only."""
    return bool(st.session_state.pop(_ARRIVING, False))


def note(*sentences: str) -> None:
    """Say something under the bar, once."""
    st.session_state[_NOTES] = sentences


def notes() -> tuple[str, ...]:
    """What is to be said in this run."""
    said: tuple[str, ...] = st.session_state.pop(_NOTES, ())
    return said


def chosen(field: str | None) -> tuple[str, ...]:
    """The values of this field that everything is filtered by."""
    for one in view().filters:
        if one.field == field and one.operator == "eq":
            return one.values
    return ()


def resolve(
    page: str,
    websites: Sequence[str],
    recorded: Callable[[str], tuple[datetime, datetime] | None],
    capabilities: Capabilities,
) -> View:
    """Read the View off the URL, before anything is drawn. Call once a run, in ``app.py``,
    where what it draws is not seen.

    ``page`` is the path of the page shown; ``websites`` are the ids that may be looked at;
    ``recorded`` tells the span of a website's data, asked only where the period is all of it;
    ``capabilities`` says what the server can be filtered by.
    What a link says and cannot be shown is dropped, and said once. Raises ``InvalidView`` if
    there is no website.
    """
    given = _bound()
    last_page, last = st.session_state.get(_LAST, (page, given))
    if page != last_page and "website" not in given:
        # What a control writes always names a website; a URL without, on arriving at a page, has
        # lost everything on its way (Streamlit drops parameters in the first of the two steps of
        # a page change, and Back can end between them).
        given = last
    st.session_state[_LAST] = (page, given)
    if page != last_page:
        st.session_state[_ARRIVING] = True
    looking = viewer.current()
    if looking.share and "website" not in given:
        given = {**{name: list(values) for name, values in looking.share.view.items()}, **given}
    span = None
    if given.get("period") == [ALL_TIME] and websites:
        named = given.get("website", [websites[0]])[-1]
        span = recorded(named if named in websites else websites[0])
    parsed = parse(
        given,
        now=datetime.now(UTC),
        websites=websites,
        timezone=_viewer_zone(),
        recorded=span,
        capabilities=capabilities,
    )
    if st.session_state.get(_SAID) != given:
        st.session_state[_SAID] = given
        note(*parsed.dropped)
    found = parsed.view
    fixed = looking.permissions.fixed(found.website)
    if fixed is not None and ViewFilters.of(found) != fixed:
        if found.is_filtered:
            note("What you see has fixed filters: those of the link are left out.")
        found = replace(found, **{one.name: getattr(fixed, one.name) for one in fields(fixed)})
    st.session_state[_VIEW] = found
    return found


def keep() -> None:
    """Keep the View in the URL on a page that shows nothing of it. Call once a run, in ``app.py``,
    where what it draws is not seen."""
    given = _bound()
    _, last = st.session_state.get(_LAST, ("", given))
    st.session_state[_LAST] = ("", given if "website" in given else last)


def clear() -> None:
    """Look at what a link that says nothing looks at, from the next run on. A callback's."""
    for name, value in _inputs({}).items():
        st.session_state[name] = value


def _bound() -> dict[str, list[str]]:
    """The URL's parameters, read through the inputs bound to it; what is empty is left out."""
    for name in SPELLED:
        st.text_input(name, key=name, bind="query-params", label_visibility="collapsed")
    st.multiselect(
        "filter",
        st.session_state.get("filter", []),
        key="filter",
        bind="query-params",
        accept_new_options=True,
        label_visibility="collapsed",
    )
    found = {name: [st.session_state[name]] for name in SPELLED if st.session_state[name]}
    if st.session_state["filter"]:
        found["filter"] = list(st.session_state["filter"])
    return found


def _spell(now: View, *, keep_unit: bool) -> dict[str, list[str]]:
    """The View as URL parameters; the unit only where one was chosen."""
    return {name: values for name, values in now.params().items() if name != "unit" or keep_unit}


def _inputs(spelled: Mapping[str, list[str]]) -> dict[str, Any]:
    """Parameters as the values of the inputs bound to them."""
    single = {name: spelled.get(name, [""])[-1] for name in SPELLED}
    return {**single, "filter": list(spelled.get("filter", []))}


def go(now: View, *, keep_unit: bool | None = None) -> None:
    """Look at another View from the next run on."""
    kept = bool(st.session_state["unit"]) if keep_unit is None else keep_unit
    for name, value in _inputs(_spell(now, keep_unit=kept)).items():
        st.session_state[name] = value


def change(updates: Mapping[str, list[str]]) -> None:
    """Write some of the parameters anew and leave the others; an empty list takes one away."""
    spelled = {**_spell(view(), keep_unit=bool(st.session_state["unit"])), **updates}
    for name, value in _inputs({name: one for name, one in spelled.items() if one}).items():
        st.session_state[name] = value


def why_empty(otherwise: str) -> str:
    """Why a place on the page is empty, in words."""
    return view_description.why_empty(view(), otherwise)


def _viewer_zone() -> str:
    """The viewer's time zone, where their browser names one that exists."""
    name = st.context.timezone
    try:
        return zone(name).key if name else "UTC"
    except InvalidView:
        return "UTC"


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
    if arriving() and not given:
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
