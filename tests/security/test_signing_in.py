"""Password guessing, account enumeration, flooding of the audit log, and invalid claims."""

from __future__ import annotations

import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from sqlalchemy import Engine, func, select

from access import accounts, database, passwords
from access.audit import MOST, Audit
from access.authentication import (
    Authentication,
    Claims,
    InvalidClaims,
    SignInRefused,
    parse_claims,
)
from access.login_throttle import PAIR
from tests.access.conftest import SECTIONS, engine, postgres
from tests.browser.app import TABLES, App, running_app
from tests.support.accounts import PASSWORD, user, write
from tests.support.stream import tab
from tests.support.waiting import eventually
from umami.normal_forms import LONGEST, normalized

pytestmark = pytest.mark.slow

__all__ = ["engine", "postgres"]
SOCKETS = 60
HERE = "203.0.113.7"
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)


def weak(cost: int, password: str = PASSWORD) -> str:
    """A hash of this cost."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


@pytest.fixture
def desk(engine: Engine, tmp_path: Path) -> Authentication:
    """Accounts whose hashes differ in cost, and one without a password."""
    users = write(
        tmp_path / "users.yaml",
        {
            "weak": {"password": weak(4), "roles": ["admin"]},
            "strong": {"password": weak(8), "roles": ["viewer"]},
            "pat": {"email": "pat@agency.example", "roles": ["viewer"]},
        },
    )
    return Authentication(engine, lambda: accounts.load(users, SECTIONS))


# Guesses


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Engine]]:
    place = tmp_path_factory.mktemp("dashboard")
    known = {"password": weak(10), "roles": ["admin"]}
    users = write(place / "users.yaml", {"cleo": known, "vic": user("admin")})
    url = f"sqlite:///{place / 'dashboard.sqlite'}"
    with running_app(
        UMAMI_DATA=str(TABLES), DASHBOARD_USERS=str(users), DASHBOARD_STORE=url
    ) as app:
        engine = database.open_engine(url)
        yield app, engine
        engine.dispose()


@pytest.mark.thorough
def test_concurrent_sockets_share_the_attempt_limit(app: tuple[App, Engine]) -> None:
    running, engine = app
    ready = threading.Barrier(SOCKETS)
    begun = []

    def guess(number: int) -> str:
        with tab(running.address) as socket:
            socket.open("goals")
            ready.wait(120)
            begun.append(time.monotonic())
            sent = socket.submit("Sign in", User_name="cleo", Password=f"wrong-{number}")
            said = b"".join(message.SerializeToString() for message in sent).decode("latin-1")
        for answer in ("password is wrong", "Too many attempts", "Many people are signing in"):
            if answer in said:
                return answer
        return said

    with ThreadPoolExecutor(SOCKETS) as pool:
        answers = list(pool.map(guess, range(SOCKETS)))
    taken = time.monotonic() - begun[0]
    # The waits double: where the machine is slow, some of them end meanwhile.
    over = sum(2 ** (wait + 1) - 2 <= taken for wait in range(1, 10))
    assert set(answers) <= {"password is wrong", "Too many attempts", "Many people are signing in"}
    assert 1 <= answers.count("password is wrong") <= PAIR.free + 1 + over
    with engine.connect() as held:
        lines = held.scalar(select(func.count()).select_from(database.AUDIT))
    # Two hours, should the hour turn meanwhile.
    assert lines is not None
    assert lines <= 2 * (MOST + 1)
    with tab(running.address) as socket:
        socket.open("goals")
        sent = socket.submit("Sign in", User_name=" VIC ", Password=PASSWORD)
        assert b"Nordlicht" in b"".join(message.SerializeToString() for message in sent)


def test_attempts_beyond_capacity_are_refused_but_not_counted(
    desk: Authentication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue is short, and an attempt without a password check is no failure."""
    go = threading.Event()
    compare = bcrypt.checkpw

    def slow(password: bytes, known: bytes) -> bool:
        assert go.wait(60)
        return compare(password, known)

    monkeypatch.setattr(bcrypt, "checkpw", slow)
    most = passwords.AT_ONCE + passwords.WAITING
    with ThreadPoolExecutor(most + 4) as pool:
        tried = [
            pool.submit(desk.sign_in, f"name-{number}", "wrong", HERE) for number in range(most + 4)
        ]
        eventually(lambda: sum(attempt.done() for attempt in tried) == 4, 60)
        go.set()
        said = [str(attempt.exception()) for attempt in tried]
    assert said.count("Many people are signing in. Try again in a moment.") == 4
    assert said.count("User name or password is wrong.") == most
    monkeypatch.undo()
    with desk.engine.connect() as held:
        about = select(func.max(database.ATTEMPTS.c.failures))
        assert held.scalar(about) == most


