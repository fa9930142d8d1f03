"""Accounts and roles, read from the secrets or from a YAML file.

The file has the format of streamlit-authenticator: ``credentials.usernames`` and ``cookie``, with
``roles`` beside them. A role, or an account itself, lists the websites and sections that may be
seen, and what else is allowed there. Nothing is allowed that is not listed.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from access import atomic_write, passwords
from access.permissions import Grant, Permissions
from umami.api.websites import Website
from umami.errors import SettingsError
from umami.normal_forms import normalized
from umami.settings import secrets_of, text_of

SHORTEST_KEY: Final = 32
NAME: Final = re.compile(r"[^\W_][\w.%+@-]{0,99}")
"""A user name in its ``canonical`` form."""
_ADDRESS: Final = re.compile(r'[^\s@<>"(),:;\\]+@[^\s@<>"(),:;\\]+')
COOKIE: Final = "umami_dashboard"
EVERY: Final = "all"
EVERYBODY: Final = "everybody"
"""The name of readers where there are no accounts."""
FLAGS: Final = ("filters", "exports", "saves", "costs", "admin")
LISTS: Final = ("websites", "sections")
_TEXTS: Final = ("email", "first_name", "last_name", "name")
_IGNORED: Final = ("failed_login_attempts", "logged_in", "password_hint", "picture")
"""Settings of an account that only streamlit-authenticator uses."""
_NO_REGISTRATION: Final = (
    "nobody can register here: make the accounts of these people with python -m access, and remove "
    "the entry"
)
_UNSUPPORTED: Final = {
    **dict.fromkeys(("pre-authorized", "pre_authorized", "preauthorized"), _NO_REGISTRATION),
    "oauth2": "identity providers are set in [auth] of secrets.toml (docs/access.md): remove the "
    "entry",
    "api_key": "no codes or passwords are mailed here: remove the entry",
}
"""Settings of streamlit-authenticator that this dashboard does not support, and what to do."""
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Role:
    """What a role allows. Websites are ids or domains; ``None`` means every one."""

    websites: frozenset[str] | None = frozenset()
    sections: frozenset[str] | None = frozenset()
    filters: bool = False
    exports: bool = False
    saves: bool = False
    costs: bool = False
    admin: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in. ``password`` is a bcrypt hash, or ``None`` for an account that
    only signs in with an identity provider."""

    username: str
    name: str
    email: str | None
    password: str | None = field(repr=False)
    roles: tuple[Role, ...]

    def permissions(
        self, endpoints: Mapping[str, frozenset[str]], websites: Callable[[], Iterable[Website]]
    ) -> Permissions:
        """Return what the account may see. ``endpoints`` maps each section to its endpoints.

        ``websites`` returns all websites; it is called only if a role names one by its domain.
        """
        return Permissions(tuple(_grant(role, endpoints, websites) for role in self.roles))


@dataclass(frozen=True, slots=True)
class Accounts:
    """The content of an accounts file, and how cookies are signed. ``repr`` shows no secret."""

    path: Path
    users: Mapping[str, Account] = field(default_factory=dict, repr=False)
    key: str = field(default="", repr=False)
    cookie: str = COOKIE
    days: float = 30

    @property
    def writable(self) -> bool:
        """Whether accounts can be added and passwords changed here."""
        return atomic_write.writable(self.path)

    def by_email(self, email: str) -> Account | None:
        """Return the only account with an e-mail address."""
        if not is_address(email):
            return None
        wanted = comparable(email)
        accounts = [
            account for account in self.users.values() if comparable(account.email or "") == wanted
        ]
        return accounts[0] if len(accounts) == 1 else None


def is_address(text: str) -> bool:
    """Return whether a text is exactly one e-mail address, without invisible characters."""
    invisible = any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in text)
    return len(text) <= 254 and not invisible and _ADDRESS.fullmatch(text) is not None


def comparable(email: str) -> str:
    """Return an address for comparison: only its ASCII letters become lower case.

    Case folding turns a long ``ſ`` into an ``s``, and normalising turns the Kelvin sign into a
    ``k``; either would take somebody else's address for the account's.
    """
    return email.encode(errors="replace").lower().decode()


def canonical(username: str) -> str:
    """Return a user name for comparison: composed (NFC), lower case, without spaces around it."""
    composed = normalized("NFC", username.strip())
    return normalized("NFC", composed.casefold())


