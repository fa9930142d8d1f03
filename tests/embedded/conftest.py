"""One embedded server over the contract's tables, asked over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.doubles.umami import serve as serve_version
from umami.embedded.definitions import V3_1
from umami.embedded.server import Running, serve

DATA = Path(__file__).parent.parent / "contract" / "data"


@pytest.fixture(scope="session")
def tables() -> Path:
    """The folder of the contract's tables."""
    return DATA / "tables"


@pytest.fixture(scope="session")
def websites() -> dict[str, str]:
    """Ids of the contract's websites: ``shop``, ``docs`` and ``empty``."""
    ids: dict[str, str] = json.loads((DATA / "websites.json").read_text())
    return ids


@pytest.fixture(scope="session")
def shop(websites: dict[str, str]) -> str:
    """Id of the shop."""
    return websites["shop"]


@pytest.fixture(scope="session")
def server(tables: Path) -> Iterator[Running]:
    """A running server over the contract's tables; for reading only."""
    with serve_version("2.18", tables) as running:
        yield running


@pytest.fixture(scope="session")
def umami(server: Running) -> Iterator[httpx.Client]:
    """A plain HTTP client of the server, signed in."""
    with signed_in(server) as client:
        yield client


@pytest.fixture(scope="session")
def umami3(tables: Path) -> Iterator[httpx.Client]:
    """A plain HTTP client of a 3.1 server over the contract's tables; for reading only."""
    with serve_version("3.1", tables) as running, signed_in(running) as client:
        yield client


@pytest.fixture(scope="session")
def newest(tables: Path) -> Iterator[httpx.Client]:
    """A client of the embedded server itself over the contract's tables; for reading only."""
    with serve(tables) as running, signed_in(running) as client:
        yield client


@pytest.fixture(scope="session")
def newest_by_3_1(tables: Path) -> Iterator[httpx.Client]:
    """A client of the embedded server that answers by the definitions of 3.1; for reading only."""
    with serve(tables, definitions=V3_1) as running, signed_in(running) as client:
        yield client


@pytest.fixture(scope="module")
def writable(tables: Path) -> Iterator[httpx.Client]:
    """A client of a server that is the module's own, to write to."""
    with serve_version("2.18", tables) as running, signed_in(running) as client:
        yield client


def signed_in(running: Running) -> httpx.Client:
    """A plain HTTP client that has a token."""
    with httpx.Client(base_url=running.url) as anonymous:
        answer = anonymous.post(
            "/api/auth/login", json={"username": running.username, "password": running.password}
        )
    token = answer.raise_for_status().json()["token"]
    return httpx.Client(
        base_url=running.url, timeout=60, headers={"authorization": f"Bearer {token}"}
    )
