"""Reports over the recorded tables, made once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.loading import every_website
from reports import build
from reports.document import Report
from tests.support.pages import CHOICES
from umami.background_task import BackgroundTask, ProgressCallback
from umami.client import Client, connect
from umami.embedded.server import Running, serve
from umami.settings import Settings
from umami.view import View
from umami.view_parsing import parse

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "tests" / "contract" / "data" / "tables"
WEBSITES: dict[str, str] = json.loads(
    (ROOT / "tests" / "contract" / "data" / "websites.json").read_text()
)
SEPTEMBER = {
    "website": [WEBSITES["shop"]],
    "period": ["custom"],
    "from": ["2026-09-01"],
    "to": ["2026-09-30"],
    "tz": ["UTC"],
}
GIVEN = {
    page: {name: [value] if isinstance(value, str) else value for name, value in parameters.items()}
    for page, parameters in CHOICES.items()
}
"""Parameters of their own, for pages that have some."""
EVERY = [page.name for page in build.offered()]


def seen(**params: Sequence[str]) -> View:
    """The View of a link."""
    parsed = parse({**SEPTEMBER, **params}, now=datetime.now(UTC), websites=list(WEBSITES.values()))
    assert not parsed.dropped
    return parsed.view


def ordered(
    client: Client,
    view: View,
    pages: Sequence[str],
    params: Mapping[str, Mapping[str, Sequence[str]]] = GIVEN,
    report_progress: ProgressCallback = lambda done, total: None,
) -> Report:
    """A report of pages."""
    order = build.Order(view, pages, every_website(client), params)
    return build.make(client, order, report_progress)


def asking(running: Running) -> Client:
    """A client of an embedded server."""
    settings = Settings(
        api=f"{running.url}/api", username=running.username, password=running.password
    )
    return connect(settings, label="Umami")


def apart(do: Callable[[], bytes]) -> bytes:
    """Run in a thread of its own: Playwright's event loop occupies this one."""
    return BackgroundTask(lambda _: do()).result(150)


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    with serve(TABLES) as server:
        yield server


@pytest.fixture(scope="session")
def client(running: Running) -> Iterator[Client]:
    with asking(running) as client:
        yield client


@pytest.fixture(scope="session")
def overview(client: Client) -> Report:
    return ordered(client, seen(), ["overview"])


@pytest.fixture(scope="session")
def whole(client: Client) -> Report:
    """Every page, with all it can show."""
    return ordered(client, seen(), EVERY)
