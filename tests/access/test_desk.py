"""Letting people in and out: what streamlit-authenticator leaves open is closed."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bcrypt
import jwt
import pytest
from sqlalchemy import Engine, select

from access import accounts, database
from access.audit import Entry
from access.authentication import ALGORITHM, Authentication, SignInRefused
from access.passwords import hashed
from tests.access.conftest import SECTIONS
from tests.support.accounts import HASH, KEY, PASSWORD, user, write

pytestmark = pytest.mark.sample(2)

HERE = "203.0.113.7"
WRONG = "User name or password is wrong."


def test_who_has_the_password_is_let_in_and_known_again(desk: Authentication) -> None:
    token = desk.sign_in(" Ann ", PASSWORD, HERE)
    account = desk.account_of(token)
    assert account
    assert (account.username, account.name) == ("ann", "Ann")


@pytest.mark.parametrize(
    ("username", "password"),
    [("ann", "wrong"), ("nobody", PASSWORD), ("pat", ""), ("ann", PASSWORD + "x" * 80), ("", "")],
)
def test_everybody_else_is_refused_in_the_same_words(
    desk: Authentication, username: str, password: str
) -> None:
    with pytest.raises(SignInRefused, match=WRONG):
        desk.sign_in(username, password, HERE)


def test_a_password_of_which_bcrypt_would_see_only_the_beginning_is_refused(
    tmp_path: Path, engine: Engine
) -> None:
    known = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    users = write(tmp_path / "u.yaml", {"ann": {"password": known, "roles": ["admin"]}})
    desk = Authentication(engine, lambda: accounts.load(users, SECTIONS))
    with pytest.raises(SignInRefused):
        desk.sign_in("ann", "x" * 73, None)
    assert desk.sign_in("ann", "x" * 72, None)


def test_a_cookie_is_worth_nothing_after_signing_out(desk: Authentication) -> None:
    token = desk.sign_in("ann", PASSWORD, HERE)
    copied = desk.encode_cookie(token)
    desk.sign_out(token)
    again = desk.decode_cookie(copied)
    assert again
    assert desk.account_of(again) is None


@pytest.mark.slow
def test_a_changed_password_ends_every_other_session(desk: Authentication) -> None:
    before, elsewhere = (desk.sign_in("ann", PASSWORD, HERE) for _ in range(2))
    account = desk.account_of(before)
    assert account
    now = desk.change_password(account, PASSWORD, "another-Passw0rd", HERE)
    assert desk.account_of(before) is None
    assert desk.account_of(elsewhere) is None
    assert desk.account_of(now)
    with pytest.raises(SignInRefused):
        desk.sign_in("ann", PASSWORD, "198.51.100.1")
    assert desk.sign_in("ann", "another-Passw0rd", HERE)


def test_a_hash_changed_by_hand_ends_sessions_too(desk: Authentication, users: Path) -> None:
    token = desk.sign_in("vic", PASSWORD, HERE)
    other = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    users.write_text(users.read_text().replace(desk.account_of(token).password, other))  # type: ignore
    _touched(users)
    assert desk.account_of(token) is None


def test_an_account_that_was_taken_away_is_out(desk: Authentication, users: Path) -> None:
    token = desk.sign_in("vic", PASSWORD, HERE)
    write(users, {"ann": user("admin")})
    _touched(users)
    assert desk.account_of(token) is None


def _touched(path: Path) -> None:
    """Make sure that a second change within a clock's tick is one."""
    later = path.stat().st_mtime_ns + 1_000_000
    os.utime(path, ns=(later, later))


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "nonsense",
        jwt.encode({"session": "x"}, "some_key" * 4, ALGORITHM),
        jwt.encode({"session": "x"}, None, "none"),
        jwt.encode({"session": "x", "exp": datetime(2020, 1, 1, tzinfo=UTC)}, KEY, ALGORITHM),
        jwt.encode({"session": 7}, KEY, ALGORITHM),
        jwt.encode({"username": "ann", "exp_date": 9e9}, KEY, ALGORITHM),
    ],
    ids=["empty", "nonsense", "another key", "no key", "over", "no text", "the library's"],
)
def test_a_cookie_that_we_did_not_make_is_not_even_looked_up(
    desk: Authentication, cookie: str
) -> None:
    assert desk.decode_cookie(cookie) is None


def test_failures_are_counted_wherever_they_come_in_and_each_waits_longer(
    desk: Authentication,
) -> None:
    """Also by a desk that was opened anew, as after a restart, with the right password too."""
    for _ in range(4):
        with pytest.raises(SignInRefused, match=WRONG):
            desk.sign_in("ann", "wrong", HERE)
    again = Authentication(desk.engine, desk.accounts)
    with pytest.raises(SignInRefused, match=r"Try again in [12] seconds"):
        again.sign_in("ann", PASSWORD, HERE)
    # Somebody else's failures are not hers.
    assert again.sign_in("ann", PASSWORD, "198.51.100.1")
    assert again.sign_in("vic", PASSWORD, HERE)


