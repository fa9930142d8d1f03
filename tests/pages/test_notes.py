"""Notes on pages: flags over charts, the list on the page Saved, and who gets which of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from access import database
from access.notes import Note, Notebook
from access.permissions import ALL
from components import chart_notes, umami_server, viewer
from components.escaping import plain
from components.formats import labelled
from components.notes import table
from components.table import to_csv
from tests.pages.conftest import SHOP, TABLES, open_page, said, table_data
from tests.support.accounts import PASSWORD, user, write
from tests.support.fault_proxy import between
from umami.api import notes as api
from umami.client import Client, connect
from umami.embedded.server import Running, serve
from umami.settings import Settings

DAY = date(2026, 9, 9)
TAB = "what opens the session of this tab"
HOSTILE = "=cmd|'/c calc'!A0 <script>alert(1)</script> **bold** :red[x] $\\frac12$"


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with serve(TABLES, password="umami") as running:
        yield running


@pytest.fixture
def client(running: Running) -> Iterator[Client]:
    settings = Settings(api=f"{running.url}/api", username="admin", password="umami")
    with connect(settings) as client:
        yield client


@pytest.fixture
def engine(bare: pytest.MonkeyPatch, running: Running, tmp_path: Path) -> Iterator[Engine]:
    """The database of an app over that server."""
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    bare.setenv("DASHBOARD_STORE", store)
    bare.setenv("UMAMI_URL", running.url)
    bare.setenv("UMAMI_USERNAME", "admin")
    bare.setenv("UMAMI_PASSWORD", "umami")
    engine = database.open_engine(store)
    yield engine
    engine.dispose()


def add(engine: Engine, client: Client, text: str, **values: Any) -> Note:
    book = Notebook(lambda _create: engine, values.pop("author", "everybody"), ALL)
    return book.add(client, replace(Note(SHOP, text, DAY, DAY, audience="team"), **values))


@pytest.fixture(autouse=True)
def no_annotations(client: Client) -> Iterator[None]:
    yield
    for annotation in client.ask(api.every_annotation(SHOP)).rows:
        client.ask(api.delete_annotation(SHOP, annotation.id))


def data(app: AppTest) -> dict[str, Any]:
    """What the component of the flags gets."""
    for element in app.get("bidi_component"):
        if "chart_notes" in element.proto.id:
            sent: dict[str, Any] = json.loads(element.proto.json)
            return sent
    raise AssertionError("there are no flags")


def shown(app: AppTest) -> list[str]:
    return [note["text"] for flag in data(app)["flags"] for note in flag["notes"]]


@pytest.mark.thorough
def test_time_charts_get_the_flags_of_their_period(engine: Engine, client: Client) -> None:
    add(engine, client, HOSTILE)
    add(engine, client, "A sale", first=date(2026, 9, 20), last=date(2026, 10, 20))
    add(engine, client, "Later", first=date(2026, 10, 1), last=date(2026, 10, 2))
    for page in ("overview", "revenue", "events", "goals", "utm"):
        app = open_page(page)
        assert not app.exception
        first, second = data(app)["flags"]
        at = datetime(2026, 9, 9, tzinfo=UTC).timestamp() * 1000
        assert (first["x"], first["until"]) == (at, at)
        (note,) = first["notes"]
        assert (note["text"], note["when"], note["changes"]) == (HOSTILE, "Wed 9 Sep 2026", True)
        assert second["until"] == datetime(2026, 9, 30, tzinfo=UTC).timestamp() * 1000
        assert data(app)["writes"]
    with pytest.raises(AssertionError, match="no flags"):
        data(open_page("retention"))


def test_list_shows_every_note_and_escapes_the_selected_one(engine: Engine, client: Client) -> None:
    note = add(engine, client, HOSTILE)
    add(engine, client, "x" * 500, first=date(2025, 1, 1), last=date(2025, 1, 1))
    app = open_page("reports", note=note.key)
    assert not app.exception
    cells = [[cell["text"] for cell in row["cells"]] for row in table_data(app, "notes")["records"]]
    assert cells == [
        [HOSTILE, "Wed 9 Sep 2026", "Team", "–"],
        ["x" * 500, "Wed 1 Jan 2025", "Team", "–"],
    ]
    assert plain(HOSTILE, 500) in [text.value for text in app.markdown]
    assert app.button(key="change_note")
    app.button(key="delete_note_now").click().run()
    assert not app.exception
    assert len(table_data(app, "notes")["records"]) == 1
    assert "does not exist" not in said(app)


def test_saved_says_why_the_notes_of_umami_are_missing(
    engine: Engine, client: Client, running: Running, bare: pytest.MonkeyPatch
) -> None:
    add(engine, client, "Still there")
    unread = "The annotations in Umami cannot be read: "
    assert unread not in said(open_page("reports"))
    with between(running.url) as proxy:
        bare.setenv("UMAMI_URL", proxy.url)
        umami_server.umami.clear()
        proxy.breaks = lambda target: "/annotations" in target
        app = open_page("reports")
    assert not app.exception
    assert unread in said(app)
    assert [row["cells"][0]["text"] for row in table_data(app, "notes")["records"]] == [
        "Still there"
    ]


@pytest.mark.thorough
def test_saved_misses_no_notes_of_a_server_without_annotations(
    bare: pytest.MonkeyPatch, old: Running
) -> None:
    bare.setenv("UMAMI_URL", old.url)
    bare.setenv("UMAMI_USERNAME", old.username)
    bare.setenv("UMAMI_PASSWORD", old.password)
    app = open_page("reports")
    assert "No notes yet." in said(app)
    assert "annotations" not in said(app)


def test_overview_marks_what_is_usual_of_visitors_and_views(engine: Engine, client: Client) -> None:
    usual = data(open_page("overview"))["usual"]
    assert [*usual] == ["sessions", "views"]
    for column, what in (("sessions", "visitors"), ("views", "views")):
        assert len(usual[column]["range"]) == 61
        assert all(what in day["text"] for day in usual[column]["days"])
    assert data(open_page("overview", unit="month"))["usual"] == {}
    assert data(open_page("revenue"))["usual"] == {}


def test_csv_has_no_formula() -> None:
    note = Note(SHOP, HOSTILE, DAY, DAY, author="=1+1")
    listed = table([note], "UTC")
    csv = to_csv(labelled(listed.frame, listed.fields)).decode("utf-8-sig")
    assert "\n\"'=cmd" in csv or "\n'=cmd" in csv
    assert "'=1+1" in csv


def test_viewers_get_the_notes_for_them(
    engine: Engine, client: Client, bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    people = {"vic": user("viewer", websites=[SHOP]), "root": user("admin")}
    write(tmp_path / "users.yaml", people)
    bare.delenv("DASHBOARD_OPEN")
    bare.setenv("DASHBOARD_USERS", str(tmp_path / "users.yaml"))
    viewer.forget()
    for audience in ("me", "team", "everyone"):
        add(engine, client, f"for {audience}", audience=audience, author="ann")
    desk = viewer.desk()
    link = desk.shares.make(
        name="A client",
        maker="ann",
        ends=datetime(2100, 1, 1, tzinfo=UTC),
        view={"website": [SHOP]},
        sections=("overview",),
        locked=True,
    )
    app = open_page("overview", share=desk.shares.token(link.id))
    assert not app.exception
    assert shown(app) == ["for everyone"]
    assert not data(app)["writes"]
    assert not data(app)["flags"][0]["notes"][0]["changes"]
    app = open_page("overview", {TAB: desk.sign_in("vic", PASSWORD, None)})
    assert set(shown(app)) == {"for team", "for everyone"}
    assert data(app)["writes"]
    assert not any(note["changes"] for note in data(app)["flags"][0]["notes"])
    of_team = next(row for row in rows_of(engine) if row.audience == "team")
    app = open_page("reports", {TAB: desk.sign_in("root", PASSWORD, None)}, note=of_team.key)
    app.button(key="delete_note_now").click().run()
    assert not app.exception
    assert of_team not in rows_of(engine)
    assert [(entry.who, entry.what) for entry in desk.audit.search("note").rows] == [
        ("root", "delete note")
    ]
    private = next(row for row in rows_of(engine) if row.audience == "me")
    app = open_page("reports", {TAB: desk.sign_in("root", PASSWORD, None)}, note=private.key)
    assert "does not exist" in said(app)


def rows_of(engine: Engine) -> tuple[Note, ...]:
    """All notes for the author of the test's notes."""
    return Notebook(lambda _create: engine, "ann", ALL).rows(SHOP)


@pytest.mark.parametrize("moment", [None, "x", [], float("nan"), float("inf"), -1, 1e18, True])
def test_invalid_places_on_an_axis_are_no_time(moment: object) -> None:
    assert chart_notes._wall(moment) is None


def test_inputs_of_the_dialog_are_a_note() -> None:
    opened = chart_notes._Open(SHOP, "Europe/Berlin", None, {}, 1)
    held = {
        "text": "A sale",
        "kind": "day",
        "day": DAY,
        "days": (DAY, date(2026, 9, 12)),
        "hour": 14,
        "audience": "team",
    }
    note = Note(SHOP, "A sale", DAY, DAY, audience="team")
    assert chart_notes._typed(opened, held) == note
    ranged = chart_notes._typed(opened, {**held, "kind": "days"})
    assert ranged == replace(note, last=date(2026, 9, 12))
    at = datetime(2026, 9, 9, 12, tzinfo=UTC)
    assert chart_notes._typed(opened, {**held, "kind": "hour"}) == replace(note, at=at)
    # The first day of a range is chosen before its last one.
    for days in ((DAY,), (), None):
        assert chart_notes._typed(opened, {**held, "kind": "days", "days": days}) is None
    assert chart_notes._typed(opened, {**held, "day": None}) is None
