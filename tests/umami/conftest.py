"""Servers that misbehave, and clients of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from typing import Any

import pytest

from tests.support.faults import Faulty, faulty
from umami.client import Client
from umami.compat.generations import Generation
from umami.period import Period
from umami.settings import Settings
from umami.view import View

SITE = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
PASSWORD = "correct horse battery staple"


@pytest.fixture
def server() -> Iterator[Faulty]:
    """A server that does as the test says."""
    with faulty() as running:
        yield running


@pytest.fixture
def settings(server: Faulty) -> Settings:
    """Settings for the server, with an account."""
    return Settings(
        api=f"{server.url}/api",
        username="ada",
        password=PASSWORD,
        timeout=20,
        generation=Generation.V3_1,
    )


@pytest.fixture
def connected() -> Iterator[Callable[..., Client]]:
    """Makes clients that are closed at the end of the test."""
    with ExitStack() as stack:

        def make(*arguments: Any, **more: Any) -> Client:
            return stack.enter_context(Client(*arguments, **more))

        yield make


@pytest.fixture
def client(settings: Settings, connected: Callable[..., Client]) -> Client:
    """A client of the server."""
    return connected(settings)


@pytest.fixture
def view() -> View:
    """September 2026, of one website."""
    return View(SITE, Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "Europe/Berlin"))
