"""The current View and the page parameters, stored in the URL.

The URL is the only state. Hidden inputs are bound to its parameters by Streamlit. They are parsed
into one ``View``, from which every visible control is drawn; a changed control updates the
parameters. So reloads, links and the Back button show the same page, the URL contains ids instead
of labels, and malformed links are handled in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import streamlit as st

from access.permissions import ViewFilters
from components import formats, texts, viewer
from components.areas import PageInfo
from components.runtime import component
from components.texts import _
from components.view_description import dates as dates
from umami.errors import InvalidView
from umami.filters import Capabilities, Filter
from umami.period import zone
from umami.view import ALL_TIME, View
from umami.view_parsing import Fault, parse

SPELLED: Final = (
    "website",
    "period",
    "from",
    "to",
    "unit",
    "tz",
    "compare",
    "weekdays",
    "week",
    "compare_from",
    "compare_to",
    "match",
    "segment",
    "cohort",
    "conversion",
    "conversion_currency",
)
"""URL parameters with one value each; ``filter`` may come several times."""
NAMES: Final = frozenset({*SPELLED, "filter"})
"""All URL parameters of a View."""

_OPTIONAL: Final = ("unit", "conversion", "conversion_currency")
"""Parameters that the URL lacks until the viewer selects a value other than the default."""
_VIEW: Final = "the view"
_LAST: Final = "page and parameters of the last run"
_ARRIVING: Final = "another page was looked at before"
_SAID: Final = "link whose faults were named"
_NOTES: Final = "what was dropped from the link"


def view() -> View:
    """The View of this run."""
    current = st.session_state[_VIEW]
    assert isinstance(current, View)
    return current


def path() -> str:
    """The URL path of the page of this run."""
    shown, _params = st.session_state.get(_LAST, ("", {}))
    return str(shown)


def params() -> dict[str, list[str]]:
    """The parameters of this View, with a unit and a conversion only if the viewer chose them."""
    return _spelled(view(), keep_unit=True)


def default_params() -> dict[str, list[str]]:
    """The parameters of the current website's View when nothing was chosen."""
    parsed = parse(
        {},
        now=datetime.now(UTC),
        websites=[view().website],
        timezone=_viewer_zone(),
        week_start=formats.week_start(),
    )
    return {name: values for name, values in parsed.view.params().items() if name != "unit"}


def own_params(page: PageInfo) -> dict[str, list[str]]:
    """The parameters of the current page that reports and saved views contain, from the state of
    its inputs."""
    return {
        name: [value] if isinstance(value, str) else list(value)
        for name in (*page.params, *page.list_params)
        if name not in page.page_params and (value := st.session_state.get(name))
    }


def free() -> bool:
    """Whether the viewer may change the filters of the current website."""
    return viewer.current().permissions.filters(view().website)


def toggle(field: str, value: str, *others: str) -> None:
    """Filter by this value or any of the others, or remove that filter if it is set. Call it in a
    callback."""
    now = view()
    if not free():
        note(_("Your filters are locked."))
        return
    try:
        wanted = Filter(field, "eq", value, *others)
    except InvalidView as problem:
        note(texts.sentence(problem))
        return
    if wanted in now.filters:
        go(replace(now, filters=tuple(filter_ for filter_ in now.filters if filter_ != wanted)))
    else:
        go(now.adding(wanted, beside=False))


def note(*sentences: str) -> None:
    """Show notes below the control bar in the next run, once."""
    st.session_state[_NOTES] = sentences


def notes() -> tuple[str, ...]:
    """The notes to show in this run."""
    said: tuple[str, ...] = st.session_state.pop(_NOTES, ())
    return said


def chosen(field: str | None) -> tuple[str, ...]:
    """The values of the equality filter on this field."""
    for filter_ in view().filters:
        if filter_.field == field and filter_.operator == "eq":
            return filter_.values
    return ()


def resolve(
    page: str,
    websites: Sequence[str],
    recorded: Callable[[str], tuple[datetime, datetime] | None],
    capabilities: Capabilities,
) -> View:
    """Parse the View from the URL before the page is drawn. Call once per run, in ``app.py``,
    inside a hidden container.

    ``page`` is the path of the page; ``websites`` are the ids that the viewer may see; ``recorded``
    returns the span of a website's data and is called only for the period "all time";
    ``capabilities`` are the filters that the server supports.
    Invalid parts of a link are dropped with a note. Raises ``InvalidView`` without websites.
    """
    params = _view_params()
    last_page, last = st.session_state.get(_LAST, (page, params))
    if page != last_page and "website" not in params:
        # Controls always write the website. A URL without it, after a page change, has lost its
        # parameters: Streamlit drops them in the first of the two steps of a page change, and
        # Back can end between them.
        params = last
    st.session_state[_LAST] = (page, params)
    if page != last_page:
        st.session_state[_ARRIVING] = True
    looking = viewer.current()
    if looking.share and "website" not in params:
        params = {**{name: list(values) for name, values in looking.share.view.items()}, **params}
    span = None
    if params.get("period") == [ALL_TIME] and websites:
        named = params.get("website", [websites[0]])[-1]
        span = recorded(named if named in websites else websites[0])
    parsed = parse(
        params,
        now=datetime.now(UTC),
        websites=websites,
        timezone=_viewer_zone(),
        week_start=formats.week_start(),
        recorded=span,
        capabilities=capabilities,
    )
    if st.session_state.get(_SAID) != params:
        st.session_state[_SAID] = params
        note(*dict.fromkeys(map(_explained, parsed.faults)))
    shown = parsed.view
    fixed = looking.permissions.fixed(shown.website)
    if fixed is not None and ViewFilters.of(shown) != fixed and shown.is_filtered:
        note(_("Your filters are locked: those of the link are left out."))
    shown = looking.permissions.restricted(shown)
    if not shown.conversion:
        shown = shown.with_default(viewer.saved_conversion(shown.website))
    st.session_state[_VIEW] = shown
    return shown


