"""Health and metrics for operators: an HTTP server with ``/live``, ``/ready`` and ``/metrics``.

It listens at ``DASHBOARD_MONITOR``, which need not be public. No label and no answer contains a
name, an id, a secret or anything from data.
"""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any, Final, Literal, TypeVar
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import prometheus_client as prometheus
import streamlit as st
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.stats import CounterStat, GaugeStat

from access import settings
from components import render_lock, runtime
from umami.errors import SettingsError, UmamiError
from umami.instrumentation import How
from umami.scheduling import SingleFlight, settle

T = TypeVar("T")
Checks = Mapping[str, Callable[[], object]]
_LOG: Final = logging.getLogger(__name__)
_BUCKETS: Final = (0.001, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the histograms' buckets, in seconds."""

# The "created" series would double the number of series, and nothing here uses them.
prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics(Collector):
    """The metrics of this process; ``registry`` holds them. Safe to use from many threads."""

    def __init__(self) -> None:
        self.registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self.registry)
        self.registry.register(self)
        queries = "Queries of pages, by how they were answered."
        answers = ("dashboard_answers", queries, ("endpoint", "how"))
        self._answers = prometheus.Counter(*answers, registry=self.registry)
        self._requests = self._histogram("request", "Requests to Umami.", "endpoint", "outcome")
        self._waits = self._histogram("wait", "Times that requests waited for their turn at Umami.")
        self._runs = self._histogram("run", "Runs of pages and parts.", "page", "kind", "outcome")

    def _histogram(self, name: str, about: str, *labels: str) -> prometheus.Histogram:
        full = f"dashboard_{name}_seconds"
        return prometheus.Histogram(full, about, labels, buckets=_BUCKETS, registry=self.registry)

    def answered(self, endpoint: str, problem: UmamiError | None, seconds: float) -> None:
        """Observe a request to the server, with the kind of its error in words."""
        kind = type(problem).__name__ if problem else "ok"
        outcome = re.sub(r"(?<!^)(?=[A-Z])", " ", kind).lower()
        self._requests.labels(endpoint, outcome).observe(seconds)

    def looked_up(self, endpoint: str, how: How) -> None:
        """Count a query of a page."""
        self._answers.labels(endpoint, how).inc()

    def waited(self, seconds: float) -> None:
        """Observe how long a request waited for its turn."""
        self._waits.observe(seconds)

    def ran(self, page: str, kind: str, outcome: str, seconds: float) -> None:
        """Observe a run of a whole page, or of a part of it by itself."""
        self._runs.labels(page, kind, outcome).observe(seconds)

    def collect(self) -> Iterator[prometheus.Metric]:
        """The runs that wait for the render lock, and Streamlit's statistics of its sessions."""
        waiting = "Script runs that wait for the render lock."
        yield GaugeMetricFamily("dashboard_runs_in_line", waiting, render_lock.RENDER_LOCK.line)
        if not Runtime.exists():
            return
        sessions = GaugeMetricFamily("dashboard_sessions", "Connected tabs.")
        events = CounterMetricFamily(
            "dashboard_session_events", "Tabs that came, came back and went.", labels=("event",)
        )
        stats = Runtime.instance().stats_mgr.get_stats(("active_sessions", "session_events"))
        for stat in (stat for family in stats.values() for stat in family):
            if isinstance(stat, GaugeStat):
                sessions.add_metric((), stat.value)
            elif isinstance(stat, CounterStat) and stat.labels:
                events.add_metric((stat.labels["type"],), stat.value)
        yield from (sessions, events)


@st.cache_resource(show_spinner=False)
def metrics() -> Metrics | None:
    """The metrics of this process; ``None`` without a monitor. Raises ``SettingsError``."""
    return Metrics() if settings.load(secrets=runtime.secrets_file()).monitor else None


@contextmanager
def timed(page: str, kind: Literal["page", "part"], begun: float) -> Iterator[None]:
    """Observe a run of a page that began at ``begun`` (``time.perf_counter``)."""
    outcome = "left"
    try:
        yield
        outcome = "done"
    except Exception:
        outcome = "failed"
        raise
    finally:
        # Where another action interrupts a run, Streamlit stops it with a ``BaseException``.
        if watching := metrics():
            watching.ran(page, kind, outcome, time.perf_counter() - begun)


