"""What this process measures of itself, where somebody watches: questions, runs, sessions."""

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
from components import page_registry, runtime
from monitoring.metrics import Kind, Metrics, Outcome

NAMES: Final = {
    area.title: area.name for area in (*page_registry.PAGES, *page_registry.ADMIN_PAGES)
}
NO_PAGE: Final = "none"
"""Where nothing is open to whoever looks."""
SESSIONS: Final = "active_sessions"
EVENTS: Final = "session_events"
"""What Streamlit calls what it counts itself."""


@st.cache_resource(show_spinner=False)
def metrics() -> Metrics | None:
    """The metrics of this process; ``None`` where nobody watches. Raises ``SettingsError``."""
    if settings.load(secrets=runtime.secrets_file()).monitor is None:
        return None
    made = Metrics()
    made.registry.register(Line())
    made.registry.register(Sessions())
    return made


@dataclass(slots=True)
class Run:
    """A run of ``app.py``, timed from when this is made."""

    _begun: float = field(default_factory=time.perf_counter)

    @contextmanager
    def of(self, title: str) -> Iterator[None]:
        """The page that is run; once the block is left, how long all of it took is known."""
        with _timed(NAMES.get(title, NO_PAGE), "page", self._begun):
            yield


@contextmanager
def part(page: str) -> Iterator[None]:
    """A part of a page that also runs by itself; inside a whole run it is that run's."""
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
        # What ends a run early is no ``Exception``: it stays at ``left``.
        watching = metrics()
        if watching:
            watching.ran(page, kind, outcome, time.perf_counter() - begun)


class Line(Collector):
    """Runs that wait for those before them, when somebody asks."""

    def collect(self) -> Iterator[Metric]:
        """How many there are."""
        yield GaugeMetricFamily(
            "dashboard_runs_in_line", "Runs that stand in line.", runtime.RENDER_LOCK.line
        )


class Sessions(Collector):
    """What Streamlit counts of its sessions, when somebody asks."""

    def collect(self) -> Iterator[Metric]:
        """Tabs that are connected now, and how often some were."""
        if not Runtime.exists():
            return
        counted = Runtime.instance().stats_mgr.get_stats((SESSIONS, EVENTS))
        now = GaugeMetricFamily("dashboard_sessions", "Tabs that are connected.")
        for one in counted.get(SESSIONS, ()):
            if isinstance(one, GaugeStat):
                now.add_metric((), one.value)
        yield now
        events = CounterMetricFamily(
            "dashboard_session_events", "Tabs that came, came back and went.", labels=("event",)
        )
        for one in counted.get(EVENTS, ()):
            if isinstance(one, CounterStat) and one.labels:
                events.add_metric((one.labels["type"],), one.value)
        yield events
