"""Accounts and roles, as they stand in a file: the secrets, or YAML.

The file is the one that streamlit-authenticator's users know: ``credentials.usernames`` and
``cookie``, with ``roles`` beside them. A role (or one account) says which websites and sections
may be seen, and what may be done there. What is not said is not allowed.
"""

from __future__ import annotations

import io
import logging
import os
import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from access import atomic_write, claims, passwords
from access.permissions import Grant, Permissions
from umami.errors import SettingsError
from umami.models.websites import Website
from umami.normal_forms import normalized
from umami.settings import secrets_of, text_of

SHORTEST_KEY: Final = 32
NAME: Final = re.compile(r"[^\W_][\w.%+@-]{0,99}")
"""A user name, as ``canonical`` gives it."""
COOKIE: Final = "umami_dashboard"
EVERY: Final = "all"
FLAGS: Final = ("filters", "exports", "saves", "admin")
LISTS: Final = ("websites", "sections")
_TEXTS: Final = ("email", "first_name", "last_name", "name")
_UNUSED: Final = ("failed_login_attempts", "logged_in", "password_hint", "picture")
"""What streamlit-authenticator keeps in an account and nothing here depends on."""
_NOT_HERE: Final = {
    **dict.fromkeys(
        ("pre-authorized", "pre_authorized", "preauthorized"),
        "nobody can register here: make the accounts of these people with python -m access, and "
        "remove the entry",
    ),
    "oauth2": "identity providers are set in [auth] of secrets.toml (docs/access.md): remove the "
    "entry",
    "api_key": "no codes or passwords are mailed here: remove the entry",
}
"""What streamlit-authenticator does with entries of the same file, and this dashboard does not."""
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Role:
    """What a role allows; ``None`` means every one. Websites are ids or domains."""

    websites: frozenset[str] | None = frozenset()
    sections: frozenset[str] | None = frozenset()
    filters: bool = False
    exports: bool = False
    saves: bool = False
    admin: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who signs in; ``password`` is a bcrypt hash, or ``None`` where an identity
    provider vouches for them."""

    username: str
    name: str
    email: str | None
    password: str | None = field(repr=False)
    roles: tuple[Role, ...]

    def permissions(
        self, asks: Mapping[str, frozenset[str]], known: Callable[[], Iterable[Website]]
    ) -> Permissions:
        """Their permissions; ``asks`` are the endpoints of each section, ``known`` all websites,
        asked
        only where a role names a website by its domain."""
        return Permissions(tuple(_grant(role, asks, known) for role in self.roles))


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who may sign in, and what their cookies are signed with. ``repr`` shows no secret."""

    path: Path
    users: Mapping[str, Account] = field(default_factory=dict, repr=False)
    key: str = field(default="", repr=False)
    cookie: str = COOKIE
    days: float = 30

    @property
    def writable(self) -> bool:
        """Whether a password can be changed here: the secrets are their owner's to write."""
        return _is_yaml(self.path) and os.access(self.path.parent, os.W_OK)

    def by_email(self, email: str) -> Account | None:
        """The account of an address, as an identity provider tells it."""
        if not claims.is_address(email):
            return None
        wanted = claims.comparable(email)
        mine = [one for one in self.users.values() if claims.comparable(one.email or "") == wanted]
        return mine[0] if len(mine) == 1 else None


def canonical(username: str) -> str:
    """A user name as it is compared: composed (NFC), in lower case, without spaces around it."""
    composed = normalized("NFC", username.strip())
    return normalized("NFC", composed.casefold())


def built_in(sections: Collection[str]) -> dict[str, Role]:
    """The roles that need not be declared. Only an admin's has websites of its own."""
    seen = frozenset(sections)
    return {
        "viewer": Role(sections=seen, filters=True),
        "analyst": Role(sections=seen, filters=True, exports=True, saves=True),
        "admin": Role(None, None, True, True, True, True),
    }


_READ: Final[dict[Path, tuple[tuple[int, int], Accounts]]] = {}


def read(path: Path, sections: Collection[str]) -> Accounts:
    """The accounts in a file, read again once it has changed; none where it has none.

    Raises ``SettingsError``, which names the place and quotes no secret.
    """
    try:
        state = path.stat()
    except FileNotFoundError:
        return Accounts(path)
    stamp = (state.st_mtime_ns, state.st_size)
    known = _READ.get(path)
    if known is None or known[0] != stamp:
        known = (stamp, _accounts(path, _content(path), sections))
        _READ[path] = known
    return known[1]


