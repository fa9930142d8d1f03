"""Setting up: what is written into the secrets, and what of them is kept."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from access import accounts, atomic_write, passwords, secrets_file
from access.secrets_file import Person, SecretsNotWritten, Setup, account_problem
from tests.access.conftest import SECTIONS
from tests.support.accounts import HASH, KEY, PASSWORD
from umami.errors import SettingsError
from umami.settings import Settings, read

SERVER = Settings(api="https://new.example/api", username="reader", password='q"\\uote\ns')
ANN = Person("ann", 'Ann "A"', HASH, ("admin",))
VIC = Person("vic.b@c", "Vic", HASH, ("viewer",), ("47a8e931-d51a-4351-a5e1-51db9a717a5d",))
OLD = "marker-old-secret"

BEFORE: dict[str, str] = {
    "nothing": "",
    "a comment": "# mine\n",
    "at the top": f"""# mine
UMAMI_URL = "https://old.example"   # of old
UMAMI_USERNAME = "old"
UMAMI_PASSWORD = "{OLD}"
UMAMI_STORE = "old.duckdb"
UMAMI_TIMEOUT = 5   # kept
other = 1
""",
    "in small letters": f"""umami_api_key = "{OLD}"
# mine
other = 1
""",
    "a table": f"""# mine
[umami]   # which
share_url = "https://old.example/share/{OLD}"
timeout = 5   # kept
UMAMI_GENERATION = "2.18"

[other]
x = 1
""",
    "a table in one line": f"""# mine
umami = {{ url = "https://old.example", api_key = "{OLD}", timeout = 5 }}
other = 1
""",
    "dotted names": f"""# mine
umami.url = "https://old.example"
umami.api_key = "{OLD}"
umami.timeout = 5
other = 1
""",
    "no table": """# mine
umami = "nonsense"
other = 1
""",
    "several tables": f"""# mine
[[umami]]
url = "{OLD}"
""",
    "windows": f'# mine\r\n[umami]\r\napi_key = "{OLD}"\r\n\r\n[other]\r\nx = 1\r\n',
    "people apart": f"""# mine
[credentials.usernames.bob]   # Bob's
first_name = "Bob"
password = "{HASH}"
roles = ["viewer"]

[umami]
api_key = "{OLD}"

[credentials.usernames.eve]
first_name = "Eve"
password = "{HASH}"
roles = ["viewer"]

[cookie]
key = "{KEY}"   # kept
expiry_days = 3
""",
    "people in one line": f"""# mine
credentials = {{ usernames = {{ bob = {{ password = "{HASH}", roles = ["viewer"] }} }} }}
cookie = {{ key = "{KEY}" }}
""",
    "providers": """# mine
