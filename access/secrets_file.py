"""Setting the dashboard up: which server is looked at, and by whom, as the secrets say it.

What else stands in the secrets stays, with its comments.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Collection, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from access import atomic_write, passwords
from access.accounts import EVERY, NAME
from umami.errors import SettingsError
from umami.settings import PREFIX, SERVER, Settings, read, secrets_of, text_of

TABLE: Final = "umami"
_WRITING: Final = threading.Lock()


class SecretsNotWritten(SettingsError):
    """The secrets cannot be written here, or not by us."""

    remedy = "Put the text there yourself."


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is to have an account; ``password`` is a bcrypt hash.

    ``websites`` are ids or domains, ``None`` means every one; an empty list leaves it to the role.
    """

    username: str
    name: str
    password: str = field(repr=False)
    roles: tuple[str, ...]
    websites: tuple[str, ...] | None = ()
    email: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """What is to be written: the server (settings of the embedded one without data mean the demo),
    and people besides those who have an account."""

    server: Settings
    people: tuple[Person, ...] = ()


def key() -> str:
    """A new key for cookies."""
    return secrets.token_urlsafe(48)


def unfit(username: str, password: str, again: str, taken: Collection[str]) -> str | None:
    """Why somebody cannot have an account like this, in a sentence; ``None`` where they can.

    ``taken`` are the user names of others, in lower case.
    """
    if not username:
        return "Type a user name."
    if not NAME.fullmatch(username):
        return "A user name is made of letters, digits and . _ % + @ - only."
    if username in taken:
        return f"There is an account {username} already: choose another user name."
    weak = passwords.weakness(password, username)
    if weak:
        return weak
    return None if password == again else "The two passwords are not the same: type both again."


def entry(person: Person) -> str:
    """The account as it stands in the secrets."""
    document = tomlkit.document()
    _add(document, [person])
    return tomlkit.dumps(document).strip()


def text(setup: Setup, before: str = "") -> str:
    """The secrets once all is set up, of what they are ``before``; raises ``NotWritten`` where
    they have a form that cannot be changed without harm."""
    try:
        document = tomlkit.parse(before)
        _name(document, setup.server)
        if setup.people:
            _add(document, setup.people)
            cookie = _table(document, "cookie")
            if not cookie.get("key"):
                cookie["key"] = key()
        return tomlkit.dumps(document)
    except (TOMLKitError, TypeError, ValueError, AttributeError, LookupError):
        # What the library says may quote the file.
        pass
    raise SecretsNotWritten("The secrets have a form that cannot be changed from here.")


def write(path: Path, setup: Setup) -> None:
    """Write all of it into the secrets at ``path``, as their owner's alone.

    Raises ``SettingsError``; then the file is as it was.
    """

    def check(beside: Path) -> None:
        if read({}, beside).texts != setup.server.texts:
            raise SecretsNotWritten(f"{path.name} has a form that cannot be changed from here.")

    with _WRITING:
        secrets_of(path)
        try:
            before = text_of(path) if path.exists() else ""
            atomic_write.replaced(path, text(setup, before), check=check)
        except OSError:
            written = False
        else:
            written = True
    if not written:
        raise SecretsNotWritten(f"{path.name} cannot be written here.")


def _name(document: MutableMapping[str, Any], server: Settings) -> None:
    """Say which server is asked, in one spelling; how it is asked stays, but for what was only
    true of the server before."""
    if TABLE in document and not isinstance(document[TABLE], MutableMapping):
        del document[TABLE]
    given = {name.lower(): value for name, value in server.texts.items()}
    for name in (*SERVER, "GENERATION"):
        if name == "COLLECT" and server.store:
            # Websites go on sending to the dashboard, whichever file they are kept in.
            continue
        full = PREFIX + name
        for spelling in (full, full.lower()):
            document.pop(spelling, None)
        for spelling in {full, full.lower(), name, name.lower()} - set(given):
            # Looked up each time: the library's view of scattered tables is good for one change.
            document.get(TABLE, {}).pop(spelling, None)
    for name, value in given.items():
        _table(document, TABLE)[name] = value
    table = document.get(TABLE)
    if table is not None and not tomlkit.dumps(table).strip():
        del document[TABLE]


def _add(document: MutableMapping[str, Any], people: Iterable[Person]) -> None:
    users = _table(_table(document, "credentials", over=True), "usernames", over=True)
    inline = isinstance(users, InlineTable)
    for person in people:
        account: MutableMapping[str, Any] = tomlkit.inline_table() if inline else tomlkit.table()
        account["first_name"] = person.name
        account["password"] = person.password
        account["roles"] = list(person.roles)
        if person.email:
            account["email"] = person.email
        if person.websites is None:
            account["websites"] = EVERY
        elif person.websites:
            account["websites"] = list(person.websites)
        users[person.username] = account


def _table(
    within: MutableMapping[str, Any], name: str, *, over: bool = False
) -> MutableMapping[str, Any]:
    """The table of this name, made where there is none; ``over`` for one that only holds others."""
    if not isinstance(within.get(name), Mapping):
        within[name] = tomlkit.table(is_super_table=over)
    found: MutableMapping[str, Any] = within[name]
    return found
