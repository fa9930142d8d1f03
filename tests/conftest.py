"""What all tests share, and which of them run."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import hypothesis
import pytest
from playwright.sync_api import Browser
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.browser.app import running_browser
from tests.sampling import Case, sampled

BROWSER = "tests/browser/"
# Tests send what is due themselves, when they are ready for it.
os.environ.setdefault("DASHBOARD_SCHEDULER", "no")
Some = Callable[[Sequence[Any], int], Sequence[Any]]

# Deadlines would depend on how busy the machine is; `make test` tries the same examples each time.
COMMON = hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
hypothesis.settings.register_profile("quick", COMMON, max_examples=10, derandomize=True)
hypothesis.settings.register_profile("thorough", COMMON, max_examples=100)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser of all tests that a worker runs: a process can drive one only."""
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def some(request: pytest.FixtureRequest) -> Some:
    """Picks every n-th of the cases that a test loops over, as the mark ``sample`` does."""
    everything = in_full(request.config)
    return lambda cases, every: cases if everything else cases[::every]


class OneBrowser(LoadFileScheduling):
    """A file's tests stay together, and share what takes seconds to start. So do all tests of
    browsers: each keeps a core busy, and on one that others use too, clicks are lost."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--all`` is ``make test-all``, ``--quick`` is ``make test-quick``."""
    parser.addoption("--all", action="store_true", help="run all cases, not a sample")
    parser.addoption("--quick", action="store_true", help="run the first case of what is not slow")


def pytest_configure(config: pytest.Config) -> None:
    """Choose how many examples property tests try; imports make no garbage worth collecting."""
    gc.disable()
    hypothesis.settings.load_profile("thorough" if config.getoption("--all") else "quick")


def in_full(config: pytest.Config) -> bool:
    """Whether all cases run: with ``--all``, and where tests are named on the command line."""
    return bool(config.getoption("--all") or config.option.file_or_dir)


def case(item: pytest.Item) -> Case:
    """An item as the sampling sees it; whatever uses the browser is slow."""
    marks = {mark.name for mark in item.iter_markers()}
    every = item.get_closest_marker("sample")
    return Case(
        item.nodeid.partition("[")[0],
        every.args[0] if every else None,
        "thorough" in marks,
        bool(marks & {"slow", "browser"}) or "browser" in item.fixturenames,
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not in the sample, unless tests are named."""
    if in_full(config):
        return
    runs = sampled(map(case, items), quick=config.getoption("--quick"))
    config.hook.pytest_deselected(
        items=[item for item, chosen in zip(items, runs, strict=True) if not chosen]
    )
    items[:] = [item for item, chosen in zip(items, runs, strict=True) if chosen]


def pytest_collection_finish() -> None:
    """Spare the garbage collector the imported modules: they stay until the end."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneBrowser:
    """Deal out work as above."""
    return OneBrowser(config, log)
