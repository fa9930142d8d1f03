"""Normal forms of untrusted texts: of Unicode, and of ids. Unicode normalization takes time
quadratic in the number of combining marks in a row, and blocks the process meanwhile: 20,000 marks
take seconds."""

import unicodedata
from typing import Final, Literal
from uuid import UUID

from umami.errors import InvalidView
from umami.texts import Message

LONGEST: Final = 2000
"""Characters; no sensible name, password or value of a filter has more."""


def normalized(form: Literal["NFC", "NFD"], text: str) -> str:
    """The normal form of a text; a longer text is returned unchanged."""
    return unicodedata.normalize(form, text) if len(text) <= LONGEST else text


def uuid_of(text: str, what: str = "website") -> str:
    """The id, which must be a UUID: servers answer any other id with an internal error."""
    try:
        return str(UUID(text))
    except (ValueError, AttributeError, TypeError):
        raise InvalidView(Message("That is not the id of a {what}.", what=Message(what))) from None
