"""Notes in the database and in Umami: one list, and who reads and writes what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select

from access.database import NOTES
from access.notes import Note, Notebook, cleaned, merged, on_hour
from access.permissions import (
    ALL,
    AuthorizedClient,
    Forbidden,
    Grant,
    Permissions,
    ViewFilters,
)
from access.reader import Reader
from components.loading import Collector
from components.page_registry import ENDPOINTS
from tests.doubles.umami import serve as serve_version
from tests.support.fault_proxy import Between, between
from umami.api import notes as api
from umami.client import Client, connect
from umami.embedded.server import serve
from umami.errors import InvalidView, NotFound, UmamiError
from umami.period import Period
from umami.settings import Settings
from umami.view import View

TABLES = Path(__file__).parents[1] / "contract" / "data" / "tables"
SHOP = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
DOCS = "31e8662e-b0ee-4259-b469-24ee0ae1d001"
VIEW = View(SHOP, Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "Europe/Berlin"))
DAY = date(2026, 9, 9)
LOOKS = Grant(frozenset({SHOP}), frozenset({"overview"}), ENDPOINTS["overview"], filters=True)
SAVES = replace(LOOKS, saves=True)
TEXT = "Newsletter “Autumn”"


@pytest.fixture(scope="module")
def proxy() -> Iterator[Between]:
    with serve(TABLES, password="umami") as running, between(running.url) as way:
        yield way


@pytest.fixture
def client(proxy: Between) -> Iterator[Client]:
    settings = Settings(api=f"{proxy.url}/api", username="admin", password="umami")
    with connect(settings) as client:
        yield client
        proxy.breaks = lambda _target: False
        for annotation in client.ask(api.every_annotation(SHOP)).rows:
            client.ask(api.delete_annotation(SHOP, annotation.id))


@pytest.fixture(scope="module")
def older() -> Iterator[Client]:
    """A client of Umami 3.1, which has no annotations."""
    with serve_version("3.1", TABLES) as running:
        settings = Settings(
            api=f"{running.url}/api", username=running.username, password=running.password
        )
        with connect(settings) as client:
            yield client


def notebook(engine: Engine, account: str = "ann", *grants: Grant) -> Notebook:
    permissions = Permissions(grants) if grants else ALL
    return Notebook(lambda _create: engine, account, permissions)


def note(audience: str = "team", text: str = TEXT, **values: object) -> Note:
    return replace(Note(SHOP, text, DAY, DAY), audience=audience, **values)  # type: ignore[arg-type]


def read(client: Client, book: Notebook, view: View = VIEW) -> tuple[Note, ...]:
    """All notes of the shop, as a page asks for them."""
    reader = Reader(book.engine, book.account, book.permissions)
    return Collector(AuthorizedClient(client, book.permissions), reader=reader).notes(view).result()


def texts(notes: tuple[Note, ...]) -> list[str]:
    return [note.text for note in notes]


def test_notes_are_added_changed_and_deleted(engine: Engine, client: Client) -> None:
    book = notebook(engine)
    saved = book.add(client, note())
    assert (saved.author, saved.annotation) == ("ann", "")
    assert read(client, book) == (saved,)
    changed = book.change(client, saved, replace(saved, text="Later", last=date(2026, 9, 12)))
    assert read(client, book) == (changed,)
    assert (changed.id, changed.created) == (saved.id, saved.created)
    book.delete(client, changed)
    assert read(client, book) == ()


def test_note_that_somebody_else_has_changed_is_not_overwritten(
    engine: Engine, client: Client
) -> None:
    book = notebook(engine)
    note = Note(SHOP, TEXT, DAY, DAY, audience="team")
    opened = book.add(client, note)
    changed = book.change(client, opened, replace(opened, text="By Bob"))
    public = book.add(client, replace(note, audience="everyone"))
    for new in (replace(opened, text="By Ann"), replace(opened, audience="everyone")):
        with pytest.raises(InvalidView, match="Somebody else has changed this note"):
            book.change(client, opened, new)
    assert set(book.rows(SHOP)) == {changed, public}
    book.delete(client, changed)
    for new in (replace(changed, text="By Ann"), replace(changed, audience="everyone")):
        with pytest.raises(InvalidView, match="This note was deleted meanwhile"):
            book.change(client, changed, new)
    book.delete(client, public)
    with pytest.raises(NotFound):
        book.change(client, public, replace(public, text="By Ann"))
    assert book.rows(SHOP) == ()
    assert client.ask(api.every_annotation(SHOP)).rows == ()


def test_note_on_an_hour_is_an_instant(engine: Engine, client: Client) -> None:
    book = notebook(engine)
    day, at = on_hour(SHOP, DAY, 1, "Europe/Berlin")
    assert (day, at) == (date(2026, 9, 8), datetime(2026, 9, 8, 23, tzinfo=UTC))
    saved = book.add(client, note("everyone", first=day, last=day, at=at))
    (listed,) = read(client, book)
    assert listed == saved
    assert listed.walls("Europe/Berlin")[0] == datetime(2026, 9, 9, 1)
    assert listed.touches(VIEW.period)
    assert not listed.touches(VIEW.period.previous())


def test_who_reads_a_note(engine: Engine, client: Client) -> None:
    ann = notebook(engine)
    for audience in ("me", "team", "everyone"):
        ann.add(client, note(audience, audience))
    shared = Notebook(lambda _create: engine, "", Permissions((replace(LOOKS, filters=False),)))
    filters = ViewFilters.of(VIEW.filtered("country", "DE"))
    locked = replace(LOOKS, filters=False, fixed_filters=filters)
    elsewhere = replace(LOOKS, websites=frozenset({DOCS}))
    other_page = replace(LOOKS, endpoints=ENDPOINTS["retention"])
    assert set(texts(read(client, ann))) == {"me", "team", "everyone"}
    assert set(texts(read(client, notebook(engine, "vic", LOOKS)))) == {"team", "everyone"}
    assert set(
        texts(
            read(client, notebook(engine, "bob", Grant(None, None, None, admin=True, filters=True)))
        )
    ) == {"team", "everyone"}
    assert texts(read(client, shared)) == ["everyone"]
    for grant in (locked, elsewhere, other_page):
        assert read(client, notebook(engine, "vic", grant)) == ()
    private = notebook(engine, "vic", locked).add(client, note("me", "of vic"))
    assert read(client, notebook(engine, "vic", locked)) == (private,)


def test_who_writes_a_note(engine: Engine, client: Client) -> None:
    viewer, analyst = notebook(engine, "vic", LOOKS), notebook(engine, "pat", SAVES)
    shared = Notebook(lambda _create: engine, "", Permissions((SAVES,)))
    assert viewer.audiences(SHOP) == ("me",)
    assert analyst.audiences(SHOP) == ("me", "team", "everyone")
    assert shared.audiences(SHOP) == analyst.audiences(DOCS) == ()
    for book, audience in ((viewer, "team"), (viewer, "everyone"), (shared, "me")):
        with pytest.raises(Forbidden):
            book.add(client, note(audience))
    with pytest.raises(Forbidden):
        analyst.add(client, replace(note(), website=DOCS))
    mine = viewer.add(client, note("me"))
    with pytest.raises(Forbidden):
        viewer.change(client, mine, replace(mine, audience="team"))
    of_team = analyst.add(AuthorizedClient(client, analyst.permissions), note("everyone"))
    other = notebook(engine, "sam", SAVES)
    for book in (viewer, other, shared):
        assert not book.may_change(of_team)
        with pytest.raises(Forbidden):
            book.delete(client, of_team)
        with pytest.raises(Forbidden):
            book.change(client, of_team, of_team)
    admin = notebook(engine, "root")
    assert not admin.may_change(mine)
    admin.delete(client, of_team)
    assert set(read(client, viewer)) == {mine}


def test_note_for_everyone_is_one_with_its_annotation(engine: Engine, client: Client) -> None:
    book = notebook(engine)
    saved = book.add(client, note("everyone", last=date(2026, 9, 11)))
    (annotation,) = client.ask(api.every_annotation(SHOP)).rows
    assert (annotation.id, annotation.note, annotation.all_day) == (saved.annotation, TEXT, True)
    assert read(client, book) == (saved,)
    # Changed in Umami: its text and date, and the range keeps its length.
    client.ask(api.update_annotation(SHOP, annotation.id, annotation.at - timedelta(days=2), "New"))
    (changed,) = read(client, book)
    assert (changed.text, changed.first, changed.last, changed.author) == (
        *("New", date(2026, 9, 7), date(2026, 9, 9)),
        "ann",
    )
    # Changed here.
    book.change(client, changed, replace(changed, text="Newer"))
    assert [row.note for row in client.ask(api.every_annotation(SHOP)).rows] == ["Newer"]
    assert texts(read(client, book)) == ["Newer"]
    client.ask(api.delete_annotation(SHOP, annotation.id))
    assert read(client, book) == ()


def test_annotations_of_others_are_notes_for_everyone(engine: Engine, client: Client) -> None:
    # Midnight of a user in Berlin, of one in UTC, and an hour.
    for at, text, all_day in (
        (datetime(2026, 9, 8, 22, tzinfo=UTC), "Berlin", True),
        (datetime(2026, 9, 9, tzinfo=UTC), "UTC", True),
        (datetime(2026, 9, 9, 15, tzinfo=UTC), "Hour", False),
    ):
        client.ask(api.create_annotation(SHOP, at, text, all_day))
    notes = {row.text: row for row in read(client, notebook(engine, "vic", LOOKS))}
    assert {row.first for row in notes.values()} == {DAY}
    assert {(row.audience, row.author) for row in notes.values()} == {("everyone", "")}
    assert notes["Hour"].at == datetime(2026, 9, 9, 15, tzinfo=UTC)
    analyst, admin = notebook(engine, "pat", SAVES), notebook(engine)
    assert not analyst.may_change(notes["UTC"])
    ranged = admin.change(client, notes["UTC"], replace(notes["UTC"], last=date(2026, 9, 10)))
    assert ranged in read(client, admin)
    assert len(read(client, admin)) == 3
    admin.delete(client, notes["Hour"])
    assert len(client.ask(api.every_annotation(SHOP)).rows) == 2


def test_audience_of_a_note_changes(engine: Engine, client: Client) -> None:
    book = notebook(engine)
    saved = book.add(client, note("team"))
    public = book.change(client, saved, replace(saved, audience="everyone"))
    assert [row.id for row in client.ask(api.every_annotation(SHOP)).rows] == [public.annotation]
    private = book.change(client, public, replace(public, audience="me"))
    assert client.ask(api.every_annotation(SHOP)).rows == ()
    assert read(client, book) == (private,)


def test_umami_without_annotations_has_notes_of_the_database(engine: Engine, older: Client) -> None:
    book = notebook(engine)
    for audience in ("team", "everyone"):
        saved = book.add(older, note(audience, audience))
        assert saved.annotation == ""
    listed = read(older, book)
    assert set(texts(listed)) == {"team", "everyone"}
    public = next(row for row in listed if row.audience == "everyone")
    book.change(older, public, replace(public, text="Changed"))
    assert set(texts(read(older, book))) == {"team", "Changed"}
    for row in read(older, book):
        book.delete(older, row)
    assert read(older, book) == ()


def test_failing_umami_leaves_no_half_note(engine: Engine, client: Client, proxy: Between) -> None:
    book = notebook(engine)
    saved = book.add(client, note("everyone"))
    of_team = book.add(client, note("team", "Team"))
    before = read(client, book)
    proxy.breaks = lambda target: "annotations" in target
    for write in (
        lambda: book.add(client, note("everyone", "Another")),
        lambda: book.change(client, saved, replace(saved, text="Changed")),
        lambda: book.change(client, saved, replace(saved, audience="team")),
        lambda: book.change(client, of_team, replace(of_team, audience="everyone")),
        lambda: book.delete(client, saved),
    ):
        with pytest.raises(UmamiError):
            write()
        with engine.connect() as store:
            rows = store.execute(select(NOTES.c.text).order_by(NOTES.c.text)).scalars()
            assert set(rows) == {TEXT, "Team"}
    # While Umami fails, pages show what the database has.
    client.forget()
    assert set(texts(read(client, book))) == {TEXT, "Team"}
    proxy.breaks = lambda _target: False
    client.forget()
    assert read(client, book) == before


def test_failing_database_leaves_no_annotation(
    engine: Engine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = notebook(engine)
    saved = book.add(client, note("everyone"))
    with engine.begin() as store:
        store.exec_driver_sql("ALTER TABLE dashboard_note RENAME COLUMN author TO writer")
    try:
        for write in (
            lambda: book.add(client, note("everyone", "Another")),
            lambda: book.change(client, saved, replace(saved, text="Changed")),
        ):
            with pytest.raises(UmamiError, match="database of notes"):
                write()
            rows = client.ask(api.every_annotation(SHOP)).rows
            assert [row.note for row in rows] == [TEXT]
    finally:
        with engine.begin() as store:
            store.exec_driver_sql("ALTER TABLE dashboard_note RENAME COLUMN writer TO author")


def test_new_row_is_no_deleted_annotation(engine: Engine) -> None:
    """An answer from before a note was made knows nothing of its annotation."""
    now = datetime.now(UTC)
    row = note("everyone", id="1", annotation="a", created=now)
    known = {"website": SHOP, "timezone": "UTC"}
    before, after = now - timedelta(seconds=1), now + timedelta(seconds=1)
    assert merged([row], [], as_of=before, **known) == (row,)
    assert merged([row], [], as_of=after, **known) == ()
    assert merged([row], None, as_of=after, **known) == (row,)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "no text"), (" \x00\u202e\n", "no text"), ("x" * 501, "at most 500")],
)
def test_invalid_texts_are_refused(engine: Engine, client: Client, text: str, problem: str) -> None:
    with pytest.raises(InvalidView) as refused:
        notebook(engine).add(client, note("team", text))
    assert problem in str(refused.value)
    assert read(client, notebook(engine)) == ()


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "=cmd|'/c calc'!A0", "**bold** [x](javascript:alert(1))"],
)
def test_hostile_texts_are_stored_as_they_are(engine: Engine, client: Client, text: str) -> None:
    book = notebook(engine)
    for audience in ("me", "everyone"):
        saved = book.add(client, note(audience, text))
        assert saved.text == text
    assert texts(read(client, book)) == [text, text]


def test_control_characters_are_removed() -> None:
    assert (
        cleaned(" a\x00b\x1b[31m\r\n\u202egnp.exe\u2066 \ud800c\u2028d ") == "a b [31m gnp.exe c d"
    )
    family = "👨\u200d👩\u200d👧"
    assert cleaned(family) == family


def test_days_are_in_order(engine: Engine, client: Client) -> None:
    for first, last in (
        (DAY, date(2026, 9, 8)),
        (date(1999, 12, 31), DAY),
        (DAY, date(2100, 1, 2)),
    ):
        with pytest.raises(InvalidView):
            notebook(engine).add(client, note(first=first, last=last))


def test_an_author_has_a_limited_number_of_notes(engine: Engine, client: Client) -> None:
    row = {
        "website": SHOP,
        "text": "x",
        "first": DAY,
        "last": DAY,
        "audience": "me",
        "author": "ann",
        "created": datetime.now(UTC),
    }
    with engine.begin() as store:
        store.execute(insert(NOTES), [{**row, "id": str(number)} for number in range(2_000)])
    with pytest.raises(InvalidView, match="2000"):
        notebook(engine).add(client, note())
    assert notebook(engine, "bob").add(client, note()).id


def test_note_of_another_website_is_not_changed_through_umami(
    engine: Engine, client: Client
) -> None:
    grant = replace(SAVES, admin=True)
    book = notebook(engine, "pat", grant)
    guarded = AuthorizedClient(client, book.permissions)
    other = client.ask(api.create_annotation(DOCS, datetime(2026, 9, 9, tzinfo=UTC), "Docs"))
    forged = note("everyone", annotation=other.id)
    with pytest.raises(NotFound):
        book.change(guarded, forged, replace(forged, text="Mine"))
    book.delete(guarded, forged)
    assert [row.note for row in client.ask(api.every_annotation(DOCS)).rows] == ["Docs"]
    client.ask(api.delete_annotation(DOCS, other.id))
