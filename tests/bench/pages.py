"""Benchmark: how long the data of each page takes over a slow network, and our share of it."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from components import umami_server
from components.page_registry import PAGES
from tests.pages.conftest import TABLES, open_page
from tests.support.fault_proxy import Between, between
from tests.support.pages import CHOICES
from umami.api import websites
from umami.embedded.server import serve

DELAY = 0.2
TOGETHER = 1.2
"""Times its slowest answer in which all of a page's data is there."""
RERUNS = 5
WEBSITES, WARM = 50, 1.0
"""So many websites are shown in so many seconds once their figures are in the cache."""
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


def many_websites() -> list[str]:
    """Measure a run of the page Websites with many websites whose figures are in the cache."""
    with serve(TABLES, password="umami") as running, dashboard(running.url, 0):
        client = umami_server.umami()
        for number in range(WEBSITES - len(client.ask(websites.websites()).rows)):
            client.ask(websites.create_website(f"Website {number:02}", "many.example"))
        client.forget()
        cold = time.perf_counter()
        app = open_page("websites", compare="previous")
        times = [time.perf_counter() - cold]
        assert len(app.get("plotly_chart")) == 2
        for _ in range(RERUNS):
            begun = time.perf_counter()
            app.run()
            times.append(time.perf_counter() - begun)
    cold, warm = times[0], statistics.median(times[1:])
    over = warm > WARM
    print(f"\n{f'{WEBSITES} websites on one page':<48}{'cold':>10}{'cached':>10}{'limit':>8}")
    figures = f"{cold * 1000:>7.0f} ms{warm * 1000:>7.0f} ms{WARM * 1000:>5.0f} ms"
    print(f"{'':<48}{figures}{' OVER' if over else ''}", flush=True)
    return ["many websites"] if over else []


def long_lists(many: str, few: str) -> list[str]:
    """Compare the list of very many sessions with a short one."""
    large, small = rerun(many), rerun(few)
    over = large > SAME * small
    print(f"\n{'Sessions, our own part':<48}{'measured':>10}")
    print(f"{'  of a short list':<48}{small * 1000:>7.0f} ms")
    print(f"{'  of very many':<48}{large * 1000:>7.0f} ms{large / small:>8.2f}")
    return ["list of sessions"] if over else []
