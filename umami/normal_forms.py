"""Unicode normal forms of texts that strangers choose.

Normalizing takes time that grows with the square of the number of combining marks in a row, during
which nothing else runs in the process: 20,000 marks stop it for seconds.
"""

from __future__ import annotations

import unicodedata
from typing import Final, Literal

LONGEST: Final = 2000
"""Characters; no name, password or value of a filter that means anything has more."""


def normalized(form: Literal["NFC", "NFD"], text: str) -> str:
    """A text in a normal form; a text that is too long stays as it is."""
    return unicodedata.normalize(form, text) if len(text) <= LONGEST else text