def _content(path: Path) -> Mapping[str, Any]:
    if not _is_yaml(path):
        return secrets_of(path)
    line = ""
    try:
        found = YAML(typ="safe").load(text_of(path))
    except YAMLError as error:
        # What the reader says may quote the file; the line may be told.
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        found = None
    except (FileNotFoundError, ValueError):
        found = None
    if not isinstance(found, Mapping):
        raise SettingsError(f"{path.name} is not YAML that names accounts{line}.")
    for name, why in _NOT_HERE.items():
        entry = found.get(name)
        if any(entry.values()) if isinstance(entry, Mapping) else entry:
            _LOG.warning("%s in %s is not used: %s.", name, path.name, why)
    if not found.get("credentials"):
        raise SettingsError(
            f"{path.name} has no credentials.usernames: make an entry with python -m access, or "
            "remove DASHBOARD_USERS."
        )
    return found


def _is_yaml(path: Path) -> bool:
    return path.suffix.casefold() in (".yaml", ".yml")


def _accounts(path: Path, given: Mapping[str, Any], sections: Collection[str]) -> Accounts:
    users = _table(_table(given, "credentials"), "usernames", "credentials")
    if not users:
        if "credentials" in given:
            raise SettingsError(
                f"credentials.usernames in {path.name} is empty: make an entry with python -m "
                "people, or remove credentials to do without accounts."
            )
        return Accounts(path)
    declared = {
        str(name): _role(f"roles.{name}", _table(_table(given, "roles"), name, "roles"), sections)
        for name in _table(given, "roles")
    }
    roles = {**built_in(sections), **declared}
    cookie = _table(given, "cookie")
    found: dict[str, Account] = {}
    for name in users:
        if not isinstance(name, str):
            raise SettingsError(
                f"credentials.usernames.{str(name)[:40]} is no text: put the user name in quotes."
            )
        account = _account(name, _table(users, name, "credentials.usernames"), roles, sections)
        if account.username in found:
            raise SettingsError(f"credentials.usernames.{account.username} is there twice.")
        found[account.username] = account
    days = cookie.get("expiry_days", 30)
    if isinstance(days, bool) or not isinstance(days, int | float) or not 0 < days <= 366:
        raise SettingsError("cookie.expiry_days is a number of days, 366 at most.")
    name = str(cookie.get("name", COOKIE))
    if not re.fullmatch(r"[\w-]{1,60}", name, re.ASCII) or name.startswith("_streamlit"):
        raise SettingsError("cookie.name is made of letters, digits, - and _.")
    return Accounts(path, found, _key(cookie.get("key")), name, float(days))


def _key(given: Any) -> str:
    key = str(given or "")
    if len(key.encode()) < SHORTEST_KEY or len(set(key)) < 12:
        raise SettingsError(
            f"cookie.key is missing or can be guessed: it has {SHORTEST_KEY} random characters "
            "or more. Make one with: python -m access key"
        )
    return key