def test_names_that_nobody_has_wait_just_as_long(desk: Authentication) -> None:
    said = []
    for name in ("ann", "nobody-there"):
        for _ in range(4):
            with pytest.raises(SignInRefused):
                desk.sign_in(name, "wrong", HERE)
        with pytest.raises(SignInRefused) as refusal:
            desk.sign_in(name, "wrong", HERE)
        said.append(re.sub(r"[12]", "N", str(refusal.value)))
    assert said[0] == said[1]


def test_the_log_knows_who_and_what_and_no_secret(desk: Authentication) -> None:
    token = desk.sign_in("ann", PASSWORD, HERE)
    with pytest.raises(SignInRefused):
        desk.sign_in("ann", "mistyped-secret", HERE)
    with pytest.raises(SignInRefused):
        desk.sign_in(PASSWORD, "", HERE)
    desk.sign_out(token)
    assert [(entry.who, entry.what, entry.done) for entry in audit_entries(desk)] == [
        ("ann", "sign out", True),
        ("somebody", "sign in", False),
        ("ann", "sign in", False),
        ("ann", "sign in", True),
    ]
    with desk.engine.connect() as connection:
        everything = [
            str(row)
            for table in database.METADATA.sorted_tables
            for row in connection.execute(select(table)).all()
        ]
    for secret in (PASSWORD, "mistyped-secret", token, KEY):
        assert not any(secret in row for row in everything)


def audit_entries(desk: Authentication) -> tuple[Entry, ...]:
    return desk.audit.search().rows


def test_what_holds_secrets_shows_none(desk: Authentication) -> None:
    token = desk.sign_in("ann", PASSWORD, HERE)
    held = (desk, desk.account_of(token), desk.accounts(), desk.shares, desk.audit, desk.engine)
    shown = " ".join(map(repr, held))
    assert "ann" in shown
    for secret in (KEY, HASH, PASSWORD, token):
        assert secret not in shown


def test_the_log_is_searched_as_text(desk: Authentication) -> None:
    desk.audit.record("ann", "export", "100%_of <b>")
    desk.audit.record("ann", "export", "100 of")
    assert [entry.about for entry in desk.audit.search("100%_").rows] == ["100%_of <b>"]
    assert desk.audit.search("", page=2, size=1).count == 2


def test_a_provider_lets_in_who_has_an_account_and_none_other(desk: Authentication) -> None:
    now = datetime.now(UTC)
    account = desk.account_from_provider("pat@agency.example", now)
    assert account
    assert account.username == "pat"
    assert desk.account_from_provider("eve@agency.example", now) is None
    assert desk.account_from_provider("", now) is None


def test_who_comes_by_a_provider_is_written_down_once(desk: Authentication) -> None:
    now = datetime.now(UTC)
    later = now + timedelta(hours=1)
    # Every run asks again.
    for at in (now, now, later, now):
        assert desk.account_from_provider("pat@agency.example", at)
    for _ in range(2):
        assert desk.account_from_provider("eve@agency.example", now) is None
        assert desk.account_from_provider("pat@agency.example", now, verified=False) is None
    assert [
        (entry.who, entry.what, entry.about.split(",")[0], entry.done)
        for entry in audit_entries(desk)
    ] == [
        ("somebody", "sign in", "as pat@agency.example", False),
        ("somebody", "sign in", "as eve@agency.example", False),
        ("pat", "sign in", "as pat@agency.example", True),
        ("pat", "sign in", "as pat@agency.example", True),
    ]


def test_no_cookie_opens_what_a_provider_said(desk: Authentication) -> None:
    now = datetime.now(UTC)
    desk.account_from_provider("pat@agency.example", now)
    with desk.engine.connect() as connection:
        (account,) = connection.execute(select(database.SESSIONS.c.account)).scalars()
    for token in (account, f"{account} pat@agency.example {now.isoformat()}"):
        assert desk.account_of(token) is None


def test_what_a_provider_said_before_signing_out_is_refused(desk: Authentication) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    account = desk.account_from_provider("pat@agency.example", before)
    assert account
    desk.sign_out_everywhere(account)
    desk.sign_out_everywhere(account)
    assert desk.account_from_provider("pat@agency.example", before) is None
    # Also where the provider's clock is somewhat slow.
    slow = datetime.now(UTC) - timedelta(seconds=30)
    assert desk.account_from_provider("pat@agency.example", slow)


def test_what_a_provider_with_a_fast_clock_said_ends_too(desk: Authentication) -> None:
    ahead = datetime.now(UTC) + timedelta(minutes=4)
    account = desk.account_from_provider("pat@agency.example", ahead)
    assert account
    desk.sign_out_everywhere(account)
    assert desk.account_from_provider("pat@agency.example", ahead) is None


