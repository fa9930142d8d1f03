"""Unicode normal forms of untrusted texts.

Normalization takes time quadratic in the number of combining marks in a row, and blocks the process
meanwhile: 20,000 marks take seconds.
"""

from __future__ import annotations

import unicodedata
from typing import Final, Literal

LONGEST: Final = 2000
"""Characters; no sensible name, password or value of a filter has more."""


def normalized(form: Literal["NFC", "NFD"], text: str) -> str:
    """The normal form of a text; a longer text is returned unchanged."""
    return unicodedata.normalize(form, text) if len(text) <= LONGEST else text
