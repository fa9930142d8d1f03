"""Tables are imported completely and correctly, or not at all; faults name file, line and
column."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
import zipfile
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from umami.embedded.importing import ImportRefused, load
from umami.embedded.store import TABLES, Store

pytestmark = pytest.mark.slow

WEBSITE = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
SESSION = "29f205e9-1bd3-524a-bd8f-a394cf3c5435"
EVENT = "9686bd1a-ec78-421a-94ac-884c6eae81d8"
VISIT = "e29e15ed-4043-5d30-bd93-01def1fc3f72"


def imported(source: Path) -> Store:
    store = Store()
    load(store, source)
    return store


def counts(store: Store) -> dict[str, int]:
    return {table: store.rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


@pytest.fixture
def folder(tmp_path: Path, tables: Path) -> Path:
    """The contract's tables, unpacked, to be damaged."""
    for packed in tables.glob("*.csv.gz"):
        (tmp_path / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    return tmp_path


def small(folder: Path, **texts: str) -> Path:
    """A folder with one website, session and event, but for the files given."""
    files = {
        "website": f"website_id,name,domain\n{WEBSITE},Shop,shop.example.com\n",
        "session": line("session", session_id=SESSION, website_id=WEBSITE, created_at="2026-08-01"),
        "website_event": line(
            "website_event",
            event_id=EVENT,
            website_id=WEBSITE,
            session_id=SESSION,
            visit_id=VISIT,
            created_at="2026-08-01 13:42:54+00",
            event_type="1",
            url_path="/",
        ),
        **texts,
    }
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, newline="")
    return folder


def line(table: str, **values: str) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(TABLES[table]), lineterminator="\n")
    writer.writeheader()
    writer.writerow(values)
    return out.getvalue()


def refused(source: Path) -> ImportRefused:
    """The refusal of a source, after which the store is empty."""
    store = Store()
    with pytest.raises(ImportRefused) as caught:
        load(store, source)
    assert set(counts(store).values()) == {0}
    assert caught.value.__cause__ is None
    return caught.value


# What comes in


def test_all_rows_of_the_contract_are_imported(tables: Path) -> None:
    store = imported(tables)
    assert counts(store) == dict.fromkeys(TABLES, 0) | {
        "website": 3,
        "session": 3228,
        "website_event": 16951,
        "event_data": 7651,
        "session_data": 370,
        "revenue": 280,
    }
    assert store.row(
        "SELECT created_at, url_path, url_query, referrer_path, utm_source, event_name "
        "FROM website_event WHERE event_id = '9686bd1a-ec78-421a-94ac-884c6eae81d8'"
    ) == (datetime(2026, 8, 1, 13, 42, 54), "/", "", "/search", None, None)
    assert store.row("SELECT sum(revenue) FILTER (currency = 'USD') FROM revenue") == store.row(
        "SELECT sum(number_value) FROM event_data e WHERE data_key = 'revenue' AND EXISTS (FROM "
        "event_data c WHERE c.website_event_id = e.website_event_id AND c.string_value = 'USD')"
    )


