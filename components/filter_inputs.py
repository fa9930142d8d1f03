"""The inputs of one filter: field, condition and values, with values of the website to choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from access.permissions import AuthorizedClient
from components import texts, view_description
from components.escaping import plain
from components.texts import _
from umami.api import traffic
from umami.errors import UmamiError
from umami.filters import FIELDS, OPERATORS, Filter, in_form_of
from umami.view import View


def draw(client: AuthorizedClient, now: View, key: str) -> Callable[[], Filter]:
    """Draw the inputs; ``key`` begins the keys of their state. The returned function reads them in
    a callback: it raises ``InvalidView``."""
    able = client.capabilities
    field = st.selectbox(
        _("Field"),
        [field for field in FIELDS if field in able.fields],
        format_func=lambda field: _(FIELDS[field]),
        key=f"{key}_field",
    )
    operator = st.selectbox(
        _("Condition"),
        [operator for operator in OPERATORS if operator in able.operators],
        format_func=lambda operator: _(OPERATORS[operator]),
        key=f"{key}_operator",
    )
    value_key = f"{key}_value_{field}_{operator}"
    offered = suggestions(client, now, field)
    choice: dict[str, Any] = {
        "options": offered,
        "key": value_key,
        "format_func": lambda value: view_description.value_name(field, value),
        "placeholder": _("Choose or type"),
        "accept_new_options": True,
    }
    if able.several and operator in ("eq", "neq"):
        st.multiselect(_("Values"), **choice)
    else:
        st.selectbox(_("Value"), index=None, **choice)

    def read() -> Filter:
        entry = st.session_state.get(value_key)
        typed = entry if isinstance(entry, list) else [entry or ""]
        return Filter(field, operator, *(in_form_of(value, offered) for value in typed))

    return read


def suggestions(client: AuthorizedClient, now: View, field: str) -> list[str]:
    """Suggested values for a filter; empty, with a caption, if the query fails."""
    others = tuple(filter_ for filter_ in now.filters if filter_.field != field)
    query = traffic.values(replace(now, filters=others), field)
    try:
        return [row.value for row in client.ask(query) if row.value]
    except UmamiError as problem:
        st.caption(plain(_("No suggestions: {problem}").format(problem=texts.sentence(problem))))
        return []