def built_in_roles(sections: Collection[str]) -> dict[str, Role]:
    """Return the roles that exist without being declared. Only "admin" includes any website."""
    every = frozenset(sections)
    return {
        "viewer": Role(sections=every, filters=True),
        "analyst": Role(sections=every, filters=True, exports=True, saves=True, costs=True),
        "admin": Role(None, None, True, True, True, True, True),
    }


_CACHE: Final[dict[Path, tuple[tuple[int, int], Accounts]]] = {}


def load(path: Path, sections: Collection[str]) -> Accounts:
    """Return the accounts in a file, which is parsed again only if it has changed.

    A file that does not exist has no accounts. Raises ``SettingsError``, which quotes no secret.
    """
    try:
        state = path.stat()
    except FileNotFoundError:
        return Accounts(path)
    stamp = (state.st_mtime_ns, state.st_size)
    if path not in _CACHE or _CACHE[path][0] != stamp:
        _CACHE[path] = (stamp, _accounts(path, content_of(path), sections))
    return _CACHE[path][1]


def content_of(path: Path) -> Mapping[str, Any]:
    """Return the content of an accounts file. Raises ``SettingsError``, which quotes no secret."""
    if not is_yaml(path):
        return secrets_of(path)
    content, line = None, ""
    try:
        content = YAML(typ="safe").load(text_of(path))
    except YAMLError as error:
        # The parser's message may quote the file, so only the line number is used.
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
    except (FileNotFoundError, ValueError):
        pass
    if not isinstance(content, Mapping):
        raise SettingsError(f"{path.name} is not YAML that names accounts{line}.")
    for name, reason in _UNSUPPORTED.items():
        entry = content.get(name)
        if any(entry.values()) if isinstance(entry, Mapping) else entry:
            _LOG.warning("%s in %s is not used: %s.", name, path.name, reason)
    if not content.get("credentials"):
        raise SettingsError(
            f"{path.name} has no credentials.usernames: make an entry with python -m access, or "
            "remove DASHBOARD_USERS."
        )
    return content


def is_yaml(path: Path) -> bool:
    """Return whether a file is YAML; the secrets are TOML."""
    return path.suffix.casefold() in (".yaml", ".yml")


def _accounts(path: Path, content: Mapping[str, Any], sections: Collection[str]) -> Accounts:
    entries = _table(_table(content, "credentials"), "usernames", "credentials.")
    if not entries:
        if "credentials" in content:
            raise SettingsError(
                f"credentials.usernames in {path.name} is empty: make an entry with python -m "
                "access, or remove credentials to do without accounts."
            )
        return Accounts(path)
    roles, declared = built_in_roles(sections), _table(content, "roles")
    for name in declared:
        roles[str(name)] = _role(f"roles.{name}", _table(declared, name, "roles."), sections)
    users: dict[str, Account] = {}
    for name in entries:
        if not isinstance(name, str):
            raise SettingsError(
                f"credentials.usernames.{str(name)[:40]} is not text: put the user name in quotes."
            )
        entry = _table(entries, name, "credentials.usernames.")
        account = _account(name, entry, roles, sections)
        if account.username in users:
            raise SettingsError(f"credentials.usernames.{account.username} is there twice.")
        users[account.username] = account
    cookie = _table(content, "cookie")
    days = cookie.get("expiry_days", 30)
    if isinstance(days, bool) or not isinstance(days, int | float) or not 0 < days <= 366:
        raise SettingsError("cookie.expiry_days must be a number of days, 366 at most.")
    name = str(cookie.get("name", COOKIE))
    if not re.fullmatch(r"[\w-]{1,60}", name, re.ASCII) or name.startswith("_streamlit"):
        raise SettingsError("cookie.name must consist of letters, digits, - and _.")
    key = str(cookie.get("key") or "")
    if len(key.encode()) < SHORTEST_KEY or len(set(key)) < 12:
        raise SettingsError(
            f"cookie.key is missing or easy to guess: it must have {SHORTEST_KEY} or more random "
            "characters. Make one with: python -m access key"
        )
    return Accounts(path, users, key, name, float(days))