def _account(
    name: str, given: Mapping[str, Any], roles: Mapping[str, Role], sections: Collection[str]
) -> Account:
    at = f"credentials.usernames.{name[:40]}"
    username = canonical(name)
    if not NAME.fullmatch(username):
        raise SettingsError(f"{at} is no user name: letters, digits and . _ % + @ - only.")
    known = {"password", "role", "roles", *_TEXTS, *_UNUSED, *LISTS, *FLAGS}
    if strange := [str(key) for key in given if key not in known]:
        raise SettingsError(f"{at}.{strange[0][:40]} means nothing: {', '.join(sorted(known))}.")
    for key in _TEXTS:
        if not isinstance(given.get(key) or "", str):
            raise SettingsError(f"{at}.{key} is no text: put it in quotes.")
    password = given.get("password")
    if password is not None:
        password = password.strip() if isinstance(password, str) else ""
        if not passwords.is_hash(password):
            raise SettingsError(
                f"{at}.password is not a bcrypt hash. Make the entry with: python -m access"
            )
        if passwords.cost(password) > passwords.COSTLIEST:
            raise SettingsError(
                f"{at}.password takes too long to compare: its cost is {passwords.COSTLIEST} at "
                "most. Make the entry with: python -m access"
            )
    if given.get("role") and given.get("roles"):
        raise SettingsError(f"{at} has role and roles: write all of them as roles.")
    named = given.get("roles") or ([given["role"]] if given.get("role") else [])
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise SettingsError(f"{at}.roles is a list of names: roles: [viewer].")
    unknown = [one for one in named if one not in roles]
    if unknown:
        raise SettingsError(
            f"{at}.roles names {unknown[0][:40]}, which is not among the roles: declare it under "
            "roles, or use viewer, analyst or admin."
        )
    own = {key: given[key] for key in (*LISTS, *FLAGS) if key in given}
    mine = [roles[one] for one in named] or ([Role()] if own else [])
    full = " ".join(given.get(part) or "" for part in ("first_name", "last_name")).strip()
    email = (given.get("email") or "").strip()
    if email and not claims.is_address(email):
        raise SettingsError(f"{at}.email is not an e-mail address.")
    return Account(
        username,
        full or given.get("name") or username,
        email or None,
        password,
        tuple(_role(at, own, sections, otherwise=role) for role in mine),
    )


def _role(
    at: str, given: Mapping[str, Any], sections: Collection[str], otherwise: Role | None = None
) -> Role:
    role = otherwise or Role()
    allowed = {*LISTS, *FLAGS}
    unknown = [str(key) for key in given if key not in allowed]
    if unknown:
        raise SettingsError(f"{at}.{unknown[0][:40]} means nothing: {', '.join(sorted(allowed))}.")
    for key in FLAGS:
        if key in given:
            if not isinstance(given[key], bool):
                raise SettingsError(f"{at}.{key} is true or false.")
            role = replace(role, **{key: given[key]})
    for key in LISTS:
        if key in given:
            names: dict[str, Any] = {key: _names(f"{at}.{key}", given[key])}
            role = replace(role, **names)
    wrong = sorted((role.sections or frozenset()) - set(sections))
    if wrong:
        raise SettingsError(
            f"{at}.sections names {wrong[0][:40]}, which is none of {', '.join(sorted(sections))}."
        )
    return role


def _names(at: str, given: Any) -> frozenset[str] | None:
    if given == EVERY:
        return None
    if not isinstance(given, list) or not all(isinstance(one, str) and one for one in given):
        raise SettingsError(f'{at} is a list of names, or "{EVERY}".')
    return frozenset(one.strip().casefold() for one in given)


def _table(given: Mapping[str, Any], name: Any, at: str = "") -> Mapping[str, Any]:
    found = given.get(name) or {}
    if not isinstance(found, Mapping):
        place = f"{at}.{name}" if at else name
        raise SettingsError(f"{place} in the accounts is not a table.")
    return found


def _grant(
    role: Role, asks: Mapping[str, frozenset[str]], known: Callable[[], Iterable[Website]]
) -> Grant:
    websites = role.websites
    if websites is not None and not all(map(_is_id, websites)):
        found = {site.id for site in known() if {site.id, site.domain.casefold()} & websites}
        websites = frozenset(found | {one for one in websites if _is_id(one)})
    sections = role.sections
    return Grant(
        websites,
        sections,
        None if sections is None else frozenset().union(*(asks[one] for one in sections)),
        filters=role.filters,
        exports=role.exports,
        saves=role.saves,
        admin=role.admin,
    )


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


_WRITING: Final = threading.Lock()


def change_password(path: Path, username: str, password: str) -> None:
    """Write another password of an account into a YAML file; comments stay.

    The file is replaced as a whole, so that nobody ever reads half of it. Raises
    ``SettingsError`` where it cannot be written.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    with _WRITING:
        try:
            content = yaml.load(text_of(path))
            users = content["credentials"]["usernames"]
            entry = next(one for one in users if canonical(str(one)) == username)
            users[entry]["password"] = passwords.hashed(password)
            changed = io.StringIO()
            yaml.dump(content, changed)
            atomic_write.replaced(path, changed.getvalue(), mode=path.stat().st_mode & 0o777)
        except (OSError, YAMLError, LookupError, TypeError, ValueError, StopIteration):
            raise SettingsError(f"{path.name} cannot be written.") from None
