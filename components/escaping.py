"""Text from elsewhere, shown as text: Streamlit reads most labels as Markdown."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_PUNCTUATION: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>$&^=])")
_MEANING: Final = re.compile(r"(?<=[:@])(?! )|(?<=www)")
_JOINER: Final = "\u2060"
_FORMULA: Final = ("=", "+", "-", "@", "\N{MINUS SIGN}")
_NEXT_CELL: Final = ("\t", "\r", "\n")


def plain(text: str, longest: int = 200) -> str:
    """Text as Markdown that shows exactly it, on one line, cut where it is very long."""
    line = " ".join(text.split())
    cut = line if len(line) <= longest else line[: longest - 1] + "…"
    return _escaped(cut)


def _escaped(text: str) -> str:
    return _PUNCTUATION.sub(r"\\\1", _MEANING.sub(_JOINER, text))


def markdown(text: str, longest: int = 1_000) -> str:
    """Text as Markdown that shows exactly it; what stands in `` `backticks` `` is shown as code."""
    parts = " ".join(text.split())[:longest].split("`")
    if len(parts) % 2 == 0:
        return plain(text, longest)
    return "`".join(part if at % 2 else _escaped(part) for at, part in enumerate(parts))


def harmless(cell: object) -> object:
    """A spreadsheet cell that no spreadsheet takes for a formula.

    Some look past what is not seen before the first sign, and some read wide signs as narrow ones.
    """
    if not isinstance(cell, str):
        return cell
    first = next((sign for sign in cell if _seen(sign)), "")
    formula = unicodedata.normalize("NFKC", first) in _FORMULA
    return f"'{cell}" if formula or cell.startswith(_NEXT_CELL) else cell


def _seen(sign: str) -> bool:
    return not sign.isspace() and not unicodedata.category(sign).startswith("C")
