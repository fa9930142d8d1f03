"""The store file: rows are unique, imports are atomic, collected rows persist."""

from __future__ import annotations

import csv
import gzip
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import pytest

from tests.conftest import Some
from tests.embedded.conftest import signed_in
from tests.embedded.test_importing import CLOUD, SESSION, WEBSITE, cloud_row, counts, small
from umami.embedded.importing import ImportRefused, Progress, import_into, load
from umami.embedded.server import opened, serve
from umami.embedded.store import TABLES, Store, StoreRefused
from umami.embedded.upsert import run

pytestmark = pytest.mark.slow

BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}
WHOLE = dict.fromkeys(TABLES, 0) | {
    "website": 3,
    "session": 3228,
    "website_event": 16951,
    "event_data": 7651,
    "session_data": 370,
    "revenue": 280,
}
"""How many rows the contract's tables have."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "umami.duckdb"


def contents(path: Path) -> dict[str, tuple[Any, ...] | None]:
    """A checksum of all rows of each table of a store, whatever their order."""
    with closing(Store(path)) as store:
        return {
            table: store.row(f"SELECT count(*), sum(hash(one)) FROM {table} AS one")
            for table in TABLES
        }


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(Store(path)) as store:
        return store.rows(sql)


# Nothing twice


@pytest.mark.thorough
def test_a_second_import_adds_nothing(tables: Path, path: Path) -> None:
    first = import_into(path, tables)
    assert (dict(first.added), first.known.total()) == (
        {table: count for table, count in WHOLE.items() if count},
        0,
    )
    before = contents(path)
    again = import_into(path, tables)
    assert (again.added.total(), again.known) == (0, first.added)
    assert contents(path) == before


@pytest.mark.thorough
def test_result_does_not_depend_on_the_batch_size(tables: Path, path: Path, tmp_path: Path) -> None:
    import_into(path, tables)
    other = tmp_path / "other.duckdb"
    with closing(Store(other)) as store:
        load(store, tables, batch=700_000)
    assert contents(other) == contents(path)


def part(tables: Path, folder: Path, wanted: Callable[[str], bool]) -> Path:
    """The contract's tables with the rows of some times only, and every website."""
    folder.mkdir()
    for packed in tables.glob("*.csv.gz"):
        with gzip.open(packed, "rt", newline="") as file:
            header, *lines = csv.reader(file)
        at = header.index("created_at")
        if packed.name != "website.csv.gz":
            lines = [row for row in lines if wanted(row[at])]
        with (folder / packed.stem).open("w", newline="") as file:
            csv.writer(file).writerows([header, *lines])
    return folder


@pytest.mark.thorough
def test_overlapping_exports_are_merged(tables: Path, path: Path, tmp_path: Path) -> None:
    early = import_into(path, part(tables, tmp_path / "early", lambda at: at < "2026-09-10"))
    late = import_into(path, part(tables, tmp_path / "late", lambda at: at > "2026-08-20"))
    assert 0 < early.added["website_event"] < WHOLE["website_event"]
    assert late.known["website_event"] > 0
    assert late.known["website"] == WHOLE["website"]
    with closing(Store(path)) as store:
        assert counts(store) == WHOLE


def test_existing_rows_are_not_changed_by_an_import(path: Path, tmp_path: Path) -> None:
    import_into(path, small(tmp_path / "tables"))
    with closing(Store(path)) as store, store.writing() as cursor:
        cursor.execute("UPDATE website SET name = 'Renamed here'")
    imported = import_into(path, small(tmp_path / "tables"))
    assert (imported.added.total(), imported.known.total()) == (0, 3)
    assert rows(path, "SELECT name FROM website") == [("Renamed here",)]


@pytest.mark.thorough
def test_derived_revenue_equals_imported_revenue(tables: Path, path: Path, tmp_path: Path) -> None:
    """Umami 2.18 has no revenue table; the same server has one after an upgrade."""
    sums = "SELECT currency, count(*), sum(revenue) FROM revenue GROUP BY 1 ORDER BY 1"
    before = part(tables, tmp_path / "before", lambda _: True)
    (before / "revenue.csv").unlink()
    assert import_into(path, before).added["revenue"] == WHOLE["revenue"]
    made = rows(path, sums)
    assert import_into(path, before).added["revenue"] == 0
    after = import_into(path, tables)
    assert (after.added["revenue"], after.known["revenue"]) == (0, WHOLE["revenue"])
    assert rows(path, sums) == made


