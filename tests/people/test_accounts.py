"""The file of accounts: what it says, and what it is refused for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from people import accounts
from people.accounts import Accounts
from tests.people.conftest import SECTIONS
from tests.support.accounts import HASH, KEY, user, write
from umami.errors import SettingsError
from umami.models.websites import Website

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
    return accounts.read(path, SECTIONS)


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
    assert not read(secrets).writable
    assert read(listed).writable
    assert KEY not in repr(read(listed))
    assert HASH not in repr(read(listed).users["cleo"])


def test_nothing_said_is_nobody(tmp_path: Path) -> None:
    assert read(tmp_path / "missing.toml").users == {}
    (tmp_path / "s.toml").write_text('[umami]\nurl = "https://x.example"')
    assert read(tmp_path / "s.toml").users == {}


def test_a_role_says_which_websites_and_sections(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(TOML)
    rights = read(tmp_path / "s.toml").users["cleo"].rights(ASKS, lambda: [SHOP, DOCS])
    assert rights.sees(SHOP.id)
    assert not rights.sees(DOCS.id)
    assert rights.opens("utm")
    assert not rights.opens("revenue")
    assert not rights.filters(SHOP.id)
    assert not rights.exports(SHOP.id)
    assert not rights.admin


def test_websites_named_by_id_need_no_look_up(tmp_path: Path) -> None:
    path = write(tmp_path / "u.yaml", {"vic": user("viewer", websites=[SHOP.id.upper()])})
    assert read(path).users["vic"].rights(ASKS, nobody_asks).sees(SHOP.id)


def test_a_built_in_role_has_no_website_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "u.yaml", {"vic": user("viewer"), "al": user("analyst"), "no": user()})
    found = read(path).users
    for name in found:
        assert not found[name].rights(ASKS, nobody_asks).sees(SHOP.id)
    assert not found["no"].rights(ASKS, nobody_asks).opens("overview")


def test_one_role_lends_nothing_to_another(tmp_path: Path) -> None:
    path = write(
        tmp_path / "u.yaml",
        {"mo": user("of-shop", "of-docs")},
        {
            "of-shop": {"websites": [SHOP.id], "sections": ["overview"]},
            "of-docs": {"websites": [DOCS.id], "sections": "all", "exports": True},
        },
    )
    rights = read(path).users["mo"].rights(ASKS, nobody_asks)
    assert not rights.exports(SHOP.id)
    assert rights.exports(DOCS.id)
    assert not rights.admin


def test_what_an_account_says_goes_before_its_role(tmp_path: Path) -> None:
    path = write(
        tmp_path / "u.yaml",
        {"al": user("analyst", websites="all", exports=False, sections=["utm"])},
    )
    rights = read(path).users["al"].rights(ASKS, nobody_asks)
    assert rights.sees(DOCS.id)
    assert not rights.exports(DOCS.id)
    assert not rights.opens("overview")
    assert rights.filters(DOCS.id)


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
        ("ann b", user("admin"), "no user name"),
        ("ann", user("boss"), "not among the roles"),
        ("ann", {"password": HASH, "roles": "admin"}, "list of names"),
        ("ann", user("viewer", websites="shop.example"), "list of names"),
        ("ann", user("viewer", sections=["money"]), "none of"),
        ("ann", user("viewer", exports="yes"), "true or false"),
        ("ann", "admin", "not a table"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(
    tmp_path: Path, name: str, entry: Any, said: str
) -> None:
    path = write(tmp_path / "u.yaml", {name: entry})
    with pytest.raises(SettingsError, match=said) as refusal:
        read(path)
    assert "plain text" not in str(refusal.value)


def test_a_mistyped_right_is_no_right(tmp_path: Path) -> None:
    path = write(tmp_path / "u.yaml", {"x": user("c")}, {"c": {"website": "all"}})
    with pytest.raises(SettingsError, match="means nothing"):
        read(path)


@pytest.mark.parametrize("key", ["", "some_key", "a" * 64, "abcabcabcabcabcabcabcabcabcabcabcabc"])
def test_a_key_that_can_be_guessed_is_refused(tmp_path: Path, key: str) -> None:
    path = write(tmp_path / "u.yaml", {"ann": user("admin")})
    path.write_text(path.read_text().replace(KEY, key))
    with pytest.raises(SettingsError, match=r"cookie\.key"):
        read(path)


@pytest.mark.parametrize("text", ["a: [", "just text", "\x00", "!!python/object:os.system {}"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "u.yaml").write_text(text)
    with pytest.raises(SettingsError, match="not YAML"):
        read(tmp_path / "u.yaml")


def test_an_address_that_two_accounts_have_is_nobodys(tmp_path: Path) -> None:
    both = {name: user("admin", email="we@agency.example") for name in ("ann", "bob")}
    assert read(write(tmp_path / "u.yaml", both)).by_email("we@agency.example") is None
