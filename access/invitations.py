"""Invitations: the account of somebody who chooses a password with a link.

``authentication`` makes and accepts the links.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from access.accounts import EVERY, NAME, Account, canonical, comparable, is_address
from access.secrets_file import Person
from umami.normal_forms import normalized

LONGEST_NAME: Final = 100
ROLES: Final = ("viewer", "analyst", "admin")
_REFUSED: Final = re.compile(r"[<>{}\[\]|\\`=^~\"]")
_MARKS: Final = ("Mn", "Mc", "Me")
_INVISIBLE: Final = ("Cc", "Cs", "Co", "Zl", "Zp")


class InvitationRefused(Exception):
    """An account cannot be made of what was entered. The message is for the admin."""


def username_of(name: str, email: str) -> str:
    """Return the user name for a new account: the e-mail address if it can be one, else the words
    of the name with dots between them."""
    if NAME.fullmatch(canonical(email)):
        return canonical(email)
    decomposed = normalized("NFD", name)
    letters = "".join(each for each in decomposed if unicodedata.category(each) not in _MARKS)
    return canonical(re.sub(r"[\W_]+", ".", letters).strip("."))


def invited(
    name: str,
    email: str,
    role: str,
    websites: Sequence[str],
    sections: Sequence[str],
    *,
    accounts: Mapping[str, Account],
    known: Collection[str],
    pages: Collection[str],
) -> Person:
    """Return a new account, without a password.

    ``websites`` are ids of ``known`` ones, or ``EVERY``; ``sections`` are names among ``pages``,
    none for all that the role has. The role "admin" includes everything. ``accounts`` are those
    that exist. Raises ``InvitationRefused``.
    """
    name, email = " ".join(name.split()), email.strip()
    if problem := _problem_of_name(name) or _problem_of_email(email, accounts):
        raise InvitationRefused(problem)
    username = username_of(name, email)
    if not NAME.fullmatch(username):
        raise InvitationRefused("No user name can be made of that name: type another.")
    if username in accounts:
        raise InvitationRefused(f"There is an account {username} already: add a surname or e-mail.")
    if role not in ROLES:
        raise InvitationRefused("Choose a role.")
    if role == "admin":
        return Person(username, name, None, (role,), (), email)
    if not websites:
        raise InvitationRefused("Choose at least one website.")
    if set(websites) - {EVERY, *known}:
        raise InvitationRefused("One of the websites does not exist any more: choose again.")
    if set(sections) - set(pages):
        raise InvitationRefused("One of the pages does not exist: choose again.")
    every = EVERY in websites
    return Person(
        username, name, None, (role,), None if every else tuple(websites), email, tuple(sections)
    )


def _problem_of_name(name: str) -> str | None:
    if not name:
        return "Type the name of the person."
    if len(name) > LONGEST_NAME:
        return f"A name has {LONGEST_NAME} characters at most."
    invisible = any(unicodedata.category(character) in _INVISIBLE for character in name)
    if not name[0].isalnum() or invisible or _REFUSED.search(name):
        return "A name begins with a letter or digit, and has no signs such as < > { } [ ] | = ~."
    return None


def _problem_of_email(email: str, accounts: Mapping[str, Account]) -> str | None:
    if not email:
        return None
    if not is_address(email):
        return "That is not an e-mail address."
    taken = {comparable(account.email or "") for account in accounts.values()}
    if comparable(email) in taken:
        return "There is an account with this e-mail address already."
    return None
