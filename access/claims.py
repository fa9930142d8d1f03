"""What an identity provider says of somebody, of which only what is beyond doubt is believed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

LASTING: Final = timedelta(days=31)
"""For how long a provider's word counts; Streamlit forgets it after 30 days."""
FAST: Final = timedelta(minutes=5)
"""How far a provider's clock may be ahead of ours."""
_ADDRESS: Final = re.compile(r'[^\s@<>"(),:;\\]+@[^\s@<>"(),:;\\]+')


class Doubtful(Exception):
    """A claim is missing or is not what it should be; the message says which, for the viewer."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Who somebody is: the e-mail address, when the provider said so (aware), and whether it has
    verified that the address is theirs."""

    email: str
    issued: datetime
    verified: bool


def read(user: Mapping[str, Any], now: datetime | None = None) -> Claims:
    """The claims of an ID token. Raises ``Doubtful``.

    ``email_verified`` may be absent, as many providers have no such claim; anything but true and
    ``"true"`` means that the address is not verified.
    """
    email = user.get("email")
    if not isinstance(email, str) or not is_address(email):
        raise Doubtful("The identity provider gives no e-mail address that can be used.")
    issued = user.get("iat")
    now = now or datetime.now(UTC)
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        raise Doubtful("The identity provider does not say when you signed in.")
    # Compared as numbers: a number that is no date (NaN, infinite, huge) is not in between either.
    if not (now - LASTING).timestamp() <= issued <= (now + FAST).timestamp():
        raise Doubtful("You signed in at the identity provider too long ago, or in the future.")
    verified = user.get("email_verified", True)
    return Claims(
        email, datetime.fromtimestamp(issued, UTC), verified is True or verified == "true"
    )


def is_address(text: str) -> bool:
    """Whether a text is one e-mail address, without anything around it or unseen in it."""
    unseen = any(unicodedata.category(one) in ("Cc", "Cf", "Cs") for one in text)
    return len(text) <= 254 and not unseen and _ADDRESS.fullmatch(text) is not None


def comparable(email: str) -> str:
    """An address as it is compared: letters of ASCII in lower case, all others as they are.

    Case folding would make an ``s`` of a long ``ſ``, and normalising a ``k`` of the Kelvin sign, so
    that somebody else's address would be taken for the account's.
    """
    return email.encode(errors="replace").lower().decode()
