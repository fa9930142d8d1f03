"""Setting up the dashboard: writing the server and the accounts into the secrets.

Accounts may be in a YAML file instead. Everything else in a file stays as it is, with its comments.
"""

from __future__ import annotations

import io
import secrets
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import tomlkit
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from access import atomic_write, passwords
from access.accounts import EVERY, NAME, canonical, content_of, is_yaml
from umami.errors import SettingsError
from umami.settings import SERVER, Settings, read, secrets_of, text_of

TABLE: Final = "umami"
_WRITING: Final = threading.Lock()


class SecretsNotWritten(SettingsError):
    """The secrets cannot be written here, or not by the dashboard."""

    remedy = "Put the text there yourself."


@dataclass(frozen=True, slots=True)
class Person:
    """A new account. ``password`` is a bcrypt hash; ``None`` until an invited person chooses one.

    ``websites`` are ids or domains, ``sections`` names of pages. Without ``sections``, and with an
    empty tuple of websites, those of the roles apply; ``None`` means every website.
    """

    username: str
    name: str
    password: str | None = field(repr=False)
    roles: tuple[str, ...]
    websites: tuple[str, ...] | None = ()
    email: str = ""
    sections: tuple[str, ...] = ()

    @property
    def entry(self) -> dict[str, Any]:
        """The entry of the account in a file."""
        entry: dict[str, Any] = {"first_name": self.name, "roles": list(self.roles)}
        if self.password is not None:
            entry["password"] = self.password
        if self.email:
            entry["email"] = self.email
        if self.websites != ():
            entry["websites"] = EVERY if self.websites is None else list(self.websites)
        if self.sections:
            entry["sections"] = list(self.sections)
        return entry


@dataclass(frozen=True, slots=True)
class Setup:
    """What to write: the server, and accounts to add.

    Settings of the embedded server without data mean the demo.
    """

    server: Settings
    people: tuple[Person, ...] = ()


def new_key() -> str:
    """Return a new random key for cookies."""
    return secrets.token_urlsafe(48)


def account_problem(username: str, password: str, again: str, taken: Collection[str]) -> str | None:
    """Return a sentence that says why a new account is not possible; ``None`` if it is.

    ``taken`` are the user names of other accounts, in lower case.
    """
    if not username:
        return "Type a user name."
    if not NAME.fullmatch(username):
        return "A user name is made of letters, digits and . _ % + @ - only."
    if username in taken:
        return f"There is an account {username} already: choose another user name."
    if weakness := passwords.weakness(password, username):
        return weakness
    return None if password == again else "The two passwords are not the same: type both again."


def account_toml(person: Person) -> str:
    """Return the entry of an account as TOML."""
    document = tomlkit.document()
    _add_people(document, [person])
    return tomlkit.dumps(document).strip()


def updated_secrets(setup: Setup, before: str = "") -> str:
    """Return the secrets in ``before`` with a setup written into them.

    Raises ``SecretsNotWritten`` if their form cannot be changed without losing something.
    """
    # The library's message may quote the file, so it is not chained.
    with suppress(TOMLKitError, TypeError, ValueError, AttributeError, LookupError):
        document = tomlkit.parse(before)
        _set_server(document, setup.server)
        if setup.people:
            _add_people(document, setup.people)
            _add_key(document)
        return tomlkit.dumps(document)
    raise SecretsNotWritten("The secrets have a form that cannot be changed from here.")


def write(path: Path, setup: Setup) -> None:
    """Write a setup into the secrets at ``path``, which only their owner can read afterwards.

    Raises ``SettingsError``; the file is unchanged then.
    """

    def check(file: Path) -> None:
        if read({}, file).texts != setup.server.texts:
            raise SecretsNotWritten(f"{path.name} has a form that cannot be changed from here.")

    with _WRITING:
        secrets_of(path)
        with suppress(OSError):
            before = text_of(path) if path.exists() else ""
            atomic_write.replace_file(path, updated_secrets(setup, before), check=check)
            return
    raise SecretsNotWritten(f"{path.name} cannot be written here.")


def add_people(path: Path, *people: Person) -> None:
    """Add accounts to an accounts file, which is created if necessary.

    Raises ``SettingsError``; the file is unchanged then.
    """

    def add(document: MutableMapping[str, Any]) -> None:
        _add_people(document, people)
        _add_key(document)

    _change(path, add, {person.username: person.entry for person in people})