def _explained(fault: Fault) -> str:
    """Why a part of a link was ignored, and what is shown instead."""
    reason = _(fault.reason)
    if not fault.instead:
        return reason
    return _("Showing {instead}: {reason}").format(
        instead=_(fault.instead), reason=texts.inside(reason)
    )


def keep() -> None:
    """Keep the View in the URL on a page that does not use it. Call once per run, in ``app.py``,
    inside a hidden container."""
    params = _view_params()
    _unused, last = st.session_state.get(_LAST, ("", params))
    st.session_state[_LAST] = ("", params if "website" in params else last)


_HISTORY: Final = component("history")


def merge_history() -> None:
    """Make one entry of each step in the browser's history, however many parameters it changes.

    Call once per run, in ``app.py``, inside a hidden container.
    """
    _HISTORY(key="history", height=0)


def _view_params() -> dict[str, list[str]]:
    return {name: values for name, values in _inputs(SPELLED, ("filter",)).items() if values}


def write(params: Mapping[str, Sequence[str]]) -> None:
    """Set the parameters of the View for the next run. Call it in a callback."""
    for name in SPELLED:
        st.session_state[name] = (params.get(name) or [""])[-1]
    st.session_state["filter"] = list(params.get("filter", ()))


def go(now: View, *, keep_unit: bool = True) -> None:
    """Open another View in the next run. Call it in a callback.

    The URL contains a unit and a conversion only if the viewer has selected them, or the View has
    another conversion than the current one, and no unit with ``keep_unit=False``.
    """
    write(_spelled(now, keep_unit))


def change(updates: Mapping[str, list[str]]) -> None:
    """Update some parameters and keep the others; an empty list removes a parameter."""
    write({**params(), **updates})


def _spelled(now: View, keep_unit: bool) -> dict[str, list[str]]:
    chosen = {name: bool(st.session_state[name]) for name in _OPTIONAL}
    chosen["unit"] &= keep_unit
    if (now.conversion, now.currency) != (view().conversion, view().currency):
        # Without it, the URL would open the conversion that was saved for the website.
        chosen["conversion"] = chosen["conversion_currency"] = True
    return {name: values for name, values in now.params().items() if chosen.get(name, True)}


def _viewer_zone() -> str:
    """The time zone of the viewer's browser, UTC if it is unknown."""
    name = st.context.timezone
    try:
        return zone(name).key if name else "UTC"
    except InvalidView:
        return "UTC"


_KEPT: Final = "parameters of pages as they were last"
_LOST: Final = "parameters to be there again in the next run"


def page_params(page: PageInfo) -> dict[str, list[str]]:
    """The parameters of a page from the URL; call once per run."""
    return read_params(*page.params, *page.page_params, several=page.list_params)


def read_params(*single: str, several: Sequence[str] = ()) -> dict[str, list[str]]:
    """This page's parameters from the URL; a missing parameter is an empty list.

    ``several`` are parameters with multiple values. Call once per run.
    """
    names = (*single, *several)
    if not names:
        return {}
    in_url = any(name in st.query_params for name in names)
    st.session_state.update(st.session_state.pop(_LOST, {}))
    with st.container(key="own_spelled", gap=None):
        params = _inputs(single, several)
    last: dict[str, Any] = st.session_state.setdefault(_KEPT, {})
    # True only for the first call after a page change.
    if st.session_state.pop(_ARRIVING, False) and not in_url:
        # Back first opens the URL of the page that is left, which lacks these parameters.
        lost = {name: last[name] for name in names if last.get(name) and not params[name]}
        if lost:
            st.session_state[_LOST] = lost
            st.rerun()
    last.update({name: st.session_state[name] for name in names})
    return params


def _inputs(single: Sequence[str], several: Sequence[str]) -> dict[str, list[str]]:
    """Draw an input bound to each of these parameters of the URL; returns their values."""
    for name in single:
        st.text_input(name, key=name, bind="query-params", label_visibility="collapsed")
    for name in several:
        st.multiselect(
            name,
            st.session_state.get(name, []),
            key=name,
            bind="query-params",
            accept_new_options=True,
            label_visibility="collapsed",
        )
    simple = {name: [value] if (value := st.session_state[name]) else [] for name in single}
    return {**simple, **{name: list(st.session_state[name]) for name in several}}


def set_params(**values: str | Sequence[str]) -> None:
    """Update some of the page's parameters for the next run. Call it in a callback."""
    for name, value in values.items():
        st.session_state[name] = value if isinstance(value, str) else list(value)