def cloud(folder: Path, *events: str, data: str = "") -> Path:
    """An export of Umami Cloud."""
    folder.mkdir()
    (folder / "website_event.csv").write_text(CLOUD + "".join(events))
    (folder / "event_data.csv").write_text(
        "website_id,session_id,event_id,data_key,string_value,number_value,date_value,data_type,"
        f"created_at\n{data}"
    )
    return folder


def money(event: int, time: str) -> str:
    """The revenue properties of an event, as Umami Cloud exports them."""
    event_id = f"00000000-0000-4000-8000-{event:012}"
    return "".join(
        f'{WEBSITE},{SESSION},{event_id},{key},"{text}",{number},\\N,{kind},{time}\n'
        for key, text, number, kind in (("revenue", "5", "5", 2), ("currency", "EUR", "\\N", 1))
    )


@pytest.mark.thorough
def test_overlapping_cloud_exports_are_merged(path: Path, tmp_path: Path) -> None:
    """Later months first: a session then begins when the earlier export says."""
    june = cloud_row(1, "2026-06-30 10:00:00", country="CH")
    buys = cloud_row(2, "2026-07-01 10:00:00", event_type="2", event_name="purchase")
    july = cloud_row(3, "2026-07-01 11:00:00", os="Linux", distinct_id="user-1")
    paid = money(2, "2026-07-01 10:00:00")
    late = cloud(tmp_path / "late", buys, july, data=paid)
    early = cloud(tmp_path / "early", june, buys, data=paid)
    import_into(path, late)
    imported = import_into(path, early)
    assert dict(imported.added) == {
        "website_event": 1,
        "event_data": 0,
        "session": 0,
        "website": 0,
        "revenue": 0,
    }
    assert (imported.known["website_event"], imported.known["event_data"]) == (1, 2)
    assert rows(path, "SELECT created_at, country, os, distinct_id FROM session") == [
        (datetime(2026, 6, 30, 10), "CH", "Linux", "user-1")
    ]
    assert rows(path, "SELECT currency, revenue FROM revenue") == [("EUR", Decimal(5))]
    before = contents(path)
    for source in (late, early):
        assert import_into(path, source).added.total() == 0
    assert contents(path) == before


# All or nothing


def test_import_fails_if_the_store_changed_meanwhile(path: Path, tmp_path: Path) -> None:
    folder = small(tmp_path / "tables")
    with closing(Store(path)) as store:

        def make(progress: Progress) -> None:
            if progress.done == progress.total:
                with store.writing() as cursor:
                    cursor.execute("INSERT INTO website (website_id) VALUES (?)", [WEBSITE])

        with pytest.raises(StoreRefused, match="was changed meanwhile; nothing was added"):
            load(store, folder, make)
        assert counts(store)["website_event"] == 0
        assert load(store, folder).added["website_event"] == 1


class Enough(Exception):
    """Raised to cancel an import."""


