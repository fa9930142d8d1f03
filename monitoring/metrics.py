"""The metrics of the process, for Prometheus.

Labels are names of endpoints and pages, and outcomes. They never come from data or from viewers.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from umami.errors import UmamiError
from umami.instrumentation import How, Instrumentation

Kind = Literal["page", "part"]
"""A run of a whole page, or of a part of it by itself."""
Outcome = Literal["done", "left", "failed"]
"""How a run ended; ``left`` means that another action of the viewer interrupted it."""

_FROM_25_MS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
ANSWERS: Final = (0.01, *_FROM_25_MS)
RUNS: Final = _FROM_25_MS
WAITS: Final = (0.001, 0.01, *_FROM_25_MS[2:])
"""Upper bounds of the histograms' buckets, in seconds."""

# The "created" series would double the number of series, and nothing here uses them.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics(Instrumentation):
    """The metrics of this process; ``registry`` holds them. Safe to use from many threads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Histogram(
            "dashboard_request_seconds",
            "Requests to Umami, by how they ended.",
            ("endpoint", "outcome"),
            buckets=ANSWERS,
            registry=self.registry,
        )
        self._answers = Counter(
            "dashboard_answers",
            "Queries of pages, by how they were answered: from the cache or by a request.",
            ("endpoint", "how"),
            registry=self.registry,
        )
        self._waits = Histogram(
            "dashboard_wait_seconds",
            "Times that requests waited for their turn at Umami.",
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

    def ran(self, page: str, kind: Kind, outcome: Outcome, seconds: float) -> None:
        """Observe a run of a page or of a part; ``page`` is a name of the page registry."""
        self._runs.labels(page, kind, outcome).observe(seconds)
