"""English names for the codes that Umami stores.

The functions are pure and cached. An unknown code is returned unchanged; nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import pycountry
from babel import Locale, UnknownLocaleError

NONE: Final = "(none)"
UNKNOWN: Final = "Unknown"

_ENGLISH = Locale("en")

BROWSERS: Final = {
    "android": "Android browser",
    "aol": "AOL",
    "bb10": "BlackBerry 10",
    "beaker": "Beaker",
    "chrome": "Chrome",
    "chromium-webview": "Chrome (webview)",
    "crios": "Chrome (iOS)",
    "curl": "curl",
    "edge": "Edge (legacy)",
    "edge-chromium": "Edge",
    "edge-ios": "Edge (iOS)",
    "facebook": "Facebook",
    "firefox": "Firefox",
    "fxios": "Firefox (iOS)",
    "ie": "Internet Explorer",
    "instagram": "Instagram",
    "ios": "Safari (iOS)",
    "ios-webview": "iOS (webview)",
    "kakaotalk": "KakaoTalk",
    "miui": "MIUI",
    "opera": "Opera",
    "opera-mini": "Opera Mini",
    "phantomjs": "PhantomJS",
    "safari": "Safari",
    "samsung": "Samsung Internet",
    "searchbot": "Search bot",
    "silk": "Silk",
    "yandexbrowser": "Yandex",
}
SYSTEMS: Final = {
    "Amazon OS": "Fire OS",
    "Android OS": "Android",
    "Chrome OS": "ChromeOS",
    "Mac OS": "macOS",
    "Open BSD": "OpenBSD",
    "Sun OS": "SunOS",
    "Windows 10": "Windows 10/11",
}
DEVICES: Final = {
    **{name.lower(): name for name in ("Desktop", "Laptop", "Mobile", "Tablet", "Console")},
    "smarttv": "Smart TV",
    "wearable": "Wearable",
}
CHANNELS: Final = {
    **{
        code: re.sub("([A-Z])", r" \1", code).capitalize()
        for code in (
            *("affiliate", "direct", "email", "referral", "unknown"),
            *("organicSearch", "organicShopping", "organicSocial", "organicVideo"),
            *("paidAds", "paidSearch", "paidShopping", "paidSocial", "paidVideo"),
        )
    },
    "llm": "AI assistants",
    "sms": "SMS",
}
SHORT_COUNTRIES: Final = {"GB": "United Kingdom", "US": "United States", "HK": "Hong Kong"}


@lru_cache(maxsize=1024)
def country(code: str) -> str:
    """The country of an ISO 3166 alpha-2 code: ``DE`` is Germany."""
    upper = code.upper()
    if len(upper) != 2 or not upper.isalpha():
        return code
    return SHORT_COUNTRIES.get(upper) or str(_ENGLISH.territories.get(upper, code))


@lru_cache(maxsize=4096)
def region(code: str) -> str:
    """The subdivision of an ISO 3166-2 code: ``DE-BE`` is Berlin."""
    subdivision = pycountry.subdivisions.get(code=code.upper())  # type: ignore[no-untyped-call]
    name = getattr(subdivision, "name", None)
    return name if isinstance(name, str) else code


@lru_cache(maxsize=1024)
def language(code: str) -> str:
    """The language of a BCP 47 tag: ``de`` is German, ``pt-BR`` Brazilian Portuguese."""
    tag = code.replace("_", "-")
    try:
        name = Locale.parse(tag, sep="-").get_display_name("en")
    except (UnknownLocaleError, ValueError, TypeError, AttributeError):
        name = None
    return str(name or _ENGLISH.languages.get(tag.partition("-")[0].lower(), code))


@lru_cache(maxsize=256)
def currency(code: str) -> str:
    """The currency of an ISO 4217 code: ``EUR`` is Euro."""
    return str(_ENGLISH.currencies.get(code.strip().upper(), code))


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
_NAMERS: Final[dict[str, Callable[[str], str]]] = {
    "country": country,
    "region": region,
    "language": language,
    "referrer": referrer,
}
_MISSING: Final = {
    **dict.fromkeys(
        ("country", "region", "city", "browser", "os", "device", "screen", "language"), UNKNOWN
    ),
    "referrer": "Direct / none",
    "title": "(no title)",
    "query": "(no query)",
}


def label(field: str, value: str | None, *, of: str | None = None) -> str:
    """The name of a field's value; ``of`` is the country of a region or city.

    The name of ``None`` and of an empty text depends on the field: a missing referrer is a direct
    visit.
    """
    if not value:
        return _MISSING.get(field, NONE)
    name = _NAMERS[field](value) if field in _NAMERS else _TABLES.get(field, {}).get(value, value)
    if of and field in ("region", "city"):
        return f"{name}, {country(of)}"
    return name