@pytest.mark.thorough
def test_every_archive_format_gives_the_same_rows(
    tables: Path, folder: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "plain.zip"
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/export/._website.csv", b"\0\0")
        archive.writestr("export/notes.txt", "hello")
        for path in folder.glob("*.csv"):
            archive.write(path, f"export/{path.name}")
    with zipfile.ZipFile(packed, "w") as archive:
        for path in tables.glob("*.gz"):
            archive.write(path, path.name)
    wanted = counts(imported(tables))
    assert [counts(imported(source)) for source in (folder, plain, packed)] == [wanted] * 3


@pytest.mark.thorough
def test_rows_are_sorted_by_website_and_time(tables: Path) -> None:
    rows = imported(tables).rows("SELECT website_id, created_at FROM website_event")
    assert rows == sorted(rows)


def test_columns_are_read_by_name(folder: Path) -> None:
    path = folder / "session.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, sorted(rows[0], reverse=True), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
    store = imported(folder)
    assert store.row(f"SELECT browser, city FROM session WHERE session_id = '{SESSION}'") == (
        "ios",
        "Zürich",
    )


@pytest.mark.parametrize(
    "written",
    [
        "2026-08-01 13:42:54+00",
        "2026-08-01 13:42:54.000+00:00",
        "2026-08-01T13:42:54Z",
        "2026-08-01T13:42:54.000Z",
        "2026-08-01 13:42:54",
        "2026-08-01 15:42:54+02",
    ],
)
def test_formats_of_time_are_parsed(tmp_path: Path, written: str) -> None:
    text = line("session", session_id=SESSION, website_id=WEBSITE, created_at=written)
    store = imported(small(tmp_path, session=text))
    assert store.row("SELECT created_at FROM session") == (datetime(2026, 8, 1, 13, 42, 54),)


def test_empty_text_differs_from_null(tmp_path: Path) -> None:
    text = line("session", session_id=SESSION, website_id=WEBSITE, created_at="2026-08-01")
    spelled = text.replace(f"{SESSION},{WEBSITE},,,", f'{SESSION},{WEBSITE},"",,')
    assert imported(small(tmp_path, session=spelled)).row("SELECT browser, os FROM session") == (
        "",
        None,
    )


def test_byte_order_mark_and_unusual_folder_names(tmp_path: Path) -> None:
    odd = small(tmp_path / "it's [odd]*?")
    path = odd / "website.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert imported(odd).row("SELECT name FROM website") == ("Shop",)


def test_columns_of_newer_and_older_servers_are_imported(tmp_path: Path) -> None:
    website = f"website_id,name,domain,replay_enabled,share_id\n{WEBSITE},Shop,,f,abcdefgh\n"
    events = [
        {**row, "lcp": "12.5"}
        for row in csv.DictReader(io.StringIO((small(tmp_path) / "website_event.csv").read_text()))
    ]
    out = io.StringIO()
    names = [name for name in events[0] if name not in ("tag", "utm_source")]
    writer = csv.DictWriter(out, names, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(events)
    store = imported(small(tmp_path, website=website, website_event=out.getvalue()))
    assert store.row("SELECT share_id FROM website") == ("abcdefgh",)
    assert store.row("SELECT tag, utm_source FROM website_event") == (None, None)


TEAM, USER, LINK = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
OF_3_5 = {
    "website": "website_id,name,domain,team_id,recorder_enabled,replay_config,errors_enabled,"
    f'error_retention_days\n{WEBSITE},Shop,,{TEAM},t,"{{""sampleRate"": 0.1}}",f,30\n',
    "session_link": f"website_id,session_id,distinct_id,created_at\n{WEBSITE},{SESSION},user-1,\n",
    "annotation": "annotation_id,website_id,user_id,date,all_day,note,created_at,updated_at\n"
    f'{LINK},{WEBSITE},{USER},2026-08-01 00:00:00+00,t,"Sale, ""summer"" 🌞",,\n',
    "team": "team_id,name,access_code,logo_url,created_at,updated_at,two_factor_required\n"
    f"{TEAM},Marketing,team_x,,2026-08-01,,f\n",
    "team_user": f"team_user_id,team_id,user_id,role\n{LINK},{TEAM},{USER},team-member\n",
    "link": f"link_id,name,url,slug,user_id\n{LINK},Newsletter,https://a.example,abc,{USER}\n",
    "pixel": f"pixel_id,name,slug,team_id\n{LINK},Mail,def,{TEAM}\n",
}
"""Files as Umami 3.5 has their tables, a row each."""


def test_tables_of_umami_3_5_are_imported(tmp_path: Path) -> None:
    store = Store()
    imported = load(store, small(tmp_path, **OF_3_5))
    assert imported.notes == []
    assert {table: imported.added[table] for table in OF_3_5} == dict.fromkeys(OF_3_5, 1)
    assert store.row("SELECT team_id::VARCHAR FROM website") == (TEAM,)
    assert store.row("SELECT distinct_id, session_id::VARCHAR FROM session_link") == (
        "user-1",
        SESSION,
    )
    assert store.row("SELECT date, all_day, note FROM annotation") == (
        datetime(2026, 8, 1),
        True,
        'Sale, "summer" 🌞',
    )
    assert load(store, tmp_path).added.total() == 0


def test_web_vitals_are_imported(tmp_path: Path) -> None:
    event = line(
        "website_event",
        event_id=EVENT,
        website_id=WEBSITE,
        session_id=SESSION,
        visit_id=VISIT,
        created_at="2026-08-01",
        event_type="5",
        lcp="1234.5",
        cls="0.0123",
    )
    store = imported(small(tmp_path, website_event=event))
    assert store.row("SELECT lcp, cls, inp FROM website_event") == (
        Decimal("1234.5"),
        Decimal("0.0123"),
        None,
    )


def with_columns(added: dict[str, str]) -> str:
    """A file with one session and more columns than Umami has."""
    header, row = line(
        "session", session_id=SESSION, website_id=WEBSITE, created_at="2026-08-01"
    ).splitlines()
    return f"{','.join([header, *added])}\n{','.join([row, *added.values()])}\n"


def test_unknown_columns_and_tables_are_skipped_with_a_note(tmp_path: Path) -> None:
    session = with_columns({"mood": "good", "colour": "red"})
    small(tmp_path, session=session, heatmap_event="x\n\0\n", user="password\nhush\n")
    (tmp_path / "two_factor_auth.csv.gz").write_bytes(b"not even gzip")
    (tmp_path / "notes.txt").write_text("hello")
    notes = [
        "session.csv: These columns are unknown and were not read: mood, colour.",
        "heatmap_event.csv was not read: the dashboard has no use for this table.",
        "two_factor_auth.csv.gz was not read: it holds passwords or other secrets.",
        "user.csv was not read: it holds passwords or other secrets.",
    ]
    store = Store()
    assert load(store, tmp_path).notes == notes
    assert counts(store)["session"] == 1
    archive = tmp_path / "tables.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in tmp_path.glob("*.*"):
            if path != archive:
                packed.write(path, f"export/{path.name}")
    assert load(Store(), archive).notes == [f"export/{note}" for note in notes]


def test_many_unknown_columns_give_one_note(tmp_path: Path) -> None:
    session = with_columns({f"new_{number}": "" for number in range(500)})
    (note,) = load(Store(), small(tmp_path, session=session)).notes
    assert note.endswith("new_8, new_9 and 490 more.")


@pytest.mark.parametrize(
    ("table", "spoilt", "place"),
    [
        ("session_link", ("user-1", ""), (2, "distinct_id")),
        ("session_link", ("\n", "\n" + OF_3_5["session_link"].split("\n")[1] + "\n"), (3, None)),
        ("annotation", (",t,", ",perhaps,"), (2, "all_day")),
        ("annotation", ("2026-08-01 00", "0001-01-01 00"), (2, "date")),
        ("link", (LINK, "x"), (2, "link_id")),
    ],
)
def test_faults_of_newer_tables_name_line_and_column(
    tmp_path: Path, table: str, spoilt: tuple[str, str], place: tuple[int, str | None]
) -> None:
    text = OF_3_5[table].replace(*spoilt, 1)
    refusal = refused(small(tmp_path, **{**OF_3_5, table: text}))
    assert (refusal.file, refusal.line, refusal.column) == (f"{table}.csv", *place)


@pytest.mark.thorough
def test_missing_websites_and_revenue_are_derived(folder: Path) -> None:
    whole = imported(folder)
    (folder / "website.csv").unlink()
    (folder / "revenue.csv").unlink()
    made = imported(folder)
    assert made.rows("SELECT name FROM website ORDER BY name") == [
        ("docs.example.com",),
        ("shop.example.com",),
    ]
    sums = "SELECT currency, count(*), sum(revenue) FROM revenue GROUP BY 1 ORDER BY 1"
    assert made.rows(sums) == whole.rows(sums)
    for table in ("event_data", "session_data"):
        (folder / f"{table}.csv").unlink()
    assert counts(imported(folder))["revenue"] == 0


CLOUD = (
    "website_id,session_id,visit_id,event_id,hostname,browser,os,device,screen,language,country,"
    "region,city,url_path,url_query,utm_source,utm_medium,utm_campaign,utm_content,utm_term,"
    "referrer_path,referrer_query,referrer_domain,page_title,gclid,fbclid,msclkid,ttclid,"
    "li_fat_id,twclid,event_type,event_name,tag,distinct_id,created_at,job_id\n"
)


def cloud_row(number: int, time: str, **values: str) -> str:
    cells = {
        "website_id": WEBSITE,
        "session_id": SESSION,
        "visit_id": VISIT,
        "event_id": f"00000000-0000-4000-8000-{number:012}",
        "hostname": "www.shop.example.com",
        "browser": "chrome",
        "url_path": "/",
        "event_type": "1",
        "created_at": time,
        **values,
    }
    return ",".join(f'"{cells.get(name, "")}"' for name in CLOUD.strip().split(",")) + "\n"


def test_export_of_umami_cloud_is_imported(tmp_path: Path) -> None:
    (tmp_path / "website_event.csv").write_text(
        CLOUD
        + cloud_row(2, "2026-08-02 10:00:00", country="DE", event_type="2", event_name="purchase")
        + cloud_row(1, "2026-08-01 10:00:00", country="CH", distinct_id="user-1")
    )
    (tmp_path / "event_data.csv").write_text(
        "website_id,session_id,event_id,url_path,event_name,data_key,string_value,number_value,"
        "date_value,data_type,created_at,job_id\n"
        + "".join(
            f'{WEBSITE},{SESSION},00000000-0000-4000-8000-000000000002,/,purchase,{key},"{text}",'
            f"{number},\\N,{kind},2026-08-02 10:00:00,\n"
            for key, text, number, kind in (
                ("revenue", "5.0000", "5", 2),
                ("currency", "EUR", "\\N", 1),
            )
        )
    )
    (tmp_path / "session_data.csv").write_text(
        "website_id,session_id,data_key,string_value,number_value,date_value,data_type,"
        "distinct_id,created_at,job_id\n"
    )
    store = imported(tmp_path)
    assert store.rows("SELECT country, distinct_id, created_at, os FROM session") == [
        ("CH", "user-1", datetime(2026, 8, 1, 10), None)
    ]
    assert store.rows("SELECT event_name, url_query, referrer_domain FROM website_event") == [
        (None, "", None),
        ("purchase", "", None),
    ]
    assert store.rows("SELECT name FROM website") == [("shop.example.com",)]
    assert store.rows("SELECT currency, revenue, event_name FROM revenue") == [
        ("EUR", Decimal(5), "purchase")
    ]


# What is refused


def test_missing_files_are_named(tmp_path: Path) -> None:
    assert "no folder or file" in str(refused(tmp_path / "nowhere"))
    assert "no website_event.csv" in str(refused(tmp_path))
    small(tmp_path)
    (tmp_path / "session.csv").unlink()
    assert "no session.csv" in str(refused(tmp_path))


def spoilt(path: Path, number: int, old: str, new: str) -> None:
    """Change a text in a line (from 1) of a file."""
    lines = path.read_text().split("\n")
    assert old in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new, 1)
    path.write_text("\n".join(lines))


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("table", "number", "old", "new", "column", "reason"),
    [
        ("session", 1, "browser,", "", "browser", "missing"),
        ("session", 1, "browser,", "brwoser,", "browser", "missing"),
        ("session", 1, "browser,os", "os,os", "os", "twice"),
        ("session", 3, "a4fe1457-", "a4fe-", "session_id", "not a UUID"),
        ("session", 4, "2026-08-01 09", "2026-08-32 09", "created_at", "not a time"),
        ("session", 4, "2026-08-01 09:53:10+00", "infinity", "created_at", "not a time"),
        ("session", 4, "2026-08-01 09", "0026-08-01 09", "created_at", "not a time"),
        ("session", 2, "29f205e9-1bd3-524a-bd8f-a394cf3c5435", "", "session_id", "missing"),
        ("website_event", 5, ",1,", ",one,", "event_type", "not a whole number"),
        ("event_data", 2, "121.0300,121.0300", "121.0300,1e30", "number_value", "not a number"),
        ("event_data", 2, ",seconds,", ",,", "data_key", "missing"),
        ("session", 3, ",chrome", "", None, "11 fields"),
        ("session", 3, ",chrome", ",chrome,chrome", None, "13 fields"),
        ("revenue", 3, ",USD,", ",,", "currency", "missing"),
        ("session", 6, ",ios", ',"ios', None, "not CSV"),
    ],
)
def test_fault_names_file_line_and_column(
    folder: Path, table: str, number: int, old: str, new: str, column: str | None, reason: str
) -> None:
    spoilt(folder / f"{table}.csv", number, old, new)
    refusal = refused(folder)
    assert (refusal.file, refusal.line) == (f"{table}.csv", number)
    assert column is None or refusal.column == column
    assert reason in str(refusal)
    assert "\n" not in str(refusal)