def test_progress_is_reported_and_an_import_can_be_cancelled(
    tables: Path, path: Path, tmp_path: Path, some: Some
) -> None:
    import_into(path, small(tmp_path / "tables"))
    before = contents(path)
    steps: list[Progress] = []
    with closing(Store(path)) as store:
        load(store, tables, steps.append, batch=700_000)
        everything = counts(store)
    total = sum(packed.stat().st_size for packed in tables.glob("*.csv.gz"))
    assert steps[0] == Progress(0, total, 0)
    assert steps[-1] == Progress(total, total, sum(WHOLE.values()))
    assert everything == WHOLE
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert [step.rows for step in steps] == sorted(step.rows for step in steps)
    assert len({step.done for step in steps}) > 10
    path.unlink()
    import_into(path, small(tmp_path / "tables"))
    assert contents(path) == before
    for last in some([steps[-1], steps[len(steps) // 2], steps[0]], 3):

        def tell(progress: Progress, last: Progress = last) -> None:
            if progress == last:
                raise Enough

        with closing(Store(path)) as store:
            with pytest.raises(Enough):
                load(store, tables, tell, batch=700_000)
            assert counts(store)["website_event"] == 1
        assert contents(path) == before
    assert not path.with_name("umami.duckdb.import").exists()


@pytest.mark.thorough
def test_a_cancelled_import_interrupts_its_statement(path: Path) -> None:
    endless = "SELECT sum(hash(a.range, b.range)) FROM range(1000000000) a, range(1000000000) b"

    def cancel() -> None:
        raise Enough

    def write(cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute("INSERT INTO website (website_id) VALUES (uuid())")
        run(cursor, cancel, endless)

    with closing(Store(path)) as store:
        with pytest.raises(Enough), store.appending() as (cursor, _):
            write(cursor)
        assert counts(store)["website"] == 0


@contextmanager
def process(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A Python process whose output can be read."""
    child = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


HALFWAY = """
import sys
from pathlib import Path
from umami.embedded.importing import load
from umami.embedded.store import Store

def told(progress):
    if progress.rows > 15_000:
        print(progress.rows, flush=True)
        sys.stdin.read()

load(Store(Path(sys.argv[1])), Path(sys.argv[2]), told, batch=700_000)
"""


@pytest.mark.thorough
def test_killed_import_changes_nothing(tables: Path, path: Path, tmp_path: Path) -> None:
    import_into(path, small(tmp_path / "tables"))
    before = contents(path)
    with process(HALFWAY, path, tables) as child:
        assert child.stdout
        assert int(child.stdout.readline()) > 15_000
        # And as long as it runs, the file is its own.
        with pytest.raises(StoreRefused, match=r"umami.duckdb is in use by another program\.$"):
            Store(path)
        child.kill()
        child.wait()
    assert path.with_name("umami.duckdb.import").exists()
    assert contents(path) == before
    import_into(path, tables)
    with closing(Store(path)) as store:
        assert counts(store) == WHOLE
    assert not path.with_name("umami.duckdb.import").exists()


def test_fault_during_an_import_changes_nothing(tables: Path, path: Path, tmp_path: Path) -> None:
    """The error names the line in the whole file, although it is packed and read in batches."""
    import_into(path, small(tmp_path / "tables"))
    before = contents(path)
    folder = part(tables, tmp_path / "spoilt", lambda _: True)
    events = folder / "website_event.csv"
    lines = events.read_text().split("\n")
    lines[12_345] = lines[12_345].replace("2026-", "20x6-", 1)
    (folder / "website_event.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    events.unlink()
    with closing(Store(path)) as store, pytest.raises(ImportRefused) as refused:
        load(store, folder, batch=700_000)
    assert (refused.value.file, refused.value.line) == ("website_event.csv.gz", 12_346)
    assert refused.value.column == "created_at"
    assert contents(path) == before


@pytest.mark.thorough
def test_duplicate_id_in_another_batch_is_refused(tables: Path, path: Path, tmp_path: Path) -> None:
    folder = part(tables, tmp_path / "twice", lambda _: True)
    for table in ("website_event", "session_data"):
        file = folder / f"{table}.csv"
        whole = file.read_text()
        file.write_text(whole + whole.split("\n")[1] + "\n")
        with closing(Store(path)) as store, pytest.raises(ImportRefused) as refused:
            load(store, folder, batch=700_000)
        assert (refused.value.file, refused.value.line) == (file.name, whole.count("\n") + 1)
        file.write_text(whole)


FULL = """
import resource, sys
from pathlib import Path
from umami.embedded.importing import load
from umami.embedded.store import Store, StoreRefused

store = Store(Path(sys.argv[1]))
largest = Path(sys.argv[1]).stat().st_size + 2_000_000
resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
try:
    load(store, Path(sys.argv[2]), batch=300_000)
except StoreRefused as refused:
    print(refused, store.rows("SELECT count(*) FROM website_event")[0][0])
"""


@pytest.mark.thorough
def test_full_disk_is_reported_and_changes_nothing(
    tables: Path, path: Path, tmp_path: Path
) -> None:
    """A limit on the file size stands in for the full disk."""
    import_into(path, small(tmp_path / "tables"))
    before = contents(path)
    with process(FULL, path, tables) as child:
        said, _ = child.communicate()
    assert said == "umami.duckdb cannot be written (File too large); nothing was added. 1\n"
    assert contents(path) == before


# What the file may be


def test_files_that_are_no_store_are_refused(path: Path, tmp_path: Path) -> None:
    path.write_text("hello")
    with pytest.raises(StoreRefused, match=r"umami.duckdb is not a DuckDB file\.$"):
        Store(path)
    path.unlink()
    with duckdb.connect(str(path)) as other:
        other.execute("CREATE TABLE store (version INTEGER)")
    with pytest.raises(StoreRefused, match="database of another program"):
        Store(path)
    with duckdb.connect(str(path)) as other:
        assert other.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("store",)]
    path.unlink()
    with closing(Store(path)) as store, store.writing() as cursor:
        cursor.execute("UPDATE umami_store SET version = version + 1")
    with pytest.raises(StoreRefused, match="later version of this dashboard"):
        Store(path)
    for place, reason in (
        (tmp_path / "none" / "umami.duckdb", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (path / "umami.duckdb", "Not a directory"),
    ):
        with pytest.raises(StoreRefused, match=rf"cannot be opened \({reason}\)\.$"):
            Store(place)


VERSION_1 = Path(__file__).parent / "data" / "store_version_1.sql"


def test_store_of_an_older_version_is_upgraded(path: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(path)) as old:
        old.execute(VERSION_1.read_text())
        old.execute("INSERT INTO umami_store VALUES (1, 'secret'::BLOB)")
        old.execute(
            "INSERT INTO website VALUES (?, 'Shop', NULL, NULL, NULL, NULL, NULL, 'shared1')",
            [WEBSITE],
        )
    with closing(Store(path)) as store:
        assert store.secret == b"secret"
        assert store.row("SELECT name, share_id, team_id FROM website") == ("Shop", "shared1", None)
        upgraded = layout(store)
    with closing(Store(tmp_path / "new.duckdb")) as new:
        assert upgraded == layout(new)
    imported = import_into(path, small(tmp_path / "tables"))
    assert (imported.known["website"], imported.added["website_event"]) == (1, 1)


def test_failed_upgrade_changes_nothing(path: Path) -> None:
    with duckdb.connect(str(path)) as old:
        old.execute(VERSION_1.read_text())
        old.execute("INSERT INTO umami_store VALUES (1, 'secret'::BLOB)")
        # Nothing can be added to a view.
        old.execute("DROP TABLE revenue")
        old.execute("CREATE VIEW revenue AS SELECT 1 AS revenue_id")
    with pytest.raises(StoreRefused, match=r"umami.duckdb cannot be upgraded"):
        Store(path)
    with duckdb.connect(str(path)) as old:
        assert old.execute("SELECT version FROM umami_store").fetchone() == (1,)
        tables = old.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert "annotation" not in {name for (name,) in tables}


def layout(store: Store) -> list[tuple[Any, ...]]:
    """Table, column and type of all columns in their order."""
    return store.rows(
        "SELECT table_name, column_index, column_name, data_type FROM duckdb_columns() "
        "WHERE NOT internal ORDER BY 1, 2"
    ) + store.rows("SELECT version FROM umami_store")


@contextmanager
def nobody() -> Iterator[None]:
    """Run without root's permission to write everywhere."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(mine)


def test_read_only_store_is_refused(path: Path) -> None:
    with closing(Store(path)):
        pass
    path.chmod(0o444)
    with nobody(), pytest.raises(StoreRefused, match=r"cannot be opened \(Permission denied\)"):
        Store(path)


def test_missing_store_without_tables_is_refused(path: Path) -> None:
    with pytest.raises(StoreRefused, match=r"no umami\.duckdb: import tables"):
        opened(None, path)
    assert not path.exists()


def test_memory_limit_is_set(path: Path) -> None:
    with closing(Store(path)) as store:
        assert store.row("SELECT current_setting('memory_limit')") == ("1.0 GiB",)


# Served from it


def test_collected_and_edited_rows_survive_a_restart(tables: Path, path: Path, shop: str) -> None:
    event = {"type": "event", "payload": {"website": shop, "url": "/kept", "name": "kept"}}
    saved = {"websiteId": shop, "type": "goal", "name": "Kept", "description": "", "parameters": {}}
    segment = {"type": "segment", "name": "Kept", "parameters": {"filters": []}}
    with serve(tables, path) as running, signed_in(running) as client:
        sent = client.post("/api/send", json=event, headers=BROWSER).raise_for_status().json()
        client.post(f"/api/websites/{shop}", json={"name": "Kept", "domain": "kept.example"})
        client.post("/api/reports", json=saved).raise_for_status()
        client.post(f"/api/websites/{shop}/segments", json=segment).raise_for_status()
    for data in (None, tables):
        with serve(data, path) as running, signed_in(running) as client:
            assert not running.demo
            assert client.get(f"/api/websites/{shop}").json()["name"] == "Kept"
            assert client.get("/api/reports", params={"websiteId": shop}).json()["count"] == 1
            kinds = {"type": "segment"}
            assert client.get(f"/api/websites/{shop}/segments", params=kinds).json()["count"] == 1
            # Who comes back is no new visitor.
            again = client.post("/api/send", json=event, headers=BROWSER).json()
            assert again["sessionId"] == sent["sessionId"]
    assert rows(path, "SELECT count(*) FROM website_event WHERE event_name = 'kept'") == [(3,)]
    assert rows(path, "SELECT count(*) FROM website_event") == [(WHOLE["website_event"] + 3,)]


def test_tables_are_imported_again_when_they_change(path: Path, tmp_path: Path) -> None:
    """Otherwise deleted rows would return with every start."""
    folder = small(tmp_path / "tables")
    opened(folder, path).store.close()
    with closing(Store(path)) as store, store.writing() as cursor:
        cursor.execute("DELETE FROM website_event")
    opened(folder, path).store.close()
    assert rows(path, "SELECT count(*) FROM website_event") == [(0,)]
    with (folder / "website_event.csv").open("a") as file:
        file.write("\n")
    opened(folder, path).store.close()
    assert rows(path, "SELECT count(*) FROM website_event") == [(1,)]


def test_server_answers_during_an_import(tables: Path, path: Path, shop: str) -> None:
    """In one process: it answers from the old rows, takes new ones, and then has all."""
    event = {
        "type": "event",
        "payload": {"website": shop, "url": "/meanwhile", "name": "meanwhile"},
    }
    days = {"startAt": 1785542400000, "endAt": 1790812800000}
    views_seen: list[int] = []
    with serve(None, made(path, shop)) as running, signed_in(running) as client:

        def pageviews() -> int:
            response = client.get(f"/api/websites/{shop}/stats", params=days)
            return int(response.raise_for_status().json()["pageviews"])

        def report_progress(progress: Progress) -> None:
            client.post("/api/send", json=event, headers=BROWSER).raise_for_status()
            views_seen.append(pageviews())

        import_into(path, tables, report_progress)
        assert len(views_seen) > 5
        assert set(views_seen) == {0}
        assert pageviews() > 1000
    assert rows(path, "SELECT count(*) FROM website_event WHERE event_name = 'meanwhile'") == [
        (len(views_seen),)
    ]


@pytest.mark.thorough
def test_reset_waits_for_the_end_of_an_import(tables: Path, path: Path, shop: str) -> None:
    """Otherwise imported rows would refer to deleted sessions."""
    with serve(None, made(path, shop)) as running, signed_in(running) as client:
        resetting = Thread(target=lambda: client.post(f"/api/websites/{shop}/reset"))

        def report_progress(progress: Progress) -> None:
            if progress.done == 0:
                resetting.start()

        import_into(path, tables, report_progress)
        resetting.join()
    assert rows(path, f"SELECT count(*) FROM website_event WHERE website_id = '{shop}'") == [(0,)]
    assert rows(path, f"SELECT count(*) FROM session WHERE website_id = '{shop}'") == [(0,)]


def made(path: Path, shop: str) -> Path:
    """A store with an empty website."""
    with closing(Store(path)) as store, store.writing() as cursor:
        cursor.execute("INSERT INTO website (website_id, name) VALUES (?, 'Shop')", [shop])
    return path


# As a command


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "umami.embedded", "import", *map(str, arguments)],
        capture_output=True,
        text=True,
    )


@pytest.mark.thorough
def test_import_command_reports_progress_and_result(
    tables: Path, path: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "tables.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in tables.glob("*.csv.gz"):
            packed.write(file, file.name)
    process = command(archive, "--store", path)
    assert (process.returncode, process.stdout.splitlines()[0].split(" (")[0]) == (
        0,
        "28,483 rows were added, 0 existed already",
    )
    lines = process.stderr.splitlines()
    assert lines[0] == "0.0 of 1.3 MB read, 0 rows"
    assert lines[-1].startswith("1.3 of 1.3 MB read, 28,483 rows, ")
    assert lines[-1].endswith(" a second, 0 s left")
    assert command(archive, "--store", path).stdout.startswith(
        "0 rows were added, 28,483 existed already"
    )
    refused = command(tmp_path / "none.zip", "--store", path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"There is no folder or file {tmp_path / 'none.zip'}.\n"


def test_single_file_is_imported(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "website_event.csv.gz"
    file.write_bytes(gzip.compress((CLOUD + cloud_row(1, "2026-06-30 10:00:00")).encode()))
    assert dict(import_into(path, file).added) == {
        "website_event": 1,
        "session": 1,
        "website": 1,
        "revenue": 0,
    }
    with pytest.raises(ImportRefused, match=r"no session\.csv"):
        import_into(path, small(tmp_path / "tables") / "website_event.csv")
    with pytest.raises(ImportRefused, match=r"no website_event\.csv"):
        import_into(path, tmp_path / "tables" / "session.csv")


@pytest.mark.thorough
def test_import_command_names_unused_tables(path: Path, tmp_path: Path) -> None:
    process = command(small(tmp_path / "tables", heatmap_event="x\n"), "--store", path)
    assert process.stdout.splitlines()[-1] == (
        "heatmap_event.csv was not read: the dashboard has no use for this table."
    )
