"""Names for the codes that Umami stores, in English or another language. The functions are pure and
cached. An unknown code is returned unchanged; nothing here raises."""

import tomllib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

import pycountry
from babel import Locale, UnknownLocaleError

from umami.texts import N_

NONE: Final = N_("(none)")
UNKNOWN: Final = N_("Unknown")

ENGLISH: Final = "en"

_NAMES: Final[dict[str, dict[str, str]]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text("utf-8")
)
BROWSERS: Final = _NAMES["browsers"]
SYSTEMS: Final = _NAMES["systems"]
DEVICES: Final = _NAMES["devices"]
CHANNELS: Final = _NAMES["channels"]
SHORT_COUNTRIES: Final = _NAMES["short_countries"]


@lru_cache(maxsize=1024)
def country(code: str, language: str = ENGLISH) -> str:
    """The country of an ISO 3166 alpha-2 code: ``DE`` is Germany."""
    upper = code.upper()
    if len(upper) != 2 or not upper.isalpha():
        return code
    short = SHORT_COUNTRIES.get(upper) if language == ENGLISH else None
    return short or str(Locale(language).territories.get(upper, code))


@lru_cache(maxsize=4096)
def region(code: str) -> str:
    """The subdivision of an ISO 3166-2 code: ``DE-BE`` is Berlin."""
    subdivision = pycountry.subdivisions.get(code=code.upper())  # type: ignore[no-untyped-call]
    name = getattr(subdivision, "name", None)
    return name if isinstance(name, str) else code


@lru_cache(maxsize=1024)
def language(code: str, language: str = ENGLISH) -> str:
    """The language of a BCP 47 tag: ``de`` is German, ``pt-BR`` Brazilian Portuguese."""
    tag = code.replace("_", "-")
    try:
        name = Locale.parse(tag, sep="-").get_display_name(language)
    except (UnknownLocaleError, ValueError, TypeError, AttributeError):
        name = None
    return str(name or Locale(language).languages.get(tag.partition("-")[0].lower(), code))


@lru_cache(maxsize=256)
def currency(code: str, language: str = ENGLISH) -> str:
    """The currency of an ISO 4217 code: ``EUR`` is Euro."""
    return str(Locale(language).currencies.get(code.strip().upper(), code))


@lru_cache(maxsize=1024)
def iso3(code: str) -> str | None:
    """The alpha-3 code of an alpha-2 code, for maps; ``None`` where it is not a country's."""
    upper = code.upper()
    if upper == "XK":
        # Kosovo's codes are in use, but ISO does not list them.
        return "XKX"
    alpha_3 = getattr(pycountry.countries.get(alpha_2=upper), "alpha_3", None)
    return alpha_3 if isinstance(alpha_3, str) else None


def referrer(domain: str) -> str:
    """A referring domain, without ``www.``."""
    return domain.removeprefix("www.") or domain


_TABLES: Final = {"browser": BROWSERS, "os": SYSTEMS, "device": DEVICES, "channel": CHANNELS}
_NAMERS: Final[dict[str, Callable[[str, str], str]]] = {
    "country": country,
    "region": lambda code, _language: region(code),
    "language": language,
    "referrer": lambda domain, _language: referrer(domain),
}
_MISSING: Final = {
    **dict.fromkeys(
        ("country", "region", "city", "browser", "os", "device", "screen", "language"), UNKNOWN
    ),
    "referrer": N_("Direct / none"),
    "title": N_("(no title)"),
    "query": N_("(no parameters)"),
}


def label(field: str, value: str | None, *, of: str | None = None, language: str = ENGLISH) -> str:
    """The name of a field's value; ``of`` is the country of a region or city. The name of ``None``
    and of an empty text depends on the field: a missing referrer is a direct visit. ``language`` is
    that of countries and languages; other names are English."""
    if not value:
        return _MISSING.get(field, NONE)
    if field in _NAMERS:
        name = _NAMERS[field](value, language)
    else:
        name = _TABLES.get(field, {}).get(value, value)
    if of and field in ("region", "city"):
        return f"{name}, {country(of, language)}"
    return name