def test_line_numbers_are_those_of_an_editor(tmp_path: Path) -> None:
    values = {"session_id": SESSION, "website_id": WEBSITE, "created_at": "2026-08-01"}
    text = line("session", **values, city="two\nlines") + "\n"
    text += line("session", **{**values, "session_id": "nope"}).split("\n", 1)[1]
    assert refused(small(tmp_path, session=text)).line == 5


def test_duplicate_id_is_refused(folder: Path) -> None:
    path = folder / "session.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, lines[7]]))
    refusal = refused(folder)
    assert (refusal.line, refusal.column) == (len(lines) + 1, "session_id")


def test_files_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    for content, reason in (
        (b"", "no header"),
        (b"\xff\xfd\x01", "not UTF-8"),
        (b"<html>\n", "column is missing"),
        (b'"\n', "header"),
    ):
        (small(tmp_path) / "session.csv").write_bytes(content)
        refusal = refused(tmp_path)
        assert (refusal.file, refusal.line) == ("session.csv", 1)
        assert reason in str(refusal)


def test_text_that_is_not_utf_8_is_refused(folder: Path) -> None:
    path = folder / "session.csv"
    path.write_bytes(path.read_bytes().replace("Zürich".encode(), b"Z\xfcrich", 1))
    refusal = refused(folder)
    assert (refusal.file, refusal.line) == ("session.csv", 2)
    assert "not UTF-8" in str(refusal)


