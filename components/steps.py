"""Inputs for steps and goals: a page or an event, with the values that occur offered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import streamlit as st

from components import authorized
from components.render import Page
from umami.analysis.steps import KINDS
from umami.endpoints import traffic
from umami.models.reports import FunnelStep, StepKind
from umami.models.traffic import Value
from umami.view import View

PLACEHOLDERS: dict[StepKind, str] = {
    "path": "Choose or type a page, such as /pricing or /blog/*",
    "event": "Choose or type the name of an event",
}
_NONE: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Values that occur in the period, the most frequent first."""

    paths: tuple[str, ...]
    events: tuple[str, ...]

    def of(self, kind: StepKind) -> tuple[str, ...]:
        """Those of a kind of step."""
        return self.paths if kind == "path" else self.events


def ask_suggestions(
    page: Page, view: View
) -> tuple[Future[tuple[Value, ...]], Future[tuple[Value, ...]]]:
    """Ask for pages and events to suggest; none where the server cannot tell."""
    return (
        page.hint(traffic.values(view, "path"), _NONE),
        page.hint(traffic.values(view, "event"), _NONE),
    )


def suggestions(paths: Sequence[Value], events: Sequence[Value]) -> Suggestions:
    """What was asked for, without the rows that have no value."""
    return Suggestions(
        *(tuple(row.value for row in values if row.value) for values in (paths, events))
    )


def inputs(
    step: FunnelStep,
    offered: Suggestions,
    *,
    label: str,
    key: str,
    write: Callable[[FunnelStep], None],
) -> None:
    """Two inputs for one step; ``write`` is called with what they say once either is changed."""
    kind_key, value_key = f"{key}_kind", f"{key}_value"
    st.session_state[kind_key] = step.kind
    st.session_state[value_key] = step.value or None

    def changed() -> None:
        kind: StepKind = st.session_state[kind_key]
        entry: Any = st.session_state[value_key]
        value = "" if entry is None or kind != step.kind else str(entry).strip()
        write(FunnelStep(kind, value))

    st.selectbox(
        f"{label}: kind",
        list(KINDS),
        key=kind_key,
        format_func=KINDS.__getitem__,
        label_visibility="collapsed",
        width=95,
        on_change=authorized.callback(changed),
    )
    options = list(dict.fromkeys([*([step.value] if step.value else []), *offered.of(step.kind)]))
    st.selectbox(
        f"{label}: {KINDS[step.kind].lower()}",
        options,
        index=None,
        key=value_key,
        placeholder=PLACEHOLDERS[step.kind],
        accept_new_options=True,
        label_visibility="collapsed",
        on_change=authorized.callback(changed),
    )
