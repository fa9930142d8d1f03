"""The embedded server on a shared machine: its account, files and database."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import httpx
import pytest

from components import embedded_launcher
from umami.embedded.importing import import_into, load
from umami.embedded.routes.collect import MOST_PROPERTIES, TOGETHER
from umami.embedded.server import Running, serve
from umami.embedded.store import MEMORY, MEMORY_ONLY, Store
from umami.embedded.tables import ImportRefused

TABLES = Path(__file__).parents[1] / "contract" / "data" / "tables"
SHOP: str = json.loads((TABLES.parent / "websites.json").read_text())["shop"]


@pytest.mark.slow
def test_default_password_does_not_open_the_embedded_server() -> None:
    passwords = set()
    for _ in range(2):
        running = embedded_launcher.own_server(TABLES)
        try:
            for password in ("umami", "", "admin"):
                login = {"username": "admin", "password": password}
                answer = httpx.post(f"{running.url}/api/auth/login", json=login)
                assert answer.status_code == 401
            assert running.password not in repr(running)
            passwords.add(running.password)
        finally:
            running.stop()
    assert len(passwords) == 2
    assert min(map(len, passwords)) >= 32


# Messages of strangers

AGENT = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}
MANY = {
    "flat": {f"k{number}": number for number in range(40_000)},
    "nested": {"a" * 20_000: {"b" * 20_000: {f"k{number}": "x" for number in range(20_000)}}},
    "texts": {f"k{number}": "long " * 800 for number in range(200)},
    "lists": {f"k{number}": [1] * 1000 for number in range(200)},
    "empty": {**{f"e{number}": {} for number in range(40_000)}, "last": 1},
}


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    path = tmp_path_factory.mktemp("busy") / "umami.duckdb"
    with serve(TABLES, path) as running:
        yield running


@pytest.mark.parametrize("kind", ["event", "identify", "batch"])
@pytest.mark.parametrize("data", MANY)
def test_number_of_properties_of_a_message_is_bounded(busy: Running, kind: str, data: str) -> None:
    name = f"{kind} {data}"
    payload = {"website": SHOP, "url": "/", "name": name, "id": name, "data": MANY[data]}
    with httpx.Client(base_url=busy.url, headers=AGENT, timeout=60) as client:
        message = {"type": "event" if kind == "batch" else kind, "payload": payload}
        path, body = ("batch", [message]) if kind == "batch" else ("send", message)
        assert client.post(f"/api/{path}", json=body).status_code == 200
    table, at = (
        ("session_data", "SELECT session_id FROM session WHERE distinct_id = ?")
        if kind == "identify"
        else ("event_data", "SELECT event_id FROM website_event WHERE event_name = ?")
    )
    owner = "session_id" if kind == "identify" else "website_event_id"
    row = busy._umami.store.row(
        f"SELECT count(*), max(length(data_key)), max(length(string_value)) FROM {table} "
        f"WHERE {owner} IN ({at})",
        [name],
    )
    assert row is not None
    # Nested names are cut to the same one, of which a session has one value.
    single = data == "empty" or (data, kind) == ("nested", "identify")
    assert row[0] == (1 if single else MOST_PROPERTIES)
    assert max(row[1:]) <= 500


def test_a_batch_is_written_in_parts(busy: Running) -> None:
    """Other writers get their turn in between, and duplicate rows are stored once."""
    visitors = [f"visitor {number % 7}" for number in range(3 * TOGETHER)]
    sent = [
        {
            "type": "identify" if number % 2 else "event",
            "payload": {"website": SHOP, "url": "/many", "id": visitor, "data": {"n": number}},
        }
        for number, visitor in enumerate(visitors)
    ]
    answer = httpx.post(f"{busy.url}/api/batch", json=sent, headers=AGENT).json()
    assert (answer["processed"], answer["errors"]) == (len(sent), 0)
    store = busy._umami.store
    assert store.row("SELECT count(*) FROM website_event WHERE url_path = '/many'") == (
        len(sent) // 2,
    )
    sessions = "(SELECT session_id FROM session WHERE distinct_id LIKE 'visitor %')"
    assert store.row(f"SELECT count(*) FROM {sessions}") == (7,)
    last = {visitor: number for number, visitor in enumerate(visitors) if number % 2}
    assert (
        dict(
            store.rows(
                "SELECT distinct_id, number_value::INT FROM session_data "
                f"WHERE session_id IN {sessions}"
            )
        )
        == last
    )
    assert store.row(f"SELECT count(*) FROM session_link WHERE session_id IN {sessions}") == (7,)


# Files


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    assert os.umask(before) == 0o022


def modes(folder: Path) -> dict[str, int]:
    """The permissions of all files beside a store."""
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in folder.rglob("*")
    }


def test_store_files_are_readable_by_their_user_only(usual_umask: None, tmp_path: Path) -> None:
    path = tmp_path / "umami.duckdb"
    import_into(path, TABLES)
    path.chmod(0o644)  # as earlier versions made it
    with closing(Store(path)) as store:
        for _ in range(2):  # the log is made anew after each checkpoint
            with store.writing() as cursor:
                cursor.execute("INSERT INTO umami_imported VALUES ('x')")
            assert modes(tmp_path) == {
                "umami.duckdb": 0o600,
                "umami.duckdb.wal": 0o600,
                "umami.duckdb.tmp": 0o700,
            }
            with store._connection.cursor() as cursor:
                cursor.execute("CHECKPOINT")
        with store.appending() as (_, folder):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert Path(f"{path}.tmp").is_dir()
        with closing(Store(path)):
            pass
        # The second store of this process shares the folder, and does not take it away.
        assert Path(f"{path}.tmp").is_dir()
    assert modes(tmp_path) == {"umami.duckdb": 0o600}


def test_in_memory_data_spills_into_a_private_folder(usual_umask: None) -> None:
    store = Store()
    folder = Path(str((store.row("SELECT current_setting('temp_directory')") or ("",))[0]))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    store.close()
    assert not folder.exists()


# The database


@pytest.fixture(scope="module", params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    path = tmp_path_factory.mktemp("kept") / "umami.duckdb" if request.param == "file" else None
    with closing(Store(path)) as store:
        load(store, TABLES)
        yield store


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd', delim='\\0', columns={'line': 'VARCHAR'})",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM '/etc/passwd'",
        "COPY website TO '{folder}/stolen.csv'",
        "EXPORT DATABASE '{folder}/stolen'",
        "ATTACH '{folder}/other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CREATE PERSISTENT SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
        "SET GLOBAL enable_external_access = true",
        "SET GLOBAL lock_configuration = false",
        "SET memory_limit = '100 GiB'",
        "SET GLOBAL allowed_directories = ['/']",
        "RESET GLOBAL memory_limit",
        "PRAGMA temp_directory='/tmp'",
    ],
)
def test_sql_cannot_access_files_or_the_network(store: Store, sql: str, tmp_path: Path) -> None:
    with pytest.raises(duckdb.Error):
        store.rows(sql.replace("{folder}", str(tmp_path)))
    assert not list(tmp_path.iterdir())


def test_memory_of_the_database_is_bounded(store: Store) -> None:
    most = MEMORY if store.path else MEMORY_ONLY
    assert store.row(
        "SELECT parse_formatted_bytes(current_setting('memory_limit')) <= "
        "parse_formatted_bytes(?) * 1.001",
        [most],
    ) == (True,)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["a[b] *'", "büro", "linked"])
def test_imports_work_from_any_folder_and_name_faults(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    place.mkdir()
    if name == "linked":
        place = tmp_path / "link"
        place.symlink_to(tmp_path / name)
    tables = place / "tables"
    tables.mkdir()
    for source in TABLES.iterdir():
        shutil.copy(source, tables)
    assert import_into(place / "umami.duckdb", tables).added["website_event"]
    (tables / "report.csv.gz").unlink(missing_ok=True)
    (tables / "segment.csv.gz").unlink(missing_ok=True)
    (tables / "team.csv").write_text("team_id,name\nnot-a-uuid,x\n")
    with pytest.raises(ImportRefused, match="line 2, column team_id"):
        import_into(place / "umami.duckdb", tables)
