"""The metrics server over a real socket: liveness, readiness and Prometheus metrics."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from access.settings import Address
from components.metrics import Metrics, Monitor, Readiness, serve
from umami.errors import TimedOut, Unreachable
from umami.instrumentation import Instrumentation

HERE = Address("127.0.0.1", 0)


@contextmanager
def watched(
    metrics: Metrics | None = None, patience: float = 5.0, **checks: Callable[[], object]
) -> Iterator[Monitor]:
    """A metrics server with these checks until the block ends."""
    monitor = serve(HERE, metrics or Metrics(), Readiness(checks, patience))
    try:
        yield monitor
    finally:
        monitor.stop()


def get(monitor: Monitor, path: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{monitor.server_port}{path}", trust_env=False)


def health(address: str) -> tuple[int, str]:
    """Exit status and output of the health command for an address."""
    run = subprocess.run(
        [sys.executable, "-m", "access", "health"],
        env={**os.environ, "DASHBOARD_MONITOR": address},
        capture_output=True,
        text=True,
    )
    return run.returncode, run.stdout + run.stderr


def fails() -> None:
    raise Unreachable("There is no answer.")


def breaks() -> None:
    raise KeyError("postgresql://user:password@host/name")


def test_live_and_ready_answer_200() -> None:
    with watched(settings=lambda: None, server=lambda: None) as monitor:
        assert (get(monitor, "/live").status_code, get(monitor, "/live").text) == (200, "live\n")
        assert (get(monitor, "/ready").status_code, get(monitor, "/ready").text) == (200, "ready\n")
        assert get(monitor, "/").status_code == 404


@pytest.mark.slow
def test_failed_check_is_named_and_the_process_stays_live(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with watched(settings=lambda: None, store=breaks, server=fails) as monitor:
        answer = get(monitor, "/ready")
        assert (answer.status_code, answer.text) == (503, "store\n")
        assert get(monitor, "/live").status_code == 200
        assert health(str(monitor.server_port)) == (1, "store\n")
    assert "KeyError" in caplog.text
    assert "password" not in caplog.text


def test_recovery_is_ready_again_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = True

    def server() -> None:
        if away:
            fails()

    with watched(server=server) as monitor:
        assert [get(monitor, "/ready").text for _ in range(3)] == ["server\n"] * 3
        away = False
        assert [get(monitor, "/ready").text for _ in range(3)] == ["ready\n"] * 3
    lost, recovered = [
        record.getMessage() for record in caplog.records if "dashboard is" in record.getMessage()
    ]
    assert "server: There is no answer." in lost
    assert recovered == "The dashboard is ready"


def test_hanging_check_times_out_and_runs_once() -> None:
    hanging, asked_for = threading.Event(), []

    def server() -> None:
        asked_for.append(1)
        hanging.wait(30)

    with watched(patience=0.05, settings=lambda: None, server=server) as monitor:
        assert [get(monitor, "/ready").text for _ in range(4)] == ["server\n"] * 4
        assert len(asked_for) == 1
        hanging.set()


def test_requests_of_the_client_are_counted() -> None:
    metrics = Metrics()
    watch: Instrumentation = metrics
    watch.answered("stats", None, 0.2)
    watch.answered("stats", TimedOut("Too late."), 60.0)
    watch.looked_up("stats", "stale")
    watch.looked_up("stats", "stale")
    watch.waited(0.5)
    metrics.ran("overview", "page", "done", 0.1)
    with watched(metrics) as monitor:
        answer = get(monitor, "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples["dashboard_request_seconds_count", "ok", "stats"] == 1
    assert samples["dashboard_request_seconds_sum", "stats", "timed out"] == 60
    assert samples["dashboard_answers_total", "stale", "stats"] == 2
    assert samples["dashboard_wait_seconds_sum",] == 0.5
    assert samples["dashboard_run_seconds_count", "done", "overview", "page"] == 1
    assert samples["process_resident_memory_bytes",] > 1_000_000
    assert not [name for name, *_ in samples if name.endswith("_created")]


def test_metrics_are_not_shared_between_registries() -> None:
    first, other = Metrics(), Metrics()
    first.looked_up("stats", "fresh")
    with watched(other) as monitor:
        assert "dashboard_answers_total{" not in get(monitor, "/metrics").text


def test_taken_port_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            serve(address, Metrics(), Readiness({}))


@pytest.mark.thorough
@pytest.mark.sample(8)
@pytest.mark.parametrize(
    ("address", "code", "said"),
    [("", 2, "not set"), ("nonsense", 2, "DASHBOARD_MONITOR"), ("PORT", 0, "ready")],
)
def test_health_command_checks_the_configured_address(address: str, code: int, said: str) -> None:
    with watched(server=lambda: None) as monitor:
        status, text = health(address.replace("PORT", f"0.0.0.0:{monitor.server_port}"))
    assert status == code
    assert said in text


@pytest.mark.thorough
def test_health_command_reports_a_silent_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
    assert health(str(port)) == (1, "no answer\n")
