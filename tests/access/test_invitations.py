"""Invitations: the accounts that they make, and the links with which people choose a password."""

from __future__ import annotations

import threading
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from access import accounts, database, invitations, passwords, secrets_file
from access.accounts import EVERY, Account
from access.authentication import Authentication, SignInRefused
from access.invitations import InvitationRefused
from access.secrets_file import Person
from tests.access.conftest import SECTIONS
from tests.access.test_setup import BEFORE, unrelated, within
from tests.support.accounts import HASH, KEY, PASSWORD
from umami.errors import SettingsError

HERE = "203.0.113.7"
CHOSEN = "a-chosen-Passw0rd"
SHOP = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
ADMIN = Person("ann", "Ann", HASH, ("admin",))
CLEO = Person("cleo@x.example", "Cleo", None, ("viewer",), (SHOP,), "cleo@x.example", ("utm",))


def invited(name: str = "Cleo", email: str = "", **changes: Any) -> Person:
    """The account of an invitation, beside one of Ann."""
    entered = {"role": "viewer", "websites": [SHOP], "sections": ["utm"], **changes}
    taken = {"ann.lee": Account("ann.lee", "Ann Lee", "ann@x.example", None, ())}
    return invitations.invited(name, email, accounts=taken, known=[SHOP], pages=SECTIONS, **entered)


@pytest.mark.parametrize(
    ("name", "email", "username"),
    [
        ("  Cleo   Müller ", "", "cleo.muller"),
        ("Cleo", "Cleo@Client.example", "cleo@client.example"),
        ("Sinéad O’Brien", "o'brien@x.example", "sinead.o.brien"),
        ("हिन्दी", "", "हनद"),
        ("김 철수", "", "김.철수"),
        ("3M (agency)", "", "3m.agency"),
    ],
)
def test_user_name_is_the_address_or_made_of_the_name(name: str, email: str, username: str) -> None:
    person = invited(name, email)
    assert (person.username, person.password) == (username, None)
    assert person.name == " ".join(name.split())


@pytest.mark.parametrize(
    ("entered", "sentence"),
    [
        ({"name": " "}, "Type the name"),
        ({"name": "<script>alert(1)</script>"}, "A name begins with a letter"),
        ({"name": "Cleo <b>"}, "no signs such as"),
        ({"name": "=cmd()"}, "A name begins with a letter"),
        ({"name": "Cleo\x00"}, "A name begins with a letter"),
        ({"name": "x" * 500}, "100 characters at most"),
        ({"name": "ß" * 100}, "No user name can be made"),
        ({"name": "ANN  Lee"}, "There is an account ann.lee already"),
        ({"email": "nobody"}, "not an e-mail address"),
        ({"email": "Ann@X.example"}, "an account with this e-mail address"),
        ({"role": "owner"}, "Choose a role"),
        ({"websites": []}, "at least one website"),
        ({"websites": [SHOP, "unknown"]}, "does not exist any more"),
        ({"sections": ["access"]}, "One of the pages does not exist"),
    ],
)
def test_what_cannot_be_an_account_is_refused_in_a_sentence(
    entered: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvitationRefused, match=sentence) as refusal:
        invited(**{"name": "Cleo", **entered})
    assert len(str(refusal.value)) < 120


def test_roles_decide_what_is_not_chosen() -> None:
    assert invited(websites=[SHOP, EVERY], sections=[]).entry == {
        "first_name": "Cleo",
        "roles": ["viewer"],
        "websites": "all",
    }
    assert invited(role="admin", websites=[], sections=["utm"]).entry == {
        "first_name": "Cleo",
        "roles": ["admin"],
    }


@pytest.mark.parametrize("before", ["people apart", "people in one line", "nothing", "a table"])
def test_accounts_are_added_and_get_a_password_where_the_secrets_have_any_form(
    before: str, tmp_path: Path
) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text(BEFORE[before])
    secrets_file.add_people(path, ADMIN, CLEO)
    cleo = accounts.load(path, SECTIONS).users[CLEO.username]
    assert (cleo.name, cleo.email, cleo.password) == ("Cleo", "cleo@x.example", None)
    assert (cleo.roles[0].websites, cleo.roles[0].sections) == ({SHOP}, {"utm"})
    hashed = passwords.hashed(CHOSEN)
    secrets_file.change_password(path, CLEO.username, hashed)
    users = accounts.load(path, SECTIONS).users
    assert (users[CLEO.username].password, users["ann"].password) == (hashed, HASH)
    assert within(unrelated(BEFORE[before]), tomllib.loads(path.read_text()))
    assert within(tomllib.loads(BEFORE[before]), tomllib.loads(path.read_text()))
    assert path.read_text().count("# mine") == BEFORE[before].count("# mine")


def test_accounts_are_added_to_a_yaml_file_whose_comments_stay(users: Path) -> None:
    users.write_text("# who we are\n" + users.read_text())
    before = accounts.load(users, SECTIONS)
    secrets_file.add_people(users, CLEO)
    after = accounts.load(users, SECTIONS)
    assert users.read_text().startswith("# who we are")
    assert {name: after.users[name] for name in before.users} == before.users
    assert after.key == before.key
    assert after.users[CLEO.username].roles[0].sections == {"utm"}


