"""The texts of the interface, marked for translation.

No catalogue exists yet, so every text is shown as it is written. Python's ``gettext.gettext`` would
follow the language of the server instead of the reader's, and look for catalogues in every call.
"""

from gettext import NullTranslations
from typing import Final

_: Final = NullTranslations().gettext
"""Translate a text where it is shown."""


def N_(text: str) -> str:
    """Mark a text that is defined before the reader's language is known; ``_`` translates it where
    it is shown."""
    return text