[auth]
redirect_uri = "http://localhost:8501/oauth2callback"
[auth.google]
client_id = "x"
""",
}


def unrelated(before: str) -> dict[str, Any]:
    """What of the secrets before has nothing to do with which server is asked."""
    others = {
        name: value
        for name, value in tomllib.loads(before).items()
        if not name.casefold().startswith("umami")
    }
    if "UMAMI_TIMEOUT" in before:
        others["UMAMI_TIMEOUT"] = 5
    return others


def within(part: Any, whole: Any) -> bool:
    """Whether all of a part is in the whole."""
    if isinstance(part, dict):
        return all(name in whole and within(value, whole[name]) for name, value in part.items())
    return bool(part == whole)


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
@pytest.mark.parametrize(
    "server",
    [
        SERVER,
        Settings(api="https://new.example/umami/api", api_key="k"),
        Settings(api="https://new.example/api", share="AbC123"),
        Settings(data=Path(__file__).parent),
        Settings(store=Path(__file__)),
        Settings(),
    ],
    ids=["account", "key", "share", "tables", "kept tables", "demo"],
)
def test_a_server_is_named_and_all_else_stays(
    tmp_path: Path, before: str, server: Settings
) -> None:
    path = tmp_path / "secrets.toml"
    path.write_bytes(before.encode())
    secrets_file.write(path, Setup(server))
    written = path.read_text("utf-8")
    settings = read({}, path)
    assert settings.texts == server.texts
    assert settings.generation is None
    assert within(unrelated(before), tomllib.loads(written))
    assert OLD not in written
    assert ("# mine" in written) == ("# mine" in before)
    assert ("# kept" in written) == ("# kept" in before)
    if "timeout" in before.casefold():
        assert settings.timeout == 5
    secrets_file.write(path, Setup(server))
    assert tomllib.loads(path.read_text("utf-8")) == tomllib.loads(written)


@pytest.mark.parametrize("name", ["UMAMI_COLLECT", "umami_collect"])
def test_collecting_goes_on_into_another_file_only(tmp_path: Path, name: str) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text(f'{name} = "yes"\nUMAMI_STORE = "old.duckdb"\nUMAMI_DATA = "."\n')
    secrets_file.write(path, Setup(Settings(store=Path(__file__))))
    assert read({}, path).collect
    secrets_file.write(path, Setup(SERVER))
    assert not read({}, path).collect


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_people_are_added_to_those_who_are_there(tmp_path: Path, before: str) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text(before)
    secrets_file.write(path, Setup(SERVER, (ANN, VIC)))
    loaded = accounts.load(path, SECTIONS)
    there = set(tomllib.loads(before).get("credentials", {}).get("usernames", {}))
    assert set(loaded.users) == {"ann", "vic.b@c", *there}
    assert loaded.users["ann"].name == 'Ann "A"'
    assert passwords.matches(PASSWORD, loaded.users["ann"].password)
    assert loaded.users["ann"].roles[0].admin
    assert loaded.users["vic.b@c"].roles[0].websites == set(VIC.websites or ())
    assert len(loaded.key) >= accounts.SHORTEST_KEY
    assert (loaded.key == KEY) == (KEY in before)
    assert PASSWORD not in path.read_text()


def test_a_line_that_says_it_already_keeps_its_comment(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text('[umami]\nurl = "https://new.example"   # ours\napi_key = "k"\n')
    secrets_file.write(path, Setup(SERVER, (ANN,)))
    assert path.read_text().startswith('[umami]\nurl = "https://new.example"   # ours\nusername')


def test_every_website_is_said_in_a_word() -> None:
    every = Person("pat", "Pat", HASH, ("analyst",), None, "pat@agency.example")
    entry = tomllib.loads(secrets_file.account_toml(every))["credentials"]["usernames"]["pat"]
    assert (entry["websites"], entry["email"]) == ("all", "pat@agency.example")
    assert "websites" not in secrets_file.account_toml(ANN)


def test_the_file_is_its_owners_and_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secrets.toml"
    secrets_file.write(path, Setup(SERVER))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    before = path.stat().st_ino
    secrets_file.write(path, Setup(SERVER))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_ino != before
    assert [file.name for file in path.parent.iterdir()] == ["secrets.toml"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    kept_elsewhere = tmp_path / "elsewhere.toml"
    kept_elsewhere.write_text("other = 1\n")
    path = tmp_path / "secrets.toml"
    path.symlink_to(kept_elsewhere)
    secrets_file.write(path, Setup(SERVER))
    assert path.is_symlink()
    assert read({}, kept_elsewhere).texts == SERVER.texts


@pytest.mark.parametrize(
    "before", [f"[umami\nkey = '{OLD}'", f"UMAMI_TIMEOUT = 'soon {OLD}'", "\udcff"]
)
def test_what_cannot_be_read_is_left_as_it_is(tmp_path: Path, before: str) -> None:
    path = tmp_path / "secrets.toml"
    path.write_bytes(before.encode(errors="surrogateescape"))
    with pytest.raises(SettingsError) as refused:
        secrets_file.write(path, Setup(SERVER))
    assert OLD not in str(refused.value)
    assert path.read_bytes() == before.encode(errors="surrogateescape")
    assert [file.name for file in tmp_path.iterdir()] == ["secrets.toml"]


def test_where_nothing_can_be_written_nothing_is(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    assert not atomic_write.writable(in_the_way / "secrets.toml")
    assert atomic_write.writable(tmp_path / "new" / "secrets.toml")
    for nowhere in (Path("/proc/secrets.toml"), Path("/dev/null/deep/secrets.toml")):
        with pytest.raises(SettingsError, match="secrets"):
            secrets_file.write(nowhere, Setup(SERVER))
    with pytest.raises(SecretsNotWritten, match="cannot be written"):
        secrets_file.write(Path("/proc/secrets.toml"), Setup(SERVER))


@pytest.mark.parametrize(
    ("username", "password", "again", "sentence"),
    [
        ("", PASSWORD, PASSWORD, "Type a user name"),
        ("ann smith", PASSWORD, PASSWORD, "made of letters"),
        ("bob", PASSWORD, PASSWORD, "already"),
        ("ann", "short", "short", "10 characters"),
        ("ann", "x" * 73, "x" * 73, "72 bytes"),
        ("ann", "ann-is-the-best", "ann-is-the-best", "contain the user name"),
        ("ann", PASSWORD, "another", "not the same"),
        ("ann", PASSWORD, PASSWORD, None),
    ],
)
def test_an_account_has_a_name_and_a_good_password_twice(
    username: str, password: str, again: str, sentence: str | None
) -> None:
    said = account_problem(username, password, again, {"bob"})
    assert (sentence is None and said is None) or (sentence or "") in (said or "")
    assert password not in (said or "") or not password


def test_no_secret_is_ever_shown() -> None:
    shown = repr(Setup(SERVER, (ANN,)))
    assert HASH not in shown
    assert "uote" not in shown