def change_password(path: Path, username: str, password: str) -> None:
    """Set the password of an account in an accounts file; ``password`` is a bcrypt hash.

    Raises ``SettingsError``; the file is unchanged then.
    """

    def change(document: MutableMapping[str, Any]) -> None:
        users = document["credentials"]["usernames"]
        name = next(name for name in users if canonical(str(name)) == username)
        users[name]["password"] = password

    _change(path, change, {username: {"password": password}})


def _change(
    path: Path,
    change: Callable[[MutableMapping[str, Any]], None],
    expected: Mapping[str, Mapping[str, Any]],
) -> None:
    """Replace an accounts file by one with a change, after which it says what is ``expected`` of
    accounts. Raises ``SettingsError``."""

    def check(file: Path) -> None:
        users = content_of(file)["credentials"]["usernames"]
        written = {canonical(str(name)): entry for name, entry in users.items()}
        if any(not entry.items() <= written[name].items() for name, entry in expected.items()):
            raise ValueError

    # Neither the library's message nor ours may quote the file, so none is chained.
    problems = (OSError, YAMLError, TOMLKitError, LookupError, TypeError, ValueError)
    with _WRITING, suppress(*problems, AttributeError, StopIteration):
        exists = path.exists()
        before = text_of(path) if exists else ""
        changed = (_changed_yaml if is_yaml(path) else _changed_toml)(before, change)
        mode = path.stat().st_mode & 0o777 if exists else 0o600
        atomic_write.replace_file(path, changed, mode=mode, check=check)
        return
    raise SettingsError(f"{path.name} cannot be written.")


def _changed_yaml(text: str, change: Callable[[MutableMapping[str, Any]], None]) -> str:
    yaml = YAML()
    yaml.preserve_quotes = True
    document = yaml.load(text)
    change(document)
    changed = io.StringIO()
    yaml.dump(document, changed)
    return changed.getvalue()


def _changed_toml(text: str, change: Callable[[MutableMapping[str, Any]], None]) -> str:
    document = tomlkit.parse(text)
    change(document)
    return tomlkit.dumps(document)


def _set_server(document: MutableMapping[str, Any], server: Settings) -> None:
    """Write the server's settings, each under one name. Settings of how to connect stay, except
    for ``GENERATION``, which describes the server before."""
    if TABLE in document and not isinstance(document[TABLE], MutableMapping):
        del document[TABLE]
    settings = {name.lower(): value for name, value in server.texts.items()}
    for full in (*SERVER, "UMAMI_GENERATION"):
        if full == "UMAMI_COLLECT" and server.store and not server.database:
            # Websites can go on sending to the dashboard, whatever file their data is in.
            continue
        name = full.removeprefix(Settings.PREFIX)
        for key in (full, full.lower()):
            document.pop(key, None)
        for key in {full, full.lower(), name, name.lower()} - set(settings):
            # Looked up each time: tomlkit's view of a table in several parts is outdated after a
            # change.
            document.get(TABLE, {}).pop(key, None)
    for name, value in settings.items():
        _table(document, TABLE)[name] = value
    table = document.get(TABLE)
    if table is not None and not tomlkit.dumps(table).strip():
        del document[TABLE]


def _add_people(document: MutableMapping[str, Any], people: Iterable[Person]) -> None:
    users = _table(_table(document, "credentials", is_super=True), "usernames", is_super=True)
    for person in people:
        account: MutableMapping[str, Any] = {}
        if isinstance(document, tomlkit.TOMLDocument):
            inline = isinstance(users, InlineTable)
            account = tomlkit.inline_table() if inline else tomlkit.table()
        account.update(person.entry)
        users[person.username] = account


def _add_key(document: MutableMapping[str, Any]) -> None:
    """Add a key for cookies unless there is one."""
    cookie = _table(document, "cookie")
    if not cookie.get("key"):
        cookie["key"] = new_key()


def _table(
    within: MutableMapping[str, Any], name: str, *, is_super: bool = False
) -> MutableMapping[str, Any]:
    """Return a table and create it if needed; a super table only contains other tables."""
    if not isinstance(within.get(name), Mapping):
        within[name] = tomlkit.table(is_super_table=is_super)
    table: MutableMapping[str, Any] = within[name]
    return table
