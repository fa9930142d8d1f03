"""Passwords: hashed with bcrypt, compared in the same time whoever is asked about."""

from __future__ import annotations

import re
import threading
from functools import cache
from typing import Final

import bcrypt

from umami.floor import left

LONGEST: Final = 72
"""Bytes; bcrypt looks at no more."""
USUAL: Final = 12
"""What a new hash costs, in doublings."""
SHORTEST: Final = 10
"""Characters."""
_HASH: Final = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_AT_ONCE: Final = threading.BoundedSemaphore(2)
"""Each comparison costs a quarter of a second of a core: many at once must not stop the others."""


def hashed(password: str) -> str:
    """A new hash of a password. Raises ``ValueError`` where it is too long for bcrypt."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(USUAL)).decode()


def is_hash(text: str) -> bool:
    """Whether a text is a bcrypt hash."""
    return _HASH.fullmatch(text) is not None


def cost(known: str) -> int:
    """How costly a hash is to compare, in doublings."""
    found = _HASH.fullmatch(known)
    return int(found[1]) if found else USUAL


def matches(password: str, known: str | None, usual: int = USUAL) -> bool:
    """Whether a password is the one that was hashed.

    ``None`` stands for somebody who has none, or does not exist: that takes just as long as a
    hash that costs as much as is ``usual``.
    """
    given = password.encode(errors="replace")
    against = known if known is not None else _nobodys(usual)
    # Python is free meanwhile.
    with left(), _AT_ONCE:
        same = bcrypt.checkpw(given[:LONGEST], against.encode())
    return same and known is not None and len(given) <= LONGEST


def weakness(password: str, username: str) -> str | None:
    """Why a new password will not do, in a sentence; ``None`` where it will."""
    if len(password) < SHORTEST:
        return f"A password has {SHORTEST} characters or more."
    if len(password.encode(errors="replace")) > LONGEST:
        return f"A password has {LONGEST} bytes at most."
    if password != password.strip():
        return "A password does not begin or end with a space."
    if len(set(password)) < 5:
        return "That password repeats itself."
    if username.casefold() in password.casefold():
        return "A password does not contain the user name."
    return None


@cache
def _nobodys(usual: int) -> str:
    return bcrypt.hashpw(b"nobody has this password", bcrypt.gensalt(usual)).decode()
