"""One export in the formats of many tools and releases of Umami gives the same rows."""

from __future__ import annotations

import csv
import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest

from umami.api import events, traffic
from umami.client import connect
from umami.embedded.archives import SAMPLE
from umami.embedded.importing import ImportRefused, load
from umami.embedded.server import serve
from umami.embedded.store import Store
from umami.filters import Filter
from umami.period import Period
from umami.settings import Settings
from umami.view import View

pytestmark = pytest.mark.slow

WEBSITE, SESSION, VISIT = (f"{n * 8}-{n * 4}-4{n * 3}-8{n * 3}-{n * 12}" for n in "123")
EVENT = "aaaaaaaa-0000-4000-8000-00000000000"
DATA = "bbbbbbbb-0000-4000-8000-00000000000"
Row = dict[str, str | None]

SESSIONS: list[Row] = [
    {
        "session_id": SESSION,
        "website_id": WEBSITE,
        "browser": "chrome",
        "os": "Linux",
        "device": "desktop",
        "screen": "1920x1080",
        "language": "en-US",
        "country": "DE",
        "region": None,
        "city": None,
        "created_at": "2026-10-01 10:00:00",
        "distinct_id": None,
    }
]


def event(number: int, **values: str | None) -> Row:
    return {
        "event_id": f"{EVENT}{number}",
        "website_id": WEBSITE,
        "session_id": SESSION,
        "visit_id": VISIT,
        "created_at": f"2026-10-01 10:0{number}:00",
        "event_type": "1",
        "event_name": None,
        "url_path": "/",
        "url_query": None,
        "referrer_path": None,
        "referrer_query": None,
        "referrer_domain": None,
        "page_title": "Tür; a|b,\tc",
        "hostname": "shop.example",
        "tag": None,
        "gclid": None,
        "utm_source": None,
        "lcp": None,
        **values,
    }


EVENTS = [
    event(1, url_query="utm_source=news", utm_source="news", referrer_domain="google.com"),
    event(2, page_title=None),
    event(3, event_type="2", event_name="purchase", url_path="/buy"),
]


def money(amount: str, currency: str, **text: str | None) -> list[Row]:
    common = {"website_id": WEBSITE, "website_event_id": f"{EVENT}3"}
    end = {"created_at": "2026-10-01 10:03:00"}
    number: Row = {"string_value": amount, "number_value": amount, "date_value": None, **text}
    return [
        {"event_data_id": f"{DATA}1", **common, "data_key": "revenue", **number}
        | {"data_type": "2", **end},
        {"event_data_id": f"{DATA}2", **common, "data_key": "currency", "string_value": currency}
        | {"number_value": None, "date_value": None, "data_type": "1", **end},
    ]


Tables = dict[str, list[Row]]
TABLES: Tables = {
    "session": SESSIONS,
    "website_event": EVENTS,
    "event_data": money("19.9900", "EUR"),
}


def text(rows: list[Row], null: str = "", delimiter: str = ",", **form: Any) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, **{"lineterminator": "\n", **form})
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow(null if value is None else value for value in row.values())
    return out.getvalue()


def written(folder: Path, tables: Tables = TABLES, encoding: str = "utf-8", **form: Any) -> Path:
    folder.mkdir(exist_ok=True)
    for table, rows in tables.items():
        (folder / f"{table}.csv").write_bytes(text(rows, **form).encode(encoding))
    return folder


def contents(source: Path) -> dict[str, Any]:
    """Every imported row, without generated ids."""
    store = Store()
    load(store, source)
    return {
        table: store.records(f"SELECT {columns} FROM {table} ORDER BY ALL")
        for table, columns in {
            "website": "*",
            "session": "*",
            "website_event": "*",
            "event_data": "*",
            "revenue": "* EXCLUDE (revenue_id)",
        }.items()
    }


def values(source: Path, sql: str) -> list[tuple[Any, ...]]:
    store = Store()
    load(store, source)
    return store.rows(sql)


def refusal(source: Path) -> ImportRefused:
    store = Store()
    with pytest.raises(ImportRefused) as caught:
        load(store, source)
    assert store.row("SELECT count(*) FROM session") == (0,)
    return caught.value


