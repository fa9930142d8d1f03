"""Text from elsewhere, shown as text: Streamlit reads most labels as Markdown."""

from __future__ import annotations

import re
from typing import Final

_PUNCTUATION: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>$&^=])")
_MEANING: Final = re.compile(r"(?<=[:@])|(?<=www)")
_JOINER: Final = "\u2060"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def plain(text: str, longest: int = 200) -> str:
    """Text as Markdown that shows exactly it, on one line, cut where it is very long."""
    line = " ".join(text.split())
    cut = line if len(line) <= longest else line[: longest - 1] + "…"
    return _PUNCTUATION.sub(r"\\\1", _MEANING.sub(_JOINER, cut))


def harmless(cell: object) -> object:
    """A spreadsheet cell that no spreadsheet takes for a formula."""
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell
