"""The claims of an identity provider's ID token, of which only unambiguous ones are accepted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

MAX_AGE: Final = timedelta(days=31)
"""How long a sign-in at a provider is valid; Streamlit forgets it after 30 days."""
CLOCK_AHEAD: Final = timedelta(minutes=5)
"""How far the provider's clock may be ahead of ours."""
_ADDRESS: Final = re.compile(r'[^\s@<>"(),:;\\]+@[^\s@<>"(),:;\\]+')


class InvalidClaims(Exception):
    """A claim is missing or invalid; the message says which, for the viewer."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The e-mail address of a viewer, when the token was issued (aware), and whether the provider
    has verified that the address is theirs."""

    email: str
    issued: datetime
    verified: bool


def parse(user: Mapping[str, Any], now: datetime | None = None) -> Claims:
    """Parse the claims of an ID token. Raises ``InvalidClaims``.

    ``email_verified`` may be absent, since many providers have no such claim. Any value but true
    and ``"true"`` means that the address is not verified.
    """
    email, issued = user.get("email"), user.get("iat")
    if not isinstance(email, str) or not is_address(email):
        raise InvalidClaims("The identity provider sent no usable e-mail address.")
    now = now or datetime.now(UTC)
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        raise InvalidClaims("The identity provider does not say when you signed in.")
    # Compared as numbers, since NaN, infinite and huge ones cannot become a datetime.
    if not (now - MAX_AGE).timestamp() <= issued <= (now + CLOCK_AHEAD).timestamp():
        raise InvalidClaims("You signed in at the provider too long ago, or in the future.")
    verified = user.get("email_verified", True)
    return Claims(
        email, datetime.fromtimestamp(issued, UTC), verified is True or verified == "true"
    )


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
