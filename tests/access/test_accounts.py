"""The file of accounts: what it says, and what it is refused for."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from access import accounts, passwords, secrets_file
from access.accounts import Accounts
from tests.access.conftest import SECTIONS
from tests.support.accounts import HASH, KEY, PASSWORD, user, write
from umami.api.websites import Website
from umami.errors import SettingsError

ASKS = {
    "overview": frozenset({"stats"}),
    "utm": frozenset({"utm"}),
    "sessions": frozenset({"sessions"}),
    "revenue": frozenset({"revenue"}),
}
SHOP = Website("47a8e931-d51a-4351-a5e1-51db9a717a5d", "Shop", "Shop.example")
DOCS = Website("31e8662e-b0ee-4259-b469-24ee0ae1d001", "Docs", "docs.example")
TOML = f"""
[cookie]
key = "{KEY}"

[roles.client]
websites = ["shop.example"]
sections = ["overview", "utm"]

[credentials.usernames.cleo]
email = "cleo@client.example"
name = "Cleo"
password = "{HASH}"
roles = ["client"]
"""


def read(path: Path) -> Accounts:
    return accounts.load(path, SECTIONS)


def nobody_asks() -> Iterable[Website]:
    raise AssertionError("no name needs to be looked up")


def test_secrets_and_yaml_say_the_same(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(TOML)
    listed = write(
        tmp_path / "users.yaml",
        {"Cleo": user("client", email="cleo@client.example", name="Cleo")},
        {"client": {"websites": ["shop.example"], "sections": ["overview", "utm"]}},
    )
    assert read(secrets).users == read(listed).users
    assert read(secrets).writable
    assert read(listed).writable
    assert KEY not in repr(read(listed))
    assert HASH not in repr(read(listed).users["cleo"])


def test_nothing_said_is_nobody(tmp_path: Path) -> None:
    assert read(tmp_path / "missing.toml").users == {}
    (tmp_path / "s.toml").write_text('[umami]\nurl = "https://x.example"')
    assert read(tmp_path / "s.toml").users == {}


def test_a_role_says_which_websites_and_sections(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(TOML)
    permissions = read(tmp_path / "s.toml").users["cleo"].permissions(ASKS, lambda: [SHOP, DOCS])
    assert permissions.sees(SHOP.id)
    assert not permissions.sees(DOCS.id)
    assert permissions.opens("utm")
    assert not permissions.opens("revenue")
    assert not permissions.filters(SHOP.id)
    assert not permissions.exports(SHOP.id)
    assert not permissions.admin


def test_websites_named_by_id_need_no_look_up(tmp_path: Path) -> None:
    path = write(tmp_path / "u.yaml", {"vic": user("viewer", websites=[SHOP.id.upper()])})
    assert read(path).users["vic"].permissions(ASKS, nobody_asks).sees(SHOP.id)


def test_a_built_in_role_has_no_website_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "u.yaml", {"vic": user("viewer"), "al": user("analyst"), "no": user()})
    users = read(path).users
    for name in users:
        assert not users[name].permissions(ASKS, nobody_asks).sees(SHOP.id)
    assert not users["no"].permissions(ASKS, nobody_asks).opens("overview")


def test_one_role_lends_nothing_to_another(tmp_path: Path) -> None:
    path = write(
        tmp_path / "u.yaml",
        {"mo": user("of-shop", "of-docs")},
        {
            "of-shop": {"websites": [SHOP.id], "sections": ["overview"]},
            "of-docs": {"websites": [DOCS.id], "sections": "all", "exports": True},
        },
    )
    permissions = read(path).users["mo"].permissions(ASKS, nobody_asks)
    assert not permissions.exports(SHOP.id)
    assert permissions.exports(DOCS.id)
    assert not permissions.admin


def test_what_an_account_says_goes_before_its_role(tmp_path: Path) -> None:
    path = write(
        tmp_path / "u.yaml",
        {"al": user("analyst", websites="all", exports=False, sections=["utm"])},
    )
    permissions = read(path).users["al"].permissions(ASKS, nobody_asks)
    assert permissions.sees(DOCS.id)
    assert not permissions.exports(DOCS.id)
    assert not permissions.opens("overview")
    assert permissions.filters(DOCS.id)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "u.yaml", {"ann": user("admin")})
    assert set(read(path).users) == {"ann"}
    write(path, {"ann": user("admin"), "vic": user("viewer")})
    assert set(read(path).users) == {"ann", "vic"}


@pytest.mark.parametrize(
    ("name", "entry", "said"),
    [
        ("ann", {"password": "plain text", "roles": ["admin"]}, "not a bcrypt hash"),
        ("ann", {"password": 12345, "roles": ["admin"]}, "not a bcrypt hash"),
        ("ann b", user("admin"), "not a user name"),
        ("ann", user("boss"), "not among the roles"),
        ("ann", {"password": HASH, "roles": "admin"}, "list of names"),
        ("ann", user("viewer", websites="shop.example"), "list of names"),
        ("ann", user("viewer", sections=["money"]), "none of"),
        ("ann", user("viewer", exports="yes"), "true or false"),
        ("ann", "admin", "not a table"),
        (123, user("admin"), "123 is not text: put the user name in quotes"),
        (True, user("admin"), "put the user name in quotes"),
        (None, user("admin"), "put the user name in quotes"),
        ("ann", user("admin", name=["Ann"]), "name is not text"),
        ("ann", user("admin", email=7), "email is not text"),
        ("ann", user("admin", email="Ann <ann@agency.example>"), "email is not an e-mail"),
        ("ann", user("admin", website="shop.example"), "ann.website is unknown"),
        ("ann", user("admin", disabled=True), "ann.disabled is unknown"),
        ("ann", user("admin", role="viewer"), "role and roles"),
        ("ann", {"password": "$2b$03$" + HASH[7:]}, "not a bcrypt hash"),
        ("ann", {"password": "$2b$20$" + HASH[7:]}, "takes too long to compare"),
        ("ann", {"password": HASH[:28] + "z" + HASH[29:]}, "not a bcrypt hash"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(
    tmp_path: Path, name: Any, entry: Any, said: str
) -> None:
    path = write(tmp_path / "u.yaml", {name: entry})
    with pytest.raises(SettingsError, match=said) as refusal:
        read(path)
    assert "plain text" not in str(refusal.value)


def test_a_mistyped_right_is_no_right(tmp_path: Path) -> None:
    path = write(tmp_path / "u.yaml", {"x": user("c")}, {"c": {"website": "all"}})
    with pytest.raises(SettingsError, match="is unknown"):
        read(path)


@pytest.mark.parametrize("key", ["", "some_key", "a" * 64, "abcabcabcabcabcabcabcabcabcabcabcabc"])
def test_a_key_that_can_be_guessed_is_refused(tmp_path: Path, key: str) -> None:
    path = write(tmp_path / "u.yaml", {"ann": user("admin")})
    path.write_text(path.read_text().replace(KEY, key))
    with pytest.raises(SettingsError, match=r"cookie\.key"):
        read(path)


LIBRARY: dict[str, Any] = {
    "cookie": {"expiry_days": 30, "key": KEY, "name": "some_cookie_name"},
    "credentials": {
        "usernames": {
            "JSmith": {
                "email": "jsmith@gmail.com",
                "failed_login_attempts": 0,
                "first_name": "John",
                "last_name": "Smith",
                "logged_in": False,
                "password": HASH.replace("$2b$", "$2y$"),
                "password_hint": None,
                "roles": ["admin", "viewer"],
            },
            "rbriggs": {
                "email": None,
                "failed_login_attempts": None,
                "logged_in": True,
                "name": "Rebecca Briggs",
                "password": HASH.replace("$2b$", "$2a$") + "\n",
                "roles": None,
            },
            "guest@gmail.com": {
                "email": "guest@gmail.com",
                "first_name": "",
                "last_name": "",
                "logged_in": True,
                "picture": "https://lh3.example/x",
                "roles": [],
            },
        }
    },
    "oauth2": {"google": None},
    "pre-authorized": {"emails": []},
    "api_key": None,
}
"""As streamlit-authenticator writes it, where nothing in it depends on the library."""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_that_the_library_wrote(tmp_path: Path, encoding: str, end: str) -> None:
    path = tmp_path / "config.YAML"
    text = io.StringIO()
    YAML(typ="safe").dump(LIBRARY, text)
    path.write_bytes(text.getvalue().replace("\n", end).encode(encoding))
    users = read(path).users
    assert {name: account.name for name, account in users.items()} == {
        "jsmith": "John Smith",
        "rbriggs": "Rebecca Briggs",
        "guest@gmail.com": "guest@gmail.com",
    }
    assert [len(account.roles) for account in users.values()] == [2, 0, 0]
    for name in ("jsmith", "rbriggs"):
        assert passwords.matches(PASSWORD, users[name].password, 4)
    hashed = passwords.hashed("another-Passw0rd")
    secrets_file.change_password(path, "jsmith", hashed)
    assert read(path).users["jsmith"].password == hashed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pre-authorized": {"emails": ["a@b.example"]}}, "pre-authorized.*nobody can register"),
        ({"pre-authorized": ["a@b.example"]}, "pre-authorized.*remove the entry"),
        ({"pre_authorized": {"emails": ["a@b.example"]}}, "pre_authorized.*nobody can register"),
        ({"preauthorized": {"emails": ["a@b.example"]}}, "preauthorized.*nobody can register"),
        ({"oauth2": {"google": {"client_id": "s3cret"}}}, "oauth2.*secrets.toml"),
        ({"api_key": "s3cret"}, "api_key.*no codes"),
    ],
)
def test_the_log_says_what_the_library_does_and_this_does_not(
    tmp_path: Path, change: dict[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "config.yaml"
    with path.open("w") as file:
        YAML(typ="safe").dump({**LIBRARY, **change}, file)
    assert "jsmith" in read(path).users
    assert re.search(said, caplog.text)
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"credentials": None}, "has no credentials.usernames"),
        ({"credentials": {"usernames": {}}}, "usernames.* is empty"),
        ({"credentials": {"usernames": None}}, "usernames.* is empty"),
        ({"credentials": {"usernames": ["jsmith"]}}, "usernames .*not a table"),
        ({"cookie": {"expiry_days": 30, "key": "some_signature_key"}}, "cookie.key"),
        ({"cookie": None}, "cookie.key"),
    ],
)
def test_a_file_without_accounts_or_key_is_refused(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    path = tmp_path / "config.yaml"
    with path.open("w") as file:
        YAML(typ="safe").dump({**LIBRARY, **change}, file)
    with pytest.raises(SettingsError, match=said) as refusal:
        read(path)
    assert "s3cret" not in str(refusal.value)


def test_a_file_in_another_encoding_or_with_a_fault_says_where(tmp_path: Path) -> None:
    path = tmp_path / "u.yaml"
    path.write_text("credentials: {}\n", "utf-16")
    with pytest.raises(SettingsError, match="UTF-16: save it as UTF-8"):
        read(path)
    path.write_text("credentials:\n  usernames:\n    ann: {}\n    ann: {}\n")
    with pytest.raises(SettingsError, match=r"line \d"):
        read(path)


@pytest.mark.parametrize("text", ["a: [", "just text", "\x00", "!!python/object:os.system {}"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "u.yaml").write_text(text)
    with pytest.raises(SettingsError, match="not YAML"):
        read(tmp_path / "u.yaml")


def test_an_address_that_two_accounts_have_is_nobodys(tmp_path: Path) -> None:
    both = {name: user("admin", email="we@agency.example") for name in ("ann", "bob")}
    assert read(write(tmp_path / "u.yaml", both)).by_email("we@agency.example") is None