def test_signing_out_ends_one_browser_and_everywhere_ends_all(
    desk: Authentication, users: Path
) -> None:
    """Whichever way somebody came in."""
    here, there = (desk.sign_in("ann", PASSWORD, HERE) for _ in range(2))
    now = datetime.now(UTC)
    first, second, never_seen = (now - timedelta(minutes=minute) for minute in (2, 3, 4))
    for at in (first, second):
        assert desk.account_from_provider("ann@agency.example", at)
    account = desk.account_of(here)
    assert account
    desk.sign_out(here)
    desk.sign_out_of_provider(account, "ann@agency.example", first)
    assert desk.account_of(here) is None
    assert desk.account_from_provider("ann@agency.example", first) is None
    assert desk.account_of(there)
    assert desk.account_from_provider("ann@agency.example", second)
    other = desk.sign_in("vic", PASSWORD, HERE)
    desk.sign_out_everywhere(account)
    assert desk.account_of(there) is None
    for at in (first, second, never_seen):
        assert desk.account_from_provider("ann@agency.example", at) is None
    assert desk.account_of(other)
    assert [entry.what for entry in audit_entries(desk)][1] == "sign out everywhere"


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("short", "characters or more"),
        ("x" * 80, "bytes at most"),
        ("ananananananan", "repeats itself"),
        ("my-name-is-ann-really", "user name"),
        (" spaces-around-it ", "space"),
        (PASSWORD, "the password you have"),
    ],
)
def test_weak_passwords_are_not_taken(desk: Authentication, new: str, said: str) -> None:
    account = desk.account_of(desk.sign_in("ann", PASSWORD, HERE))
    assert account
    with pytest.raises(SignInRefused, match=said):
        desk.change_password(account, PASSWORD, new, HERE)


def test_changing_a_password_takes_the_present_one_and_counts_failures(
    desk: Authentication,
) -> None:
    account = desk.account_of(desk.sign_in("ann", PASSWORD, HERE))
    assert account
    for _ in range(4):
        with pytest.raises(SignInRefused, match="present password"):
            desk.change_password(account, "wrong", "another-Passw0rd", HERE)
    with pytest.raises(SignInRefused, match="Too many attempts"):
        desk.change_password(account, PASSWORD, "another-Passw0rd", HERE)


def test_the_file_of_accounts_keeps_its_comments_and_its_mode(
    desk: Authentication, users: Path
) -> None:
    users.write_text("# who we are\n" + users.read_text())
    users.chmod(0o600)
    account = desk.account_of(desk.sign_in("ann", PASSWORD, HERE))
    assert account
    desk.change_password(account, PASSWORD, "another-Passw0rd", HERE)
    assert users.read_text().startswith("# who we are")
    assert "another-Passw0rd" not in users.read_text()
    assert users.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in users.parent.glob(".users-*")] == []


def share(desk: Authentication, *, password: str = "", days: float = 1) -> tuple[str, str]:
    """The id and the token of a link."""
    made = desk.shares.make(
        name="A client",
        maker="ann",
        ends=datetime.now(UTC) + timedelta(days=days),
        view={"website": ["w"], "period": ["30d"]},
        sections=("overview",),
        locked=True,
        password=password,
    )
    return made.id, desk.shares.token(made.id)


def test_a_share_link_opens_until_it_ends_or_is_withdrawn(desk: Authentication) -> None:
    id, token = share(desk)
    link = desk.shares.by_token(token)
    assert link
    assert desk.share_is_open(link, None)
    desk.shares.revoke(id)
    withdrawn = desk.shares.by_token(token)
    assert withdrawn
    assert withdrawn.closed == "This link was withdrawn."
    assert not desk.share_is_open(withdrawn, None)
    _, late = share(desk, days=-1)
    ended = desk.shares.by_token(late)
    assert ended
    assert ended.closed
    assert "ended on" in ended.closed
    assert not desk.share_is_open(ended, None)


def test_a_link_that_we_did_not_sign_is_none(desk: Authentication) -> None:
    id, token = share(desk)
    for forged in (id, token[:-1], token + "A", f"{id}.AAAA", "", "x" * 5000, "a\n" + token):
        assert desk.shares.by_token(forged) is None
    other = Authentication(desk.engine, lambda: accounts.Accounts(Path(), key="another key" * 5))
    assert other.shares.by_token(token) is None


@pytest.mark.slow
def test_the_password_of_a_link(desk: Authentication) -> None:
    id, token = share(desk, password="for-the-client")
    link = desk.shares.by_token(token)
    assert link
    assert link.password
    assert not desk.share_is_open(link, None)
    with pytest.raises(SignInRefused, match="not the password of this link"):
        desk.unlock_share(link, "wrong", HERE)
    opened = desk.unlock_share(link, "for-the-client", HERE)
    assert desk.share_is_open(link, opened)
    # A session of a person opens no link, nor does another link's.
    assert not desk.share_is_open(link, desk.sign_in("ann", PASSWORD, HERE))
    _, second = share(desk, password="for-another")
    another = desk.shares.by_token(second)
    assert another
    assert not desk.share_is_open(another, opened)
    assert desk.account_of(opened) is None
    assert [listed.id for listed in desk.shares.all()] == [another.id, id]


def test_new_hashes_are_bcrypt_as_costly_as_today_asks() -> None:
    assert hashed("some password").startswith("$2b$12$")