@pytest.fixture
def usual(tmp_path: Path) -> dict[str, Any]:
    return contents(written(tmp_path / "usual"))


# NULL


@pytest.mark.thorough
@pytest.mark.sample(6)
@pytest.mark.parametrize(
    "word", ["NULL", r"\N", "null", "[NULL]", "<null>", "(null)", "nan", "NaN", "None"]
)
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_every_spelling_of_null_is_recognised(
    tmp_path: Path, usual: dict[str, Any], word: str, quoting: int
) -> None:
    if word == r"\N" and quoting == csv.QUOTE_ALL:
        return  # No tool writes it in quotes.
    assert contents(written(tmp_path / "words", null=word, quoting=quoting)) == usual


@pytest.mark.parametrize("column", ["city", "distinct_id", "region"])
def test_null_in_a_single_column_is_recognised(tmp_path: Path, column: str) -> None:
    filled = {name: value or "" for name, value in SESSIONS[0].items()}
    rows = [{**filled, column: "NULL"}]
    source = written(tmp_path / "words", {**TABLES, "session": rows})
    assert values(source, f"SELECT {column} FROM session") == [(None,)]


@pytest.mark.thorough
def test_values_that_look_like_null_are_kept(tmp_path: Path) -> None:
    """In exports with another spelling of NULL, and in columns that Umami never leaves empty."""
    rows = [
        *EVENTS,
        event(4, event_type="2", event_name="None", page_title="null", utm_source="null")
        | {"url_query": "utm_source=null"},
        event(5, page_title="NULL", utm_source="none", url_query="utm_source=none"),
    ]
    data = [
        {**money("1", "nan")[1], "event_data_id": f"{DATA}{at}", "data_key": key}
        for at, key in enumerate(("None", "NULL"), 3)
    ]
    tables = {**TABLES, "website_event": rows, "event_data": [*TABLES["event_data"], *data]}
    store = Store()
    assert load(store, written(tmp_path / "empty", tables)).notes == []
    looked = "SELECT event_name, page_title, utm_source FROM website_event ORDER BY created_at"
    assert store.rows(looked)[3:] == [("None", "null", "null"), (None, "NULL", "none")]
    properties = "SELECT data_key, string_value FROM event_data ORDER BY 1"
    assert store.rows(properties)[:2] == [("NULL", "nan"), ("None", "nan")]

    for word in ("None", "nan", "null"):
        store = Store()
        notes = load(store, written(tmp_path / word, tables, null=word)).notes
        assert [(title is None) == (word == "null") for _, title, _ in store.rows(looked)[3:4]]
        assert [name for name, _, _ in store.rows(looked)][3:] == ["None", None]
        assert [term for _, _, term in store.rows(looked)][3:] == ["null", "none"]
        assert store.rows(properties)[:2] == [("NULL", "nan"), ("None", "nan")]
        assert f"website_event.csv: {word} was read as no value." in notes


def test_quoted_word_is_a_value_where_null_is_unquoted(tmp_path: Path) -> None:
    source = written(tmp_path / "quotes", null="NULL")
    path = source / "website_event.csv"
    first, *rest = path.read_text().splitlines(keepends=True)
    rest[0] = rest[0].replace('"Tür; a|b,\tc"', '"NULL"')
    path.write_text("".join([first, *rest]))
    titles = "SELECT page_title FROM website_event ORDER BY created_at LIMIT 2"
    assert values(source, titles) == [("NULL",), (None,)]


