"""Passwords: bcrypt hashes, and comparisons that take the same time for every account."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache
from typing import Final

import bcrypt

from umami.normal_forms import normalized

MAX_BYTES: Final = 72
"""bcrypt ignores the bytes after these."""
DEFAULT_COST: Final = 12
"""The cost of a new hash: bcrypt does ``2 ** cost`` rounds."""
MAX_COST: Final = 16
"""The largest cost that a hash may have; the costliest hash decides how long a comparison takes."""
MIN_LENGTH: Final = 10
"""Characters."""
AT_ONCE: Final = 2
"""Comparisons that run at the same time; each takes a quarter of a second of a core."""
WAITING: Final = 6
"""Comparisons that wait while ``AT_ONCE`` others run."""
_HASH: Final = re.compile(
    r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}"
)
_RUNNING: Final = threading.BoundedSemaphore(AT_ONCE)
_PRESENT: Final = threading.BoundedSemaphore(AT_ONCE + WAITING)


class Busy(Exception):
    """``WAITING`` comparisons wait already; nothing was compared."""


def hashed(password: str) -> str:
    """Return a new hash of a password in its composed Unicode form (NFC).

    Raises ``ValueError`` if the password is too long for bcrypt.
    """
    composed = _encoded(normalized("NFC", password))
    return bcrypt.hashpw(composed, bcrypt.gensalt(DEFAULT_COST)).decode()


def is_hash(text: str) -> bool:
    """Return whether a text is a bcrypt hash."""
    return _HASH.fullmatch(text) is not None


def cost(known: str) -> int:
    """Return the cost of a hash, as the exponent of its rounds."""
    parts = _HASH.fullmatch(known)
    return int(parts[1]) if parts else DEFAULT_COST


def matches(password: str, known: str | None, usual: int = DEFAULT_COST) -> bool:
    """Return whether ``known`` is the hash of a password. Raises ``Busy``.

    The comparison takes as long as one with a hash of cost ``usual``, even if the hash is cheaper
    or ``None``, which stands for an account without a password or without existence. The composed
    and the decomposed Unicode form of the same letters match; how many forms are compared depends
    only on what was typed.
    """
    composed, decomposed = normalized("NFC", password), normalized("NFD", password)
    forms = dict.fromkeys(map(_encoded, (password, composed, decomposed)))
    if not _PRESENT.acquire(blocking=False):
        raise Busy
    try:
        with _RUNNING:
            same = [_compare(form, known, usual) for form in forms]
    finally:
        _PRESENT.release()
    return any(same)


def _compare(password: bytes, known: str | None, usual: int) -> bool:
    against = known if known is not None else _dummy_hash(usual)
    same = bcrypt.checkpw(password[:MAX_BYTES], against.encode())
    # Add the rounds that a cheaper hash lacks: 2^c + (2^c + 2^(c+1) + … + 2^(usual-1)) = 2^usual.
    for missing in range(cost(against), usual):
        bcrypt.checkpw(b"", _dummy_hash(missing).encode())
    return same and known is not None and len(password) <= MAX_BYTES


def too_long(password: str) -> str | None:
    """Return a sentence that says why a new password cannot be hashed; ``None`` if it can."""
    if len(_encoded(normalized("NFC", password))) > MAX_BYTES:
        return (
            f"A password has {MAX_BYTES} bytes at most, of which a letter with an accent takes two "
            "and an emoji four."
        )
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in password):
        return "A password contains no control characters, such as tabs."
    return None


def weakness(password: str, username: str) -> str | None:
    """Return a sentence that says why a new password is not accepted; ``None`` if it is."""
    composed = normalized("NFC", password)
    if len(composed) < MIN_LENGTH:
        return f"A password has {MIN_LENGTH} characters or more."
    if problem := too_long(password):
        return problem
    if password != password.strip():
        return "A password does not begin or end with a space."
    if len(set(password)) < 5:
        return "That password repeats itself."
    if username.casefold() in composed.casefold():
        return "A password does not contain the user name."
    return None


def _encoded(password: str) -> bytes:
    return password.encode(errors="replace")


@cache
def _dummy_hash(usual: int) -> str:
    return bcrypt.hashpw(b"nobody has this password", bcrypt.gensalt(usual)).decode()
