"""Passwords: hashed with bcrypt, compared in the same time whoever is asked about."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache
from typing import Final

import bcrypt

from umami.fair_lock import released
from umami.normal_forms import normalized

LONGEST: Final = 72
"""Bytes; bcrypt looks at no more."""
USUAL: Final = 12
"""What a new hash costs, in doublings."""
COSTLIEST: Final = 16
"""What a hash may cost: every comparison takes as long as one of the costliest hash there is."""
SHORTEST: Final = 10
"""Characters."""
AT_ONCE: Final = 2
"""Comparisons that run at once: each takes a quarter of a second of a core."""
WAITING: Final = 6
"""Comparisons that wait for one of these to end."""
_HASH: Final = re.compile(
    r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}"
)
_RUNNING: Final = threading.BoundedSemaphore(AT_ONCE)
_PRESENT: Final = threading.BoundedSemaphore(AT_ONCE + WAITING)


class Busy(Exception):
    """As many comparisons as may wait are waiting; nothing was compared."""


def hashed(password: str) -> str:
    """A new hash of a password, in its composed Unicode form (NFC).

    Raises ``ValueError`` where it is too long for bcrypt.
    """
    return bcrypt.hashpw(_encoded(_composed(password)), bcrypt.gensalt(USUAL)).decode()


def is_hash(text: str) -> bool:
    """Whether a text is a bcrypt hash."""
    return _HASH.fullmatch(text) is not None


def cost(known: str) -> int:
    """How costly a hash is to compare, in doublings."""
    found = _HASH.fullmatch(known)
    return int(found[1]) if found else USUAL


def matches(password: str, known: str | None, usual: int = USUAL) -> bool:
    """Whether a password is the one that was hashed.

    It takes as long as comparing with a hash that costs as much as is ``usual``, also where the
    hash is cheaper, and where it is ``None``, which stands for somebody who has none or does not
    exist. The same letters match in composed and in decomposed Unicode form; how often it is
    compared depends on what was typed alone. Raises ``Busy``.
    """
    forms = dict.fromkeys(
        _encoded(form) for form in (password, _composed(password), normalized("NFD", password))
    )
    if not _PRESENT.acquire(blocking=False):
        raise Busy
    try:
        # Python is free meanwhile.
        with released(), _RUNNING:
            same = [_compared(form, known, usual) for form in forms]
    finally:
        _PRESENT.release()
    return any(same)


def _compared(given: bytes, known: str | None, usual: int) -> bool:
    against = known if known is not None else _nobodys(usual)
    same = bcrypt.checkpw(given[:LONGEST], against.encode())
    # What a cheaper hash lacks: 2^c + (2^c + 2^(c+1) + … + 2^(usual-1)) is 2^usual.
    for missing in range(cost(against), usual):
        bcrypt.checkpw(b"", _nobodys(missing).encode())
    return same and known is not None and len(given) <= LONGEST


def too_long(password: str) -> str | None:
    """Why a new password cannot be hashed, in a sentence; ``None`` where it can."""
    if len(_encoded(_composed(password))) > LONGEST:
        return (
            f"A password has {LONGEST} bytes at most, of which a letter with an accent takes two "
            "and an emoji four."
        )
    if any(unicodedata.category(one) in ("Cc", "Cs") for one in password):
        return "A password holds no control characters, such as tabs."
    return None


def weakness(password: str, username: str) -> str | None:
    """Why a new password will not do, in a sentence; ``None`` where it will."""
    if len(_composed(password)) < SHORTEST:
        return f"A password has {SHORTEST} characters or more."
    if wrong := too_long(password):
        return wrong
    if password != password.strip():
        return "A password does not begin or end with a space."
    if len(set(password)) < 5:
        return "That password repeats itself."
    if username.casefold() in _composed(password).casefold():
        return "A password does not contain the user name."
    return None


def _composed(password: str) -> str:
    return normalized("NFC", password)


def _encoded(password: str) -> bytes:
    return password.encode(errors="replace")


@cache
def _nobodys(usual: int) -> str:
    return bcrypt.hashpw(b"nobody has this password", bcrypt.gensalt(usual)).decode()