def test_damaged_archives_are_refused(tables: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    shutil.copytree(tables, folder)
    path = folder / "session.csv.gz"
    whole = path.read_bytes()
    for damaged in (
        whole[: len(whole) // 2],
        b"session_id\n",
        whole[:50] + b"\0" * 50 + whole[100:],
    ):
        path.write_bytes(damaged)
        assert refused(folder).file == "session.csv.gz"
    archive = tmp_path / "tables.zip"
    archive.write_bytes(b"PK\x03\x04 nothing")
    assert "neither a folder nor a zip" in str(refused(archive))


def test_decompression_bombs_are_refused(tmp_path: Path) -> None:
    """Valid rows, but compressed far better than real data."""
    folder = small(tmp_path / "tables")
    plain = folder / "session.csv"
    header, row = plain.read_bytes().splitlines(keepends=True)
    plain.write_bytes(header + row * (80_000_000 // len(row)))
    gzipped = folder / "session.csv.gz"
    gzipped.write_bytes(gzip.compress(plain.read_bytes()))
    for burst in (plain, gzipped):
        archive = tmp_path / "tables.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in (burst, folder / "website.csv", folder / "website_event.csv"):
                packed.write(path, path.name)
        refusal = refused(archive)
        assert (refusal.file, "far more" in str(refusal)) == (burst.name, True)
    plain.unlink()
    assert "far more" in str(refused(folder))


def test_endless_line_is_refused(tmp_path: Path) -> None:
    path = small(tmp_path) / "session.csv"
    path.write_bytes(path.read_bytes() + b"," * 100_000_000)
    refusal = refused(tmp_path)
    assert (refusal.file, refusal.line) == ("session.csv", 3)
    assert "longer" in str(refusal)


def test_table_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    small(tmp_path / "tables")
    archive = tmp_path / "tables.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in (tmp_path / "tables").iterdir():
            packed.write(path, path.name)
        packed.write(tmp_path / "tables" / "website.csv", "again/WEBSITE.CSV")
    assert str(refused(archive)).endswith("website.csv contains the same table.")


field = st.text(max_size=6) | st.sampled_from(
    [
        *("", '""', SESSION, WEBSITE, "2026-08-01 10:00:00+00", "infinity", "epoch", "NaN"),
        *("1", "2", "-1", "1e9", "9" * 40, '"', '"a""b"', "a\nb", '"a\nb"', "\r", "\0"),
        *("é", "😀", "\\N"),
    ]
)


@pytest.mark.thorough
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    table=st.sampled_from(["website", "session", "website_event", "event_data", "revenue"]),
    rows=st.lists(
        st.lists(field, min_size=1, max_size=14)
        | st.sampled_from(["website", "session", "website_event"]).map(lambda t: [t]),
        max_size=5,
    ),
    keep=st.booleans(),
    junk=st.binary(max_size=8),
)
@example(table="session", rows=[["x"] * 12], keep=True, junk=b"")
def test_any_file_is_imported_or_refused(
    tmp_path: Path, table: str, rows: list[list[Any]], keep: bool, junk: bytes
) -> None:
    small(tmp_path)
    (tmp_path / "event_data.csv").unlink(missing_ok=True)
    (tmp_path / "revenue.csv").unlink(missing_ok=True)
    path = tmp_path / f"{table}.csv"
    text = path.read_text() if path.exists() else line(table)
    header, _, good = text.partition("\n")
    body = "".join(",".join(row) + "\n" for row in rows).encode(errors="replace")
    path.write_bytes((header + "\n" + (good if keep else "")).encode() + body + junk)
    store = Store()
    with suppress(ImportRefused):
        load(store, tmp_path)
        assert counts(store)["website_event"] > 0 or table == "website_event"
        return
    assert set(counts(store).values()) == {0}