def _account(
    name: str, entry: Mapping[str, Any], roles: Mapping[str, Role], sections: Collection[str]
) -> Account:
    at = f"credentials.usernames.{name[:40]}"
    username = canonical(name)
    if not NAME.fullmatch(username):
        raise SettingsError(f"{at} is not a user name: letters, digits and . _ % + @ - only.")
    _check_names(at, entry, ("password", "role", "roles", *_TEXTS, *_IGNORED, *LISTS, *FLAGS))
    for key in _TEXTS:
        if not isinstance(entry.get(key) or "", str):
            raise SettingsError(f"{at}.{key} is not text: put it in quotes.")
    password = entry.get("password")
    if password is not None:
        password = password.strip() if isinstance(password, str) else ""
        problem = ""
        if not passwords.is_hash(password):
            problem = "is not a bcrypt hash"
        elif passwords.cost(password) > passwords.MAX_COST:
            problem = f"takes too long to compare: its cost must be {passwords.MAX_COST} at most"
        if problem:
            raise SettingsError(f"{at}.password {problem}. Make the entry with: python -m access")
    if entry.get("role") and entry.get("roles"):
        raise SettingsError(f"{at} has role and roles: write all of them as roles.")
    names = entry.get("roles") or ([entry["role"]] if entry.get("role") else [])
    if not isinstance(names, list) or not all(isinstance(role, str) for role in names):
        raise SettingsError(f"{at}.roles must be a list of names: roles: [viewer].")
    if unknown := [role for role in names if role not in roles]:
        raise SettingsError(
            f"{at}.roles names {unknown[0][:40]}, which is not among the roles: declare it under "
            "roles, or use viewer, analyst or admin."
        )
    changes = {key: entry[key] for key in (*LISTS, *FLAGS) if key in entry}
    bases = [roles[role] for role in names] or ([Role()] if changes else [])
    full_name = " ".join(entry.get(part) or "" for part in ("first_name", "last_name")).strip()
    email = (entry.get("email") or "").strip()
    if email and not is_address(email):
        raise SettingsError(f"{at}.email is not an e-mail address.")
    return Account(
        username,
        full_name or entry.get("name") or username,
        email or None,
        password,
        tuple(_role(at, changes, sections, base) for base in bases),
    )


def _role(
    at: str, entry: Mapping[str, Any], sections: Collection[str], base: Role | None = None
) -> Role:
    """Return ``base``, or a role that allows nothing, with the changes of an entry."""
    _check_names(at, entry, (*LISTS, *FLAGS))
    changes: dict[str, Any] = {key: entry[key] for key in FLAGS if key in entry}
    for key, value in changes.items():
        if not isinstance(value, bool):
            raise SettingsError(f"{at}.{key} must be true or false.")
    changes |= {key: _names(f"{at}.{key}", entry[key]) for key in LISTS if key in entry}
    role = replace(base or Role(), **changes)
    if unknown := sorted((role.sections or frozenset()) - set(sections)):
        raise SettingsError(
            f"{at}.sections names {unknown[0][:40]}, which is none of "
            f"{', '.join(sorted(sections))}."
        )
    return role


def _check_names(at: str, entry: Mapping[str, Any], known: Collection[str]) -> None:
    for key in entry:
        if key not in known:
            names = ", ".join(sorted(known))
            raise SettingsError(f"{at}.{str(key)[:40]} is unknown; these settings exist: {names}.")


def _names(at: str, value: Any) -> frozenset[str] | None:
    if value == EVERY:
        return None
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise SettingsError(f'{at} must be a list of names, or "{EVERY}".')
    return frozenset(name.strip().casefold() for name in value)


def _table(entry: Mapping[str, Any], name: Any, at: str = "") -> Mapping[str, Any]:
    table = entry.get(name) or {}
    if not isinstance(table, Mapping):
        raise SettingsError(f"{at}{name} in the accounts is not a table.")
    return table


def _grant(
    role: Role,
    endpoints: Mapping[str, frozenset[str]],
    all_websites: Callable[[], Iterable[Website]],
) -> Grant:
    websites, sections = role.websites, role.sections
    if websites is not None and not all(map(_is_id, websites)):
        sites = {site.id for site in all_websites() if {site.id, site.domain.casefold()} & websites}
        websites = frozenset(sites | {name for name in websites if _is_id(name)})
    allowed = None if sections is None else frozenset().union(*(endpoints[s] for s in sections))
    return Grant(**{**asdict(role), "websites": websites, "endpoints": allowed})


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
