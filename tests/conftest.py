"""What all tests share, and which of them are run by which of several workers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.browser.app import running_browser
from tests.sampling import sample

BROWSER = "tests/browser/"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser of all tests that a worker runs: a process can drive one only."""
    with running_browser() as one:
        yield one


class OneBrowser(LoadFileScheduling):
    """A file's tests stay together, and share what takes seconds to start. So do all tests of
    browsers: each keeps a core busy, and on one that others use too, clicks are lost."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--all`` is ``make test-all``."""
    parser.addoption("--all", action="store_true", help="run all cases, not a sample")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not in the sample, unless tests are named."""
    if config.getoption("--all") or config.option.file_or_dir:
        return
    run = sample(item.nodeid for item in items)
    config.hook.pytest_deselected(
        items=[one for one, kept in zip(items, run, strict=True) if not kept]
    )
    items[:] = [one for one, kept in zip(items, run, strict=True) if kept]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneBrowser:
    """Deal out work as above."""
    return OneBrowser(config, log)
