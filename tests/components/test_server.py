"""The embedded server that the dashboard starts: its data, and how invalid settings are
explained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components import umami_server
from umami.api import websites
from umami.embedded.importing import import_into
from umami.errors import SettingsError

TABLES = Path(__file__).parents[1] / "contract" / "data" / "tables"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A process without settings and with a new client."""
    for name in ("URL", "USERNAME", "PASSWORD", "API_KEY", "SHARE_URL", "DATA", "STORE"):
        monkeypatch.delenv(f"UMAMI_{name}", raising=False)
    umami_server.umami.clear()
    yield monkeypatch
    umami_server.umami.clear()


def test_store_file_is_served(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "umami.duckdb"
    import_into(path, TABLES)
    bare.setenv("UMAMI_STORE", str(path))
    rows = umami_server.umami().ask(websites.websites()).rows
    assert sorted(site.name for site in rows) == [
        "Nordlicht Docs",
        "Nordlicht Empty",
        "Nordlicht Shop",
    ]
    assert not umami_server.set_up().demo


@pytest.mark.parametrize(
    ("data", "store", "said"),
    [
        (".", "umami.duckdb", "UMAMI_DATA cannot be read: There is no website_event.csv in"),
        (str(TABLES), "none/umami.duckdb", "UMAMI_STORE cannot be used: umami.duckdb cannot be"),
        (str(TABLES), "notes.txt", "UMAMI_STORE cannot be used: notes.txt is not a DuckDB file."),
    ],
)
def test_invalid_data_settings_are_explained(
    bare: pytest.MonkeyPatch, tmp_path: Path, data: str, store: str, said: str
) -> None:
    bare.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    bare.setenv("UMAMI_DATA", data)
    bare.setenv("UMAMI_STORE", store)
    with pytest.raises(SettingsError) as refused:
        umami_server.umami()
    assert str(refused.value).startswith(said)