@pytest.mark.parametrize("content", ["[credentials\n", "credentials = 1\n", "\udcff"])
def test_a_file_that_cannot_be_changed_stays_as_it_is(content: str, tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(SettingsError, match=r"secrets\.toml"):
        secrets_file.change_password(path, "cleo", HASH)
    assert path.read_bytes() == content.encode(errors="surrogateescape")
    with pytest.raises(SettingsError, match="cannot be written"):
        secrets_file.add_people(Path("/proc/secrets.toml"), CLEO)


@pytest.fixture
def cleo(desk: Authentication, users: Path) -> Account:
    """Somebody invited, beside the accounts of the desk."""
    secrets_file.add_people(users, CLEO)
    return desk.accounts().users[CLEO.username]


def test_a_link_sets_a_password_once(desk: Authentication, cleo: Account) -> None:
    link = desk.invite(cleo)
    assert desk.invited(link) == cleo
    with pytest.raises(SignInRefused, match="10 characters"):
        desk.accept(link, "short", HERE)
    session = desk.account_of(desk.accept(link, CHOSEN, HERE))
    assert session
    assert session.username == cleo.username
    assert desk.account_of(desk.sign_in(cleo.username, CHOSEN, HERE)) == session
    assert desk.invited(link) is None
    with pytest.raises(SignInRefused, match="no longer valid"):
        desk.accept(link, PASSWORD, HERE)
    desk.sign_in(cleo.username, CHOSEN, HERE)


def test_a_link_ends_with_a_newer_one_with_a_password_and_after_a_week(
    desk: Authentication, cleo: Account, users: Path
) -> None:
    first, second = desk.invite(cleo), desk.invite(cleo)
    assert (desk.invited(first), desk.invited(second)) == (None, cleo)
    secrets_file.change_password(users, cleo.username, HASH)
    assert desk.invited(second) is None
    third = desk.invite(desk.accounts().users[cleo.username])
    assert desk.invited(third)
    with desk.engine.begin() as store:
        (session,) = store.execute(select(database.SESSIONS)).all()
        assert session.ends - session.begun == timedelta(days=7)
        store.execute(update(database.SESSIONS).values(ends=session.begun))
    assert desk.invited(third) is None


def test_links_and_sessions_are_not_taken_for_each_other(
    desk: Authentication, cleo: Account
) -> None:
    link = desk.invite(cleo)
    token, _, signature = link.partition(".")
    assert desk.account_of(token) is None
    assert desk.account_of(link) is None
    session = desk.sign_in("ann", PASSWORD, HERE)
    forged = (session, f"{session}.{signature}", token, f"{token}.", "", "\udcff.x", f"x{link}")
    for text in (*forged, desk.shares.token(token)):
        assert desk.invited(text) is None
        with pytest.raises(SignInRefused):
            desk.accept(text, CHOSEN, None)
    assert desk.invited(link) == cleo


def test_a_new_link_of_somebody_with_a_password_replaces_it_and_ends_sessions(
    desk: Authentication,
) -> None:
    before = desk.sign_in("ann", PASSWORD, HERE)
    link = desk.invite(desk.accounts().users["ann"])
    assert desk.account_of(before)
    after = desk.accept(link, CHOSEN, HERE)
    assert desk.account_of(before) is None
    assert desk.account_of(after)
    with pytest.raises(SignInRefused, match="wrong"):
        desk.sign_in("ann", PASSWORD, HERE)


def test_of_two_at_the_same_time_one_sets_the_password(desk: Authentication, cleo: Account) -> None:
    link, done = desk.invite(cleo), list[str]()
    start = threading.Barrier(2)

    def accept(password: str) -> None:
        start.wait()
        try:
            desk.accept(link, password, HERE)
        except SignInRefused:
            return
        done.append(password)

    threads = [threading.Thread(target=accept, args=(f"{CHOSEN}-{n}",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (password,) = done
    assert desk.sign_in(cleo.username, password, HERE)


def test_a_link_stays_valid_where_the_file_cannot_be_written(
    desk: Authentication, cleo: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = desk.invite(cleo)
    with monkeypatch.context() as patch:
        patch.setattr(secrets_file.atomic_write, "replace_file", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            desk.accept(link, CHOSEN, HERE)
    assert desk.invited(link) == cleo
    assert desk.accept(link, CHOSEN, HERE)


def test_links_that_are_tried_wait_like_passwords(desk: Authentication, cleo: Account) -> None:
    link = desk.invite(cleo)
    for _ in range(4):
        with pytest.raises(SignInRefused, match="no longer valid"):
            desk.accept("x" * 40, CHOSEN, HERE)
    with pytest.raises(SignInRefused, match="Too many attempts"):
        desk.accept("x" * 40, CHOSEN, HERE)
    assert desk.accept(link, CHOSEN, HERE)


def test_no_link_is_in_the_database_or_the_audit_log(desk: Authentication, cleo: Account) -> None:
    link = desk.invite(cleo)
    token = desk.accept(link, CHOSEN, HERE)
    other = desk.invite(desk.accounts().users["ann"])
    lines = [(line.who, line.what, line.done) for line in desk.audit.search().rows]
    assert lines == [(cleo.username, "accept invitation", True)]
    with desk.engine.connect() as store:
        rows = [
            str(row)
            for table in database.METADATA.sorted_tables
            for row in store.execute(select(table)).all()
        ]
    for secret in (link, link.partition(".")[0], other.partition(".")[0], token, CHOSEN, KEY):
        assert not any(secret in row for row in rows)