# Accounts told apart


@pytest.mark.thorough
def test_every_password_check_takes_the_same_work(
    desk: Authentication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the account exists, has a password, or has a cheap hash."""
    work: list[int] = []
    compare = bcrypt.checkpw

    def counted(password: bytes, known: bytes) -> bool:
        work.append(2 ** int(known.split(b"$")[2]))
        return compare(password, known)

    monkeypatch.setattr(bcrypt, "checkpw", counted)

    def took(act: Callable[[], object]) -> int:
        work.clear()
        with pytest.raises(SignInRefused):
            act()
        return sum(work)

    for typed, forms in (("wrong", 1), ("wröng", 2), ("x" * 100, 1)):
        names = ("weak", "strong", "pat", "nobody", "", "w" * 10_000)
        calls = {took(lambda n=name, t=typed: desk.sign_in(n, t, None)) for name in names}  # type: ignore[misc]
        assert calls == {forms * 2**8}, typed
    account = desk.accounts().users["weak"]
    changed = took(lambda: desk.change_password(account, "wrong", "another-Passw0rd", HERE))
    assert changed == 2**8
    work.clear()
    assert desk.sign_in("weak", PASSWORD, "198.51.100.9")
    assert sum(work) == 2**8


@pytest.mark.sample(2)
def test_names_and_passwords_are_normalised(engine: Engine, tmp_path: Path) -> None:
    name, password = "Jörg.Straße", "schlüssel-zum-glück"
    forms = [unicodedata.normalize(form, password) for form in ("NFC", "NFD")]
    for hashed in forms:
        users = write(
            tmp_path / f"{len(hashed)}.yaml",
            {unicodedata.normalize("NFD", name): {"password": weak(4, hashed), "roles": ["admin"]}},
        )
        desk = Authentication(engine, lambda users=users: accounts.load(users, SECTIONS))  # type: ignore[misc]
        for typed in forms:
            for named in (name, unicodedata.normalize("NFD", name.upper()), f" {name}\u00a0"):
                assert desk.account_of(desk.sign_in(named, typed, HERE))
    changed = desk.change_password(
        desk.accounts().users["jörg.strasse"], password, "ä" * 9 + "xyzÄ", HERE
    )
    assert desk.account_of(changed)
    assert desk.sign_in(name, unicodedata.normalize("NFD", "ä" * 9 + "xyzÄ"), HERE)
    with pytest.raises(SignInRefused, match="72 bytes"):
        desk.change_password(desk.accounts().users["jörg.strasse"], "x", "äöüß" * 10, HERE)


# The log


def test_overlong_text_is_not_normalised(desk: Authentication) -> None:
    """Twenty thousand combining marks would block the process for seconds."""
    long = "e\u0301" * LONGEST
    assert normalized("NFC", long) == long
    assert normalized("NFC", long[:LONGEST]) != long[:LONGEST]
    for name, password in ((long, PASSWORD), ("weak", long)):
        with pytest.raises(SignInRefused, match="wrong"):
            desk.sign_in(name, password, HERE)
    assert not passwords.matches(long, weak(4), 4)


def test_refused_attempts_are_summarised_in_the_audit_log(engine: Engine) -> None:
    """Also with concurrent attempts; the entry has their number."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: Audit(engine).refused("somebody", "sign in"), range(80)))
    Audit(engine).refused("ann", "sign in")
    rows = Audit(engine).search(size=100).rows
    counted = [row.about for row in rows if row.about]
    lines = [row for row in rows if row.who == "somebody" and not row.about]
    assert len(lines) <= 2 * MOST
    assert sum(int(text.split()[0]) for text in counted) + len(lines) == 80
    assert all("more refused since" in text for text in counted)
    assert [row.who for row in rows].count("ann") == 1


@pytest.mark.sample(2)
def test_typed_names_are_not_written_to_the_audit_log(
    desk: Authentication,
) -> None:
    for number in range(30):
        with pytest.raises(SignInRefused):
            desk.sign_in(f"{number} {'mistyped-secret' * 1000}", "wrong", f"198.51.100.{number}")
    rows = desk.audit.search(size=100).rows
    assert len(rows) <= 2 * (MOST + 1)
    assert all("mistyped" not in f"{row.who} {row.about}" for row in rows)


# Claims of identity providers

ADA = "ada@agency.example"


def claimed(**more: Any) -> Claims:
    values = {"email": ADA, "iat": NOW.timestamp(), **more}
    return parse_claims({key: value for key, value in values.items() if value is not ...}, NOW)


@pytest.mark.parametrize("verified", [..., True, "true"])
@pytest.mark.parametrize("issued", [0, -30 * 86_400, 120, 0.5])
def test_valid_claims_are_parsed(verified: object, issued: float) -> None:
    said = claimed(email_verified=verified, iat=NOW.timestamp() + issued)
    assert said == Claims(ADA, NOW + timedelta(seconds=issued), True)


@pytest.mark.parametrize(
    "verified",
    [
        False,
        "false",
        "False",
        "no",
        "True ",
        "yes",
        "1",
        1,
        1.0,
        0,
        [],
        [True],
        {},
        {"true": 1},
        None,
        "",
    ],
    ids=repr,
)
def test_other_values_of_email_verified_do_not_verify(verified: object) -> None:
    assert not claimed(email_verified=verified).verified


@pytest.mark.parametrize(
    "email",
    [
        *(..., None, "", " ", 7, True, ["ada@agency.example"], {"email": ADA}, "ada"),
        *(f" {ADA}", f"{ADA}\n", f"{ADA},eve@evil.example", f"Ada <{ADA}>", f'"x"{ADA}'),
        *(ADA.replace("@", "@\u200b"), f"\ufeff{ADA}", f"{ADA}\0", f"{'a' * 300}@agency.example"),
    ],
    ids=repr,
)
def test_claims_without_a_valid_address_are_refused(email: object) -> None:
    with pytest.raises(InvalidClaims, match="address"):
        claimed(email=email)


@pytest.mark.parametrize(
    "issued",
    [
        *(..., None, True, False, "1790856000", [], {}, NOW, float("nan"), float("inf")),
        *(float("-inf"), 0, -1, 10**400, 1e300, NOW.timestamp() * 1000),
        *(NOW.timestamp() + 3600, NOW.timestamp() - 32 * 86_400),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_claims_with_an_invalid_time_are_refused(issued: object) -> None:
    with pytest.raises(InvalidClaims, match="signed in"):
        claimed(iat=issued)


@pytest.mark.parametrize(
    ("email", "mine"),
    [
        ("ask@agency.example", True),
        ("ASK@Agency.EXAMPLE", True),
        ("aſk@agency.example", False),
        ("as\u212a@agency.example", False),
        ("аsk@agency.example", False),
        ("ａsk@agency.example", False),
        ("ask@agency。example", False),
        ("jörg@agency.example", True),
        ("JÖRG@agency.example", False),
    ],
)
def test_lookalike_addresses_do_not_match(tmp_path: Path, email: str, mine: bool) -> None:
    users = {
        name: {"email": f"{name}@agency.example", "roles": ["admin"]} for name in ("ask", "jörg")
    }
    user = accounts.load(write(tmp_path / "users.yaml", users), SECTIONS).by_email(email)
    assert (user is not None) == mine
