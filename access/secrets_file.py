"""Setting up the dashboard: writing the server and the accounts into the secrets.

Everything else in the secrets stays as it is, with its comments.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Collection, Iterable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from access import atomic_write, passwords
from access.accounts import EVERY, NAME
from umami.errors import SettingsError
from umami.settings import SERVER, Settings, read, secrets_of, text_of

TABLE: Final = "umami"
_WRITING: Final = threading.Lock()


class SecretsNotWritten(SettingsError):
    """The secrets cannot be written here, or not by the dashboard."""

    remedy = "Put the text there yourself."


@dataclass(frozen=True, slots=True)
class Person:
    """A new account. ``password`` is a bcrypt hash.

    ``websites`` are ids or domains; ``None`` means every one, an empty tuple those of the roles.
    """

    username: str
    name: str
    password: str = field(repr=False)
    roles: tuple[str, ...]
    websites: tuple[str, ...] | None = ()
    email: str = ""


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
            cookie = _table(document, "cookie")
            if not cookie.get("key"):
                cookie["key"] = new_key()
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


def _set_server(document: MutableMapping[str, Any], server: Settings) -> None:
    """Write the server's settings, each under one name. Settings of how to connect stay, except
    for ``GENERATION``, which describes the server before."""
    if TABLE in document and not isinstance(document[TABLE], MutableMapping):
        del document[TABLE]
    settings = {name.lower(): value for name, value in server.texts.items()}
    for full in (*SERVER, "UMAMI_GENERATION"):
        if full == "UMAMI_COLLECT" and server.store:
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
        account: MutableMapping[str, Any] = (
            tomlkit.inline_table() if isinstance(users, InlineTable) else tomlkit.table()
        )
        account["first_name"] = person.name
        account["password"] = person.password
        account["roles"] = list(person.roles)
        if person.email:
            account["email"] = person.email
        if person.websites != ():
            account["websites"] = EVERY if person.websites is None else list(person.websites)
        users[person.username] = account


def _table(
    within: MutableMapping[str, Any], name: str, *, is_super: bool = False
) -> MutableMapping[str, Any]:
    """Return a table and create it if needed; a super table only contains other tables."""
    if not isinstance(within.get(name), Mapping):
        within[name] = tomlkit.table(is_super_table=is_super)
    table: MutableMapping[str, Any] = within[name]
    return table
