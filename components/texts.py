"""The texts of the interface in the language of the reader.

``_`` translates a text into the language of the current run. ``components/language.py`` sets it at
the start of each run and of everything that runs without ``app.py``. The catalogues are the files
``components/locales/*/LC_MESSAGES/dashboard.po``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from babel import Locale, localedata
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from umami import memoize as memoized
from umami.errors import UmamiError
from umami.texts import N_ as N_
from umami.texts import Message as Message

P = ParamSpec("P")
T = TypeVar("T")

CATALOGUES: Final = Path(__file__).parent / "locales"
LANGUAGES: Final = {"en": "English", "de": "Deutsch", "es": "Español", "fr": "Français"}
"""The languages of the interface, each by its own name."""
ENGLISH: Final = "en"
"""The default: English with formats that are read everywhere, such as ``31 Oct 2026, 14:05``. The
formats of a country are those of ``en-US``, ``en-GB`` and so on."""
_TAG: Final = re.compile(r"([a-z]{2})(?:[-_]([a-z]{2}|[0-9]{3}))?", re.IGNORECASE | re.ASCII)
_LOCALE: Final[ContextVar[str]] = ContextVar("locale of the reader", default=ENGLISH)


def supported(tag: object) -> str | None:
    """A language tag from outside in our spelling: ``de-CH``; without its region where that is
    unknown. ``None`` for any other language and for anything that is no tag."""
    match = _TAG.fullmatch(tag) if isinstance(tag, str) else None
    if match is None or match[1].lower() not in LANGUAGES:
        return None
    language, region = match[1].lower(), (match[2] or "").upper()
    return f"{language}-{region}" if localedata.exists(f"{language}_{region}") else language


def locale() -> str:
    """The locale of the reader, such as ``de-CH`` or ``en``."""
    return _LOCALE.get()


def language() -> str:
    """The language of the reader, such as ``de``."""
    return _LOCALE.get()[:2]


def babel_locale() -> Locale:
    """The locale of the reader, for Babel."""
    return parsed_locale(_LOCALE.get())


@cache
def parsed_locale(tag: str) -> Locale:
    """A supported locale, for Babel."""
    return Locale.parse(tag, sep="-")


def set_locale(tag: str) -> None:
    """Set the locale of the reader for the rest of this run. ``tag`` is a supported one."""
    _LOCALE.set(tag)


@contextmanager
def reading(tag: str) -> Iterator[None]:
    """Set the locale of the reader within the block."""
    token = _LOCALE.set(tag)
    try:
        yield
    finally:
        _LOCALE.reset(token)


def _(text: str) -> str:
    """Translate a text where it is shown; a ``Message`` gets its values."""
    if isinstance(text, Message):
        values = {
            name: _(value) if isinstance(value, Message) else value
            for name, value in text.values.items()
        }
        return _(text.template).format(**values)
    # The translation of an empty text is the header of the catalogue.
    return _catalogue(_LOCALE.get()[:2]).gettext(text) if text else text


def ngettext(singular: str, plural: str, number: int) -> str:
    """The form of a text for a number in the reader's language."""
    return _catalogue(_LOCALE.get()[:2]).ngettext(singular, plural, number)


@cache
def _catalogue(language: str) -> NullTranslations:
    path = CATALOGUES / language / "LC_MESSAGES" / "dashboard.po"
    if not path.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return GNUTranslations(compiled)


def sentence(problem: Exception) -> str:
    """What one of our errors says, in the reader's language."""
    return _(problem.args[0])


def sentences(problem: UmamiError) -> str:
    """What went wrong and what to do about it, in the reader's language."""
    return f"{sentence(problem)} {_(problem.remedy)}"


def NN_(singular: str, plural: str) -> tuple[str, str]:
    """Mark both forms of a text with a number; ``ngettext`` translates them where it is shown."""
    return singular, plural


def inside(label: str) -> str:
    """A label inside of a sentence: it begins in lower case, except for abbreviations, and in
    German, whose nouns are capitalised."""
    keeps = language() == "de" or label[1:2].isupper()
    return label if keeps else label[:1].lower() + label[1:]


def capitalised(text: str) -> str:
    """A text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def memoize(function: Callable[P, T]) -> Callable[P, T]:
    """``umami.memoize.memoize`` for results that contain texts or formats: one for each locale."""

    @memoized.memoize
    def in_locale(_tag: str, *args: P.args, **kwargs: P.kwargs) -> T:
        return function(*args, **kwargs)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        return in_locale(_LOCALE.get(), *args, **kwargs)

    return call
