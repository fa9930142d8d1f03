"""The metrics of a process and the outcomes of runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from streamlit.runtime.scriptrunner import StopException

from components import metrics, render_lock, viewer
from components.metrics import Metrics
from tests.support.ports import free_port
from tests.support.waiting import eventually


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metrics]:
    """A process with a metrics server on a free port."""
    monkeypatch.setenv("DASHBOARD_MONITOR", str(free_port()))
    metrics.metrics.clear()
    metrics.start.clear()
    current = metrics.metrics()
    assert current is not None
    yield current
    metrics.start.clear()
    metrics.metrics.clear()


def test_metrics_are_off_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DASHBOARD_MONITOR", raising=False)
    metrics.metrics.clear()
    metrics.start.clear()
    assert metrics.metrics() is None
    assert metrics.start(viewer.CHECKS) is None
    with metrics.timed("overview", "page", 0.0):
        pass


def test_metrics_server_is_started_once(watching: Metrics) -> None:
    first = metrics.start(viewer.CHECKS)
    assert first is not None
    assert metrics.start(viewer.CHECKS) is first
    assert metrics.metrics() is watching


def test_taken_port_does_not_stop_the_dashboard(
    watching: Metrics, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    taken = metrics.start(viewer.CHECKS)
    assert taken is not None
    monkeypatch.setenv("DASHBOARD_MONITOR", str(taken.server_port))
    assert metrics.start.__wrapped__(viewer.CHECKS) is None
    assert str(taken.server_port) in caplog.text


def test_invalid_setting_is_logged_at_the_start(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DASHBOARD_MONITOR", "nonsense")
    metrics.metrics.clear()
    metrics.start.clear()
    metrics.begin(viewer.CHECKS)
    assert "DASHBOARD_MONITOR is a port" in caplog.text


@pytest.mark.parametrize(
    ("ends", "outcome"), [(None, "done"), (StopException(), "left"), (KeyError(), "failed")]
)
def test_runs_are_counted_by_outcome(
    watching: Metrics, ends: BaseException | None, outcome: str
) -> None:
    def run() -> None:
        with metrics.timed("funnel", "page", 0.0):
            if ends:
                raise ends

    if ends:
        with pytest.raises(type(ends)):
            run()
    else:
        run()
    labels = {"page": "funnel", "kind": "page", "outcome": outcome}
    assert watching.registry.get_sample_value("dashboard_run_seconds_count", labels) == 1


def test_fragment_within_a_run_is_not_counted_separately(watching: Metrics) -> None:
    with metrics.timed("realtime", "page", 0.0), metrics.part("realtime"):
        pass
    labels = {"page": "realtime", "outcome": "done"}
    count = watching.registry.get_sample_value
    assert count("dashboard_run_seconds_count", {**labels, "kind": "page"}) == 1
    assert count("dashboard_run_seconds_count", {**labels, "kind": "part"}) is None


def test_waiting_runs_are_counted(watching: Metrics) -> None:
    def line() -> float | None:
        return watching.registry.get_sample_value("dashboard_runs_in_line")

    def take() -> None:
        with render_lock.RENDER_LOCK.taken():
            pass

    assert line() == 0
    with render_lock.RENDER_LOCK.taken():
        waiting = threading.Thread(target=take)
        waiting.start()
        eventually(lambda: line() == 1)
    waiting.join(10)
    assert line() == 0