@contextmanager
def part(page: str) -> Iterator[None]:
    """Observe a fragment that reruns by itself; inside a full run nothing is recorded."""
    context = get_script_run_ctx()
    alone = context and context.fragment_ids_this_run
    with timed(page, "part", time.perf_counter()) if alone else nullcontext():
        yield


@dataclass(slots=True)
class Readiness:
    """The checks that must pass before viewers are let in, by the word that ``/ready`` returns if
    one fails, which it does by raising. They run in order in a thread, and only once at a time."""

    checks: Checks
    timeout: float = 2.0
    """Seconds that ``/ready`` waits for the checks."""
    _current: str = ""
    _logged: str = "ready"
    _flights: SingleFlight[str] = field(default_factory=SingleFlight, repr=False)

    def missing(self) -> str:
        """Return the word of the first check that fails, or that still runs after ``timeout``;
        empty if all pass. The reason is only logged, once, since the answer may be public."""
        flight = self._flights.submit("readiness", lambda _: _in_thread(self._first_failure))
        try:
            return flight.result(self.timeout)
        except TimeoutError:
            return self._current

    def _first_failure(self) -> str:
        failed, state = "", "ready"
        for word, check in self.checks.items():
            self._current = word
            try:
                check()
            except Exception as problem:
                # Other errors than ours may quote a secret.
                ours = isinstance(problem, UmamiError)
                reason = str(problem) if ours else f"{type(problem).__name__}."
                failed, state = word, f"not ready, {word}: {reason}"
                break
        if state != self._logged:
            self._logged = state
            _LOG.warning("The dashboard is %s", state)
        return failed


def _in_thread(work: Callable[[], T]) -> Future[T]:
    outcome: Future[T] = Future()
    threading.Thread(target=settle, args=(outcome, work), name="monitor", daemon=True).start()
    return outcome


class Monitor(ThreadingMixIn, WSGIServer):
    """A running server; ``server_port`` is its port."""

    daemon_threads = True

    def stop(self) -> None:
        """Stop the server and free its port."""
        self.shutdown()
        self.server_close()


class _Handler(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        """Log no requests."""


def serve(address: settings.Address, metrics: Metrics, readiness: Readiness) -> Monitor:
    """Start the server in a thread; it listens when this function returns.

    Port 0 stands for any free port. Raises ``OSError`` if the address is not available.
    """
    exposition = prometheus.make_wsgi_app(metrics.registry)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        path, status, word = environ["PATH_INFO"], "200 OK", "live"
        if path == "/metrics":
            return exposition(environ, start_response)
        if path == "/ready" and (word := readiness.missing() or "ready") != "ready":
            status = "503 Service Unavailable"
        elif path not in ("/live", "/ready"):
            status = word = "404 Not Found"
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
        start_response(status, headers)
        return [f"{word}\n".encode()]

    class Server(Monitor):
        address_family = socket.AF_INET6 if ":" in address.host else socket.AF_INET

    server = make_server(address.host, address.port, answer, Server, _Handler)
    _in_thread(server.serve_forever)
    return server


@st.cache_resource(show_spinner=False, on_release=lambda monitor: monitor and monitor.stop())
def start(_checks: Checks) -> Monitor | None:
    """Start the server at ``DASHBOARD_MONITOR`` on the first call.

    Returns ``None`` if it is not set or the port cannot be bound, which is logged. Raises
    ``SettingsError``.
    """
    address, watching = settings.load(secrets=runtime.secrets_file()).monitor, metrics()
    if address is None or watching is None:
        return None
    try:
        return serve(address, watching, Readiness(_checks))
    except OSError:
        _LOG.error("DASHBOARD_MONITOR: port %s cannot be had, so nothing answers.", address.port)
        return None


def begin(checks: Checks) -> None:
    """Start at process start; log invalid settings, which every page shows as well."""
    try:
        start(checks)
    except SettingsError as problem:
        _LOG.error("%s", problem)
