"""The path of one query: few modules, and every answer is parsed once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from access.permissions import ALL, AuthorizedClient
from components.loading import Collector
from tests.support.faults import Faulty, said
from tests.support.waiting import eventually
from umami.api import traffic
from umami.cache import Cache, Lifetime
from umami.client import Client
from umami.endpoint import Query
from umami.scheduling import SingleFlight
from umami.settings import Settings
from umami.view import View

ROOT = Path(__file__).parents[2]
OURS = ("access", "components", "pages", "reports", "umami")
MOST_MODULES = 12


@contextmanager
def traced() -> Iterator[list[str]]:
    """The modules of ours whose functions are called inside, in any thread, in order."""
    passed: list[str] = []

    def called(frame: FrameType, event: str, _: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(ROOT):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if name.startswith(OURS) and name not in passed:
                passed.append(name)

    threading.setprofile(called)
    sys.setprofile(called)
    try:
        yield passed
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]


def test_a_cold_query_passes_few_modules(
    server: Faulty, client: Client, view: View, record_property: Callable[[str, object], None]
) -> None:
    server.script("/metrics", said([{"x": "/", "y": 3}]))
    query = traffic.metrics(view, "path")
    collector = Collector(AuthorizedClient(client, ALL))
    with traced() as passed:
        # Signs in, and starts a thread that is traced.
        client.ask(traffic.metrics(view, "title"))
        passed.clear()
        assert collector.ask(query).result(20).frame["count"].tolist() == [3]
    record_property("modules", passed)
    print(*passed, sep="\n")
    assert len(server.requests_to("/metrics")) == 2
    assert len(passed) <= MOST_MODULES


class Counting:
    """Parses answers to a query, and counts them."""

    def __init__(self, query: Query[Any]) -> None:
        self.parsed = 0
        self._read = query.read

    def __call__(self, answer: Any) -> Any:
        self.parsed += 1
        return self._read(answer)


@pytest.mark.parametrize("stale", [False, True])
def test_every_answer_is_parsed_once(
    server: Faulty,
    connected: Callable[..., Client],
    settings: Settings,
    view: View,
    stale: bool,
) -> None:
    lifetime = Lifetime(-1 if stale else 600, 600, 600)
    cache = Cache(lifetime=lambda _query, _at: lifetime, single_flight=SingleFlight(0.0))
    client = connected(settings, cache)
    server.script("/metrics", said([{"x": "/", "y": 3}]))
    query = traffic.metrics(view, "path")
    counting = Counting(query)
    query = replace(query, read=counting)
    for _ in range(50):
        client.ask(query)
    if stale:
        eventually(lambda: client.ask(query) and counting.parsed > 3)
    eventually(lambda: counting.parsed == len(server.requests_to("/metrics")))
    assert (counting.parsed > 1) == stale
