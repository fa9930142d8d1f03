"""Codes into names: what Umami stores, as a person reads it.

Pure and cached; a code nobody knows is shown as it came, and nothing here ever raises. Names
are English.
"""

from __future__ import annotations

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
    "desktop": "Desktop",
    "laptop": "Laptop",
    "mobile": "Mobile",
    "tablet": "Tablet",
    "smarttv": "Smart TV",
    "console": "Console",
    "wearable": "Wearable",
}
CHANNELS: Final = {
    "affiliate": "Affiliate",
    "direct": "Direct",
    "email": "Email",
    "llm": "AI assistants",
    "organicSearch": "Organic search",
    "organicShopping": "Organic shopping",
    "organicSocial": "Organic social",
    "organicVideo": "Organic video",
    "paidAds": "Paid ads",
    "paidSearch": "Paid search",
    "paidShopping": "Paid shopping",
    "paidSocial": "Paid social",
    "paidVideo": "Paid video",
    "referral": "Referral",
    "sms": "SMS",
    "unknown": UNKNOWN,
}
SHORT_COUNTRIES: Final = {"GB": "United Kingdom", "US": "United States", "HK": "Hong Kong"}
KOSOVO: Final = {"XK": "XKX"}
"""Countries with a code in use that ISO does not list."""


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
    found = pycountry.subdivisions.get(code=code.upper())  # type: ignore[no-untyped-call]
    name = getattr(found, "name", None)
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
    """The alpha-3 code of an alpha-2 one, as maps want it; ``None`` for one that is no country."""
    upper = code.upper()
    if upper in KOSOVO:
        return KOSOVO[upper]
    if len(upper) != 2:
        return None
    found = pycountry.countries.get(alpha_2=upper)
    three = getattr(found, "alpha_3", None)
    return three if isinstance(three, str) else None


def browser(code: str) -> str:
    """The browser: ``crios`` is Chrome (iOS)."""
    return BROWSERS.get(code, code)


def system(code: str) -> str:
    """The operating system: ``Mac OS`` is macOS."""
    return SYSTEMS.get(code, code)


def device(code: str) -> str:
    """The kind of device: ``mobile`` is Mobile."""
    return DEVICES.get(code, code)


def channel(code: str) -> str:
    """The channel: ``organicSearch`` is Organic search."""
    return CHANNELS.get(code, code)


def referrer(domain: str) -> str:
    """The referring domain, without ``www.``."""
    return domain.removeprefix("www.") or domain


_NAMERS: Final[dict[str, Callable[[str], str]]] = {
    "browser": browser,
    "os": system,
    "device": device,
    "channel": channel,
    "country": country,
    "region": region,
    "language": language,
    "referrer": referrer,
}
_NOTHING: Final = {
    "referrer": "Direct / none",
    "country": UNKNOWN,
    "region": UNKNOWN,
    "city": UNKNOWN,
    "browser": UNKNOWN,
    "os": UNKNOWN,
    "device": UNKNOWN,
    "screen": UNKNOWN,
    "language": UNKNOWN,
    "title": "(no title)",
    "query": "(no query)",
}


def label(field: str, value: str | None, *, of: str | None = None) -> str:
    """What a value of a field is called; ``of`` is the country of a region or city.

    ``None`` and empty text are named for what they mean in that field: a missing referrer is a
    direct visit.
    """
    if not value:
        return _NOTHING.get(field, NONE)
    name = _NAMERS[field](value) if field in _NAMERS else value
    if of and field in ("region", "city"):
        return f"{name}, {country(of)}"
    return name
