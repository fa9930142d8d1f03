"""Metrics of this process for Prometheus: queries, script runs and sessions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import streamlit as st
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.stats import CounterStat, GaugeStat

from access import settings
from components import page_registry, render_lock, runtime
from monitoring.metrics import Kind, Metrics, Outcome

NAMES: Final = {
    area.title: area.name for area in (*page_registry.PAGES, *page_registry.ADMIN_PAGES)
}
NO_PAGE: Final = "none"
"""The page label of runs whose viewer may open no page."""
SESSIONS: Final = "active_sessions"
EVENTS: Final = "session_events"
"""The names of Streamlit's own statistics."""


@st.cache_resource(show_spinner=False)
def metrics() -> Metrics | None:
    """The metrics of this process; ``None`` without a monitor. Raises ``SettingsError``."""
    if settings.load(secrets=runtime.secrets_file()).monitor is None:
        return None
    made = Metrics()
    made.registry.register(Line())
    made.registry.register(Sessions())
    return made


@dataclass(slots=True)
class Run:
    """A run of ``app.py``, timed from the creation of this object."""

    _begun: float = field(default_factory=time.perf_counter)

    @contextmanager
    def of(self, title: str) -> Iterator[None]:
        """Record the duration of the run under its page when the block ends."""
        with _timed(NAMES.get(title, NO_PAGE), "page", self._begun):
            yield


@contextmanager
def part(page: str) -> Iterator[None]:
    """Time a fragment that reruns by itself; inside a full run nothing is recorded."""
    context = get_script_run_ctx()
    if context and context.fragment_ids_this_run:
        with _timed(page, "part", time.perf_counter()):
            yield
    else:
        yield


@contextmanager
def _timed(page: str, kind: Kind, begun: float) -> Iterator[None]:
    outcome: Outcome = "left"
    try:
        yield
        outcome = "done"
    except Exception:
        outcome = "failed"
        raise
    finally:
        # Streamlit stops a run with a ``BaseException``; the outcome is then ``left``.
        watching = metrics()
        if watching:
            watching.ran(page, kind, outcome, time.perf_counter() - begun)


class Line(Collector):
    """Collects the number of runs that wait for the render lock."""

    def collect(self) -> Iterator[Metric]:
        """The number of waiting runs."""
        yield GaugeMetricFamily(
            "dashboard_runs_in_line",
            "Script runs that wait for the render lock.",
            render_lock.RENDER_LOCK.line,
        )


class Sessions(Collector):
    """Collects Streamlit's statistics of its sessions."""

    def collect(self) -> Iterator[Metric]:
        """The number of connected tabs, and counters of session events."""
        if not Runtime.exists():
            return
        counted = Runtime.instance().stats_mgr.get_stats((SESSIONS, EVENTS))
        now = GaugeMetricFamily("dashboard_sessions", "Connected tabs.")
        for stat in counted.get(SESSIONS, ()):
            if isinstance(stat, GaugeStat):
                now.add_metric((), stat.value)
        yield now
        events = CounterMetricFamily(
            "dashboard_session_events",
            "Tabs that connected, reconnected and disconnected.",
            labels=("event",),
        )
        for stat in counted.get(EVENTS, ()):
            if isinstance(stat, CounterStat) and stat.labels:
                events.add_metric((stat.labels["type"],), stat.value)
        yield events
