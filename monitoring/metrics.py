"""What is counted and timed, and how Prometheus reads it.

Labels are words of the program: names of endpoints and pages, and how something ended. What comes
from data or from viewers never is one.
"""

from __future__ import annotations

from typing import Final, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from umami.instrumentation import How, Instrumentation

Kind = Literal["page", "part"]
"""A whole page was run, or a part of it by itself."""
Outcome = Literal["done", "left", "failed"]
"""How a run ended; ``left`` is one that another action of its viewer cut short."""

ANSWERS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
RUNS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
WAITS: Final = (0.001, 0.01, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the histograms, in seconds."""

# When a series began would double their number, and tell nobody here anything.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics(Instrumentation):
    """The metrics of this process; ``registry`` holds them. Safe to use from many threads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Histogram(
            "dashboard_request_seconds",
            "Requests that went to Umami, by how they ended.",
            ("endpoint", "outcome"),
            buckets=ANSWERS,
            registry=self.registry,
        )
        self._found = Counter(
            "dashboard_answers",
            "Questions of pages, by how their answer was found: kept or asked for.",
            ("endpoint", "how"),
            registry=self.registry,
        )
        self._waits = Histogram(
            "dashboard_wait_seconds",
            "Waits of questions for their turn at Umami.",
            buckets=WAITS,
            registry=self.registry,
        )
        self._runs = Histogram(
            "dashboard_run_seconds",
            "Runs of pages, and of their parts by themselves, by how they ended.",
            ("page", "kind", "outcome"),
            buckets=RUNS,
            registry=self.registry,
        )

    def answered(self, endpoint: str, outcome: str, seconds: float) -> None:
        """A request went to the server; ``outcome`` is ``ok`` or what kind of error came."""
        self._requests.labels(endpoint, outcome).observe(seconds)

    def looked_up(self, endpoint: str, how: How) -> None:
        """A question of a page, and how its answer was found."""
        self._found.labels(endpoint, how).inc()

    def waited(self, seconds: float) -> None:
        """A question waited so long for its turn."""
        self._waits.observe(seconds)

    def ran(self, page: str, kind: Kind, outcome: Outcome, seconds: float) -> None:
        """A page, or a part of one by itself, was run; ``page`` is the name of an area."""
        self._runs.labels(page, kind, outcome).observe(seconds)
