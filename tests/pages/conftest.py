"""The app as Streamlit's own test tool runs it, over the recorded tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from umami.embedded.server import Running, serve

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "tests" / "contract" / "data" / "tables"
SHOP = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
RECORDED = {
    "website": SHOP,
    "period": "custom",
    "from": "2026-08-01",
    "to": "2026-09-30",
    "tz": "UTC",
}

Open = Callable[..., AppTest]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A process that nothing was configured for, and whose client is made anew."""
    for name in ("URL", "USERNAME", "PASSWORD", "API_KEY", "SHARE_URL", "DATA"):
        monkeypatch.delenv(f"UMAMI_{name}", raising=False)
    st.cache_resource.clear()
    yield monkeypatch
    st.cache_resource.clear()


@pytest.fixture(scope="session")
def old() -> Iterator[Running]:
    """A server of the second generation."""
    with serve(TABLES, generation=2) as running:
        yield running


@pytest.fixture(params=["2.x", "own"])
def opened(request: pytest.FixtureRequest, bare: pytest.MonkeyPatch, old: Running) -> Open:
    """Opens the app with these URL parameters: over a 2.x, and over a server of its own, which
    speaks as 3.x does."""
    if request.param == "own":
        bare.setenv("UMAMI_DATA", str(TABLES))
    else:
        bare.setenv("UMAMI_URL", old.url)
        bare.setenv("UMAMI_USERNAME", old.username)
        bare.setenv("UMAMI_PASSWORD", old.password)

    def open_app(**params: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        for name, value in {**RECORDED, **params}.items():
            app.query_params[name] = value
        return app.run()

    return open_app
