"""The app in Streamlit's ``AppTest``, over the recorded tables."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from access import database
from components import authorized, umami_server, viewer
from components.page_registry import PageInfo
from tests.doubles.umami import serve as serve_version
from tests.support.fault_proxy import Between, between
from tests.support.pages import CHOICES
from umami import scheduling
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

CLOCK = re.compile(r"\d\d:\u2060?\d\d(:\u2060?\d\d)?")
Open = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def installed() -> Iterator[None]:
    """``AppTest`` searches all installed packages for components before every run."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A process without configuration and with a new client.

    An embedded server is reused for the same tables, except where a test writes.
    """
    for name in ("URL", "USERNAME", "PASSWORD", "API_KEY", "SHARE_URL", "DATA", "STORE"):
        monkeypatch.delenv(f"UMAMI_{name}", raising=False)
    # Nobody opens it with the one-time code.
    monkeypatch.setenv("DASHBOARD_OPEN", "yes")
    umami_server.umami.clear()
    viewer.forget()
    yield monkeypatch
    logging.setLogRecordFactory(logging.LogRecord)
    umami_server.umami.clear()
    viewer.forget()


@pytest.fixture
def engine(bare: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Engine]:
    """The database of an app over the recorded tables."""
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    bare.setenv("DASHBOARD_STORE", store)
    bare.setenv("UMAMI_DATA", str(TABLES))
    engine = database.open_engine(store)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def old() -> Iterator[Running]:
    """An Umami 2.x server."""
    with serve_version("2.18", TABLES) as running:
        yield running


@pytest.fixture(scope="session")
def behind() -> Iterator[str]:
    with serve(TABLES, password="umami") as running:
        yield running.url


@pytest.fixture
def proxy(behind: str, bare: pytest.MonkeyPatch) -> Iterator[Between]:
    with between(behind) as proxy:
        bare.setenv("UMAMI_URL", proxy.url)
        bare.setenv("UMAMI_USERNAME", "admin")
        bare.setenv("UMAMI_PASSWORD", "umami")
        yield proxy


@pytest.fixture(scope="session")
def remembered(behind: str) -> Iterator[Between]:
    with between(behind) as proxy:
        proxy.known = {}
        yield proxy


@pytest.fixture
def quick(remembered: Between, bare: pytest.MonkeyPatch) -> Between:
    """A fast server: it remembers its answers, and is retried at once when it fails."""
    bare.setenv("UMAMI_URL", remembered.url)
    bare.setenv("UMAMI_USERNAME", "admin")
    bare.setenv("UMAMI_PASSWORD", "umami")
    bare.setattr(scheduling, "PAUSE", 0.01)
    bare.setattr(scheduling, "TRIAL_PAUSE", 0.01)
    remembered.heal()
    return remembered


@pytest.fixture(params=["own", pytest.param("2.x", marks=pytest.mark.thorough)])
def opened(request: pytest.FixtureRequest, bare: pytest.MonkeyPatch) -> Open:
    """Opens a page with these URL parameters: over a 2.x, and over a server of its own, which
    speaks as 3.x does."""
    if request.param == "own":
        bare.setenv("UMAMI_DATA", str(TABLES))
    else:
        old: Running = request.getfixturevalue("old")
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


@dataclass(frozen=True, slots=True)
class Shown:
    """The figures and texts of a page, without clocks."""

    metrics: list[tuple[str, str, str]]
    tables: list[tuple[str, str]]
    charts: list[tuple[str, str]]
    words: list[str]


def opened_at(area: PageInfo) -> AppTest:
    """Open a page with the parameters that show all of it."""
    return open_page(area.name, **CHOICES.get(area.name, {}))


def shown(app: AppTest) -> Shown:
    """All that could be a wrong number."""

    def key(element: Any) -> str:
        return str(element.proto.id).rpartition("-")[2]

    return Shown(
        [(tile.label, tile.value, tile.delta) for tile in app.metric],
        [(key(element), element.proto.json) for element in app.get("bidi_component")],
        [(key(element), element.proto.spec) for element in app.get("plotly_chart")],
        [CLOCK.sub("", line) for line in said(app).splitlines()],
    )


def tiles(app: AppTest) -> dict[str, str]:
    """The figures of a page by their labels."""
    return {tile.label: tile.value for tile in app.metric}


def said(app: AppTest) -> str:
    """All captions and paragraphs of a page, unescaped."""
    return "\n".join(unescaped(element.value) for element in (*app.caption, *app.markdown))


def unescaped(text: str) -> str:
    """Markdown without the signs that keep text from being read as Markdown."""
    return text.replace("\\", "").replace("\u2060", "")


def table(app: AppTest, key: str) -> list[list[str]]:
    """The cells of a table of records as they are read, row by row."""
    return [
        [cell["text"] for cell in record["cells"]] for record in table_data(app, key)["records"]
    ]


def table_data(app: AppTest, key: str) -> dict[str, Any]:
    """All that the browser is sent of a table of records."""
    for element in app.get("bidi_component"):
        if element.proto.id.endswith(f"-{key}"):
            data: dict[str, Any] = json.loads(element.proto.json)
            return data
    raise AssertionError(f"there is no table {key}")


def session_data(app: AppTest) -> dict[str, Any]:
    """What the session holds for its viewer."""
    if authorized.DATA not in app.session_state:
        return {}
    held: dict[str, Any] = app.session_state[authorized.DATA][1]
    return held
