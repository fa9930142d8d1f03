"""Benchmark: how long the data of each page takes over a slow network, and our share of it."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from components.page_registry import PAGES
from tests.pages.conftest import open_page
from tests.support.fault_proxy import Between, between
from tests.support.pages import CHOICES

DELAY = 0.2
TOGETHER = 1.2
"""Times its slowest answer in which all of a page's data is there."""
RERUNS = 5
SAME = 1.5
"""Times the run over few sessions that the run over very many may take."""


@contextmanager
def dashboard(url: str, delay: float) -> Iterator[Between]:
    """The app of this process, with a delay before every answer of the server."""
    with between(url) as proxy:
        os.environ |= {"UMAMI_URL": proxy.url, "UMAMI_USERNAME": "admin", "UMAMI_PASSWORD": "umami"}
        os.environ.setdefault("DASHBOARD_OPEN", "yes")
        st.cache_resource.clear()
        # Signs in, finds out which server it is, and that it answers many requests at once.
        open_page("overview", **{"from": "2026-08-01", "to": "2026-08-30"})
        open_page("reports")
        proxy.delay = delay
        yield proxy
        st.cache_resource.clear()


def arrivals(url: str) -> list[str]:
    """Open every page once; the names of those whose data took too long."""
    missed = []
    print(
        f"\n{f'pages, {DELAY * 1000:.0f} ms away':<48}{'all there':>10}{'slowest':>9}{'ratio':>8}"
    )
    for area in PAGES:
        if area.name == "reports":  # opened already, and asks one question
            continue
        with dashboard(url, DELAY) as proxy:
            proxy.passed.clear()
            open_page(area.name, **CHOICES.get(area.name, {}))
            begun = min(request.came for request in proxy.passed)
            slowest = max(request.answered - request.came for request in proxy.passed)
            whole = max(request.answered for request in proxy.passed) - begun
        ratio = whole / slowest
        over = ratio > TOGETHER
        figures = f"{whole * 1000:>7.0f} ms{slowest * 1000:>6.0f} ms{ratio:>8.2f}"
        print(f"{area.title:<48}{figures}{' OVER' if over else ''}", flush=True)
        if over:
            missed.append(f"page {area.name}")
    return missed


def rerun(url: str) -> float:
    """Our share of the time of the Sessions page with cached data: the median of some runs, in
    seconds."""
    with dashboard(url, 0):
        app = open_page("sessions")
        times = []
        for _ in range(RERUNS):
            begun = time.perf_counter()
            app.run()
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


def long_lists(many: str, few: str) -> list[str]:
    """Compare the list of very many sessions with a short one."""
    large, small = rerun(many), rerun(few)
    over = large > SAME * small
    print(f"\n{'Sessions, our own part':<48}{'measured':>10}")
    print(f"{'  of a short list':<48}{small * 1000:>7.0f} ms")
    print(f"{'  of very many':<48}{large * 1000:>7.0f} ms{large / small:>8.2f}")
    return ["list of sessions"] if over else []