def test_null_after_the_sample_is_recognised(tmp_path: Path) -> None:
    rows = [*EVENTS, *[EVENTS[1]] * (SAMPLE // 150)]
    rows = [{**row, "event_id": f"{EVENT[:-6]}{at:07}"} for at, row in enumerate(rows)]
    rows[-1] |= {"referrer_domain": "NULL", "lcp": "NULL", "event_name": "NULL", "page_title": "x"}
    source = written(tmp_path / "late", {"session": SESSIONS, "website_event": rows})
    query = "SELECT referrer_domain, lcp, event_name FROM website_event WHERE page_title = 'x'"
    assert values(source, query) == [(None, None, None)]


# Names of columns, and what follows from others


def renamed(tables: Tables, table: str, names: dict[str, str]) -> Tables:
    rows = [{names.get(key, key): value for key, value in row.items()} for row in tables[table]]
    return {**tables, table: rows}


def without(rows: list[Row], *names: str) -> list[Row]:
    return [{key: value for key, value in row.items() if key not in names} for row in rows]


def test_columns_of_umami_2_0_are_imported(tmp_path: Path, usual: dict[str, Any]) -> None:
    tables = renamed(TABLES, "session", {"region": "subdivision1"})
    numbers = [{**row, "string_value": row["string_value"]} for row in TABLES["event_data"]]
    numbers[0]["string_value"] = None
    tables = renamed(
        {**tables, "event_data": numbers},
        "event_data",
        {
            "event_data_id": "event_id",
            "data_key": "event_key",
            "string_value": "event_string_value",
            "number_value": "event_numeric_value",
            "date_value": "event_date_value",
            "data_type": "event_data_type",
        },
    )
    hosts = {"hostname": "shop.example", "subdivision2": None}
    tables["session"] = [{**row, **hosts} for row in without(tables["session"], "distinct_id")]
    tables["website_event"] = without(
        tables["website_event"], "hostname", "tag", "utm_source", "gclid", "lcp", "visit_id"
    )
    imported = contents(written(tmp_path / "old", tables))
    visits = {row.pop("visit_id") for row in imported["website_event"]}
    assert len(visits) == 1
    for row in usual["website_event"]:
        row.pop("visit_id")
    assert imported == usual


def test_session_data_of_umami_2_12_are_imported(tmp_path: Path) -> None:
    row: Row = {
        "session_data_id": f"{DATA}9",
        "website_id": WEBSITE,
        "session_id": SESSION,
        "session_key": "plan",
        "string_value": "pro",
        "number_value": None,
        "date_value": None,
        "data_type": "1",
        "created_at": "2026-10-01",
        "deleted_at": "2026-10-01",
    }
    source = written(tmp_path / "old", {**TABLES, "session_data": [row]})
    assert values(source, "SELECT data_key, string_value FROM session_data") == [("plan", "pro")]


def test_missing_visit_ids_are_derived_from_session_and_hour(tmp_path: Path) -> None:
    rows = [
        {**event(at), "created_at": time}
        for at, time in enumerate(("2026-10-01 10:05", "2026-10-01 10:55", "2026-10-01 11:00"))
    ]
    source = written(
        tmp_path / "old", {**TABLES, "website_event": without(rows, "visit_id", "event_type")}
    )
    store = Store()
    load(store, source)
    first, second, third = store.rows("SELECT visit_id FROM website_event ORDER BY created_at")
    assert first == second != third
    assert load(store, source).added.total() == 0


def test_missing_utm_columns_are_read_from_the_query(tmp_path: Path) -> None:
    queries = (
        "utm_source=News&utm_campaign=black%20friday+now&gclid=abc",
        "a=1&UTM_MEDIUM=mail&xutm_source=no&utm_term=",
        "utm_content=%ff",
    )
    rows = without([event(at, url_query=query) for at, query in enumerate(queries)], "utm_source")
    source = written(tmp_path / "old", {**TABLES, "website_event": without(rows, "gclid")})
    assert values(
        source,
        "SELECT utm_source, utm_campaign, gclid, utm_medium, utm_term, utm_content "
        "FROM website_event ORDER BY created_at",
    ) == [
        ("News", "black friday now", "abc", None, None, None),
        (None, None, None, "mail", None, None),
        (None, None, None, None, None, "%ff"),
    ]


@pytest.mark.thorough
@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("amount", "sum_"),
    [
        ("19.99", "19.99"),
        (" 5 ", "5"),
        ("1e3", "1000"),
        ("-3.5", "-3.5"),
        *((amount, None) for amount in ("19,99", "1.234,56", "€19.99", "1_000", "0x10", "true")),
        *((amount, None) for amount in ("١٢", "NaN", "Infinity")),
    ],
)
def test_amounts_as_text_are_imported_or_noted(
    tmp_path: Path, amount: str, sum_: str | None
) -> None:
    rows = money(amount, "EUR", number_value=None)
    rows[0]["data_type"] = "1"
    store = Store()
    notes = load(store, written(tmp_path / "text", {**TABLES, "event_data": rows})).notes
    assert store.rows("SELECT revenue FROM revenue") == ([(Decimal(sum_),)] if sum_ else [])
    assert [repr(amount) in note for note in notes] == ([] if sum_ else [True])


@pytest.mark.parametrize("amount", ["19,99", "1.234,56", "1 234.56", "€19.99"])
def test_localised_numbers_are_refused_with_the_expected_form(tmp_path: Path, amount: str) -> None:
    error = refusal(written(tmp_path / "text", {**TABLES, "event_data": money(amount, "EUR")}))
    assert (error.file, error.line, error.column) == ("event_data.csv", 2, "number_value")
    assert "1234.56" in str(error)


def test_tables_of_umami_1_are_refused(tmp_path: Path) -> None:
    written(tmp_path / "old", {"pageview": EVENTS, "session": SESSIONS})
    assert "Umami 1" in str(refusal(tmp_path / "old"))


# Separators, headers, encodings, line ends


def shouted(text: str) -> str:
    first, end, rest = text.partition("\n")
    return ",".join(f' "{name.upper()}" ' for name in first.split(",")) + end + rest


@pytest.mark.thorough
@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_separators_are_detected(
    tmp_path: Path, usual: dict[str, Any], delimiter: str, quoting: int
) -> None:
    form = {"delimiter": delimiter, "quoting": quoting}
    assert contents(written(tmp_path / "form", null="NULL", **form)) == usual


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("encoding", "end"),
    [
        *((encoding, "\n") for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")),
        ("utf-16", "\r\n"),
        ("utf-8", "\r\n"),
        ("utf-8", "\r"),
    ],
)
def test_encodings_and_line_endings_are_detected(
    tmp_path: Path, usual: dict[str, Any], encoding: str, end: str
) -> None:
    assert contents(written(tmp_path / "form", encoding=encoding, lineterminator=end)) == usual


def test_utf_16_be_mixed_line_endings_and_upper_case_names(
    tmp_path: Path, usual: dict[str, Any]
) -> None:
    source = written(tmp_path / "form")
    path = source / "website_event.csv"
    path.write_bytes(b"\xfe\xff" + path.read_text().encode("utf-16-be"))
    path = source / "session.csv"
    path.write_bytes(shouted(path.read_text()).replace("\n", "\r\n", 1).encode())
    assert contents(source) == usual


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_text_in_a_legacy_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    error = refusal(written(tmp_path / "form", encoding=encoding))
    assert (error.file, error.line, error.column) == ("website_event.csv", 2, "page_title")
    assert "CSV UTF-8" in str(error)


def test_truncated_utf_16_is_refused(tmp_path: Path) -> None:
    source = written(tmp_path / "form", encoding="utf-16")
    path = source / "session.csv"
    path.write_bytes(path.read_bytes()[:-1])
    assert refusal(source).file == "session.csv"


def test_separator_line_for_excel_is_refused(tmp_path: Path) -> None:
    source = written(tmp_path / "form", delimiter=";")
    path = source / "session.csv"
    path.write_text("sep=;\n" + path.read_text())
    error = refusal(source)
    assert (error.line, "Delete this line" in str(error)) == (1, True)


# Archives


def zipped(
    source: Path, target: Path, method: int = zipfile.ZIP_DEFLATED, zip64: bool = False
) -> None:
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.writestr("__MACOSX/export/._session.csv", b"\0")
        archive.writestr("export/.DS_Store", b"\0")
        for path in source.iterdir():
            name = f"B\u0308uro\\{path.name.upper()}"
            with archive.open(name, "w", force_zip64=zip64) as member:
                member.write(path.read_bytes())


class Pipe(io.RawIOBase):
    """A target that is not seekable, so that sizes come after the data."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._file.write(data)

    def close(self) -> None:
        self._file.close()


def streamed(source: Path, target: Path) -> None:
    pipe: Any = Pipe(target)
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in source.iterdir():
            archive.write(path, path.name)
    pipe.close()


def tarred(source: Path, target: Path, mode: Any = "w", form: int = tarfile.PAX_FORMAT) -> None:
    with tarfile.open(target, mode, format=form) as archive:
        for path in source.iterdir():
            archive.add(path, f"{'long ' * 30}export/{path.name}")
        archive.add(source, "._website_event.csv", recursive=False)


@pytest.mark.parametrize(
    "pack",
    [
        zipped,
        lambda source, target: zipped(source, target, zipfile.ZIP_STORED, zip64=True),
        streamed,
        tarred,
        lambda source, target: tarred(source, target, "w:gz", tarfile.GNU_FORMAT),
    ],
    ids=["deflated", "stored, zip64", "data descriptors", "tar", "tar.gz"],
)
def test_archives_are_imported(
    tmp_path: Path, usual: dict[str, Any], pack: Callable[[Path, Path], None]
) -> None:
    target = tmp_path / "export.archive"
    pack(written(tmp_path / "form", null="NULL", lineterminator="\r\n"), target)
    assert contents(target) == usual


def test_file_names_in_capitals_and_other_extensions(tmp_path: Path, usual: dict[str, Any]) -> None:
    source = written(tmp_path / "form", delimiter="\t")
    (source / "session.csv").rename(source / "Session.TSV")
    packed = gzip.compress((source / "website_event.csv").read_bytes())
    (source / "website_event.csv").unlink()
    (source / "WEBSITE_EVENT.CSV.GZ").write_bytes(packed)
    (source / "._session.csv").write_bytes(b"\0")
    assert contents(source) == usual


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_methods_are_refused(tmp_path: Path, method: int) -> None:
    zipped(written(tmp_path / "form"), tmp_path / "export.zip", method)
    assert "only Deflate" in str(refusal(tmp_path / "export.zip"))


def test_deflate64_and_encryption_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "export.zip"
    zipped(written(tmp_path / "form"), target, zipfile.ZIP_STORED)
    whole = target.read_bytes()
    # In the central directory, flags lie 8 and the method 10 bytes after the signature.
    for offset, value, sentence in ((8, 1, "encrypted"), (10, 9, "Deflate64")):
        spoilt = bytearray(whole)
        at = -1
        while (at := whole.find(b"PK\x01\x02", at + 1)) >= 0:
            spoilt[at + offset] |= value
        target.write_bytes(spoilt)
        assert sentence in str(refusal(target))


# Unicode forms


@pytest.mark.thorough
@pytest.mark.parametrize("stored", ["NFC", "NFD"])
@pytest.mark.parametrize("typed", ["NFC", "NFD"])
def test_names_are_found_in_either_unicode_form(tmp_path: Path, stored: Any, typed: Any) -> None:
    path = normalize(stored, "/café")
    rows = [
        event(1, url_path=path),
        event(2, event_type="2", event_name=normalize(stored, "Käufe")),
    ]
    period = Period.of_days(date(2026, 10, 1), date(2026, 10, 1), "UTC")
    with serve(written(tmp_path / "form", {**TABLES, "website_event": rows})) as running:
        settings = Settings(
            api=f"{running.url}/api", username=running.username, password=running.password
        )
        with connect(settings) as client:
            view = View(WEBSITE, period)
            # What is stored comes back as it is.
            assert client.ask(traffic.metrics(view, "path")).frame["name"].tolist()[0] == path
            for operator, text, views in (
                ("eq", "/café", 1),
                ("c", "CAFÉ", 1),
                ("neq", "/café", 0),
                ("dnc", "fé", 0),
            ):
                chosen = Filter("path", operator, normalize(typed, text))  # type: ignore[arg-type]
                filtered = replace(view, filters=(chosen,))
                assert client.ask(traffic.stats(filtered)).current.views == views
            search = normalize(typed, "käuf")
            assert client.ask(events.events(view, search=search)).count == 1
