"""The app as Streamlit's own test tool runs it, over the recorded tables."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from components import server, viewer
from tests.support.between import Between, between
from umami.embedded.server import Running, serve

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "tests" / "contract" / "data" / "tables"
WEBSITES: dict[str, str] = json.loads(
    (ROOT / "tests" / "contract" / "data" / "websites.json").read_text()
)
SHOP = WEBSITES["shop"]
RECORDED = {
    "website": SHOP,
    "period": "custom",
    "from": "2026-08-01",
    "to": "2026-09-30",
    "tz": "UTC",
}

Open = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def installed() -> Iterator[None]:
    """Streamlit's test tool looks for components in all that is installed, before every run."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A process that nothing was configured for, and whose client is made anew.

    A server of its own stays, by the tables it holds: who writes has another.
    """
    for name in ("URL", "USERNAME", "PASSWORD", "API_KEY", "SHARE_URL", "DATA", "STORE"):
        monkeypatch.delenv(f"UMAMI_{name}", raising=False)
    # Streamlit's test tool is bound to no address: it counts as one that anybody can reach.
    monkeypatch.setenv("DASHBOARD_OPEN", "yes")
    server.umami.clear()
    viewer.forget()
    yield monkeypatch
    logging.setLogRecordFactory(logging.LogRecord)
    server.umami.clear()
    viewer.forget()


@pytest.fixture(scope="session")
def old() -> Iterator[Running]:
    """A server of the second generation."""
    with serve(TABLES, generation=2) as running:
        yield running


@pytest.fixture(scope="session")
def behind() -> Iterator[str]:
    with serve(TABLES, generation=3) as running:
        yield running.url


@pytest.fixture
def way(behind: str, bare: pytest.MonkeyPatch) -> Iterator[Between]:
    with between(behind) as one:
        bare.setenv("UMAMI_URL", one.url)
        bare.setenv("UMAMI_USERNAME", "admin")
        bare.setenv("UMAMI_PASSWORD", "umami")
        yield one


@pytest.fixture(params=["2.x", "own"])
def opened(request: pytest.FixtureRequest, bare: pytest.MonkeyPatch, old: Running) -> Open:
    """Opens a page with these URL parameters: over a 2.x, and over a server of its own, which
    speaks as 3.x does."""
    if request.param == "own":
        bare.setenv("UMAMI_DATA", str(TABLES))
    else:
        bare.setenv("UMAMI_URL", old.url)
        bare.setenv("UMAMI_USERNAME", old.username)
        bare.setenv("UMAMI_PASSWORD", old.password)
    return open_page


def open_page(
    page: str = "overview", state: dict[str, Any] | None = None, /, **params: str | list[str]
) -> AppTest:
    """Open a page of the app as a link to it does, at the recorded shop unless told otherwise.

    ``state`` is what the session holds already.
    """
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if page != "overview":
        app.switch_page(f"pages/{page}.py")
    for name, value in {**RECORDED, **params}.items():
        app.query_params[name] = value
    for name, held in (state or {}).items():
        app.session_state[name] = held
    return app.run()


def tiles(app: AppTest) -> dict[str, str]:
    """The figures of a page by their labels."""
    return {tile.label: tile.value for tile in app.metric}


def said(app: AppTest) -> str:
    """Everything a page says in captions and paragraphs."""
    return "\n".join(one.value for one in (*app.caption, *app.markdown))


def table(app: AppTest, key: str) -> list[list[str]]:
    """The cells of a table of records as they are read, row by row."""
    for element in app.get("bidi_component"):
        if element.proto.id.endswith(f"-{key}"):
            data = json.loads(element.proto.json)
            return [[cell["text"] for cell in record["cells"]] for record in data["records"]]
    raise AssertionError(f"there is no table {key}")
