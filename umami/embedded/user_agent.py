"""Detect the browser, operating system and device of a User-Agent, or a bot.

Names and rules are those of Umami 2.x. The first matching row decides, because browsers of earlier
rows also contain the marks of later ones.
"""

from __future__ import annotations

import re

BROWSERS = (
    ("AOLShield/", "aol"),
    ("Edge/", "edge"),
    ("EdgiOS/", "edge-ios"),
    ("YaBrowser/", "yandexbrowser"),
    ("Vivaldi/", "vivaldi"),
    ("KAKAOTALK", "kakaotalk"),
    ("SamsungBrowser/", "samsung"),
    ("Silk/", "silk"),
    ("MiuiBrowser/", "miui"),
    ("BeakerBrowser/", "beaker"),
    ("Edg/", "edge-chromium"),
    ("OPR/", "opera"),
    ("Chrome/", "chrome"),
    ("Chromium/", "chrome"),
    ("PhantomJS/", "phantomjs"),
    ("CriOS/", "crios"),
    ("Firefox/", "firefox"),
    ("FxiOS/", "fxios"),
    ("Opera Mini", "opera-mini"),
    ("Opera/", "opera"),
    ("Trident/7.0", "ie"),
    ("MSIE ", "ie"),
    ("BB10;", "bb10"),
    ("Android ", "android"),
)
SYSTEMS = (
    (r"iPhone|iPod|iPad", "iOS"),
    ("Android", "Android OS"),
    ("BlackBerry|BB10", "BlackBerry OS"),
    ("IEMobile", "Windows Mobile"),
    ("Kindle", "Amazon OS"),
    ("Win16", "Windows 3.11"),
    ("Windows[ _]95|Win95", "Windows 95"),
    ("Windows 98|Win98", "Windows 98"),
    (r"Windows NT 5\.0|Windows 2000", "Windows 2000"),
    (r"Windows NT 5\.1|Windows XP", "Windows XP"),
    (r"Windows NT 5\.2", "Windows Server 2003"),
    (r"Windows NT 6\.0", "Windows Vista"),
    (r"Windows NT 6\.1", "Windows 7"),
    (r"Windows NT 6\.2", "Windows 8"),
    (r"Windows NT 6\.3", "Windows 8.1"),
    (r"Windows NT 10\.0", "Windows 10"),
    ("Windows ME", "Windows ME"),
    ("OpenBSD", "Open BSD"),
    ("SunOS", "Sun OS"),
    ("CrOS", "Chrome OS"),
    ("Linux|X11", "Linux"),
    ("Mac_PowerPC|Macintosh", "Mac OS"),
    ("QNX", "QNX"),
    ("BeOS", "BeOS"),
    ("OS/2", "OS/2"),
)
HANDHELD = {"Amazon OS", "Android OS", "BlackBerry OS", "iOS", "Windows Mobile"}
DESKTOP_WIDTH, LAPTOP_WIDTH, MOBILE_WIDTH = 1920, 1024, 479

MACHINE = re.compile(
    r"bot|crawl|spider|slurp|scan|search|http|lighthouse|headless|preview|monitor|pingdom|nagios"
    r"|facebookexternalhit|feedburner|postrank|python|curl|wget|java/|ruby|perl|okhttp|axios"
    # A single product with a version, such as "Go-client/2.0", is no browser.
    r"|^[^/\s]+/[\w.]+$|^mozilla/\d\.\d(\s\(compatible;?\))?$",
    re.IGNORECASE,
)


def is_machine(agent: str) -> bool:
    """Whether the User-Agent is a crawler, a monitor or another program instead of a browser."""
    return MACHINE.search(agent) is not None


def browser(agent: str) -> str | None:
    """Umami's name of the browser: ``chrome``, ``ios`` (Safari on a phone), ``edge-chromium``…"""
    for mark, name in BROWSERS:
        if mark in agent:
            if name == "chrome" and "wv)" in agent:
                return "chromium-webview"
            return name
    if "Version/" in agent and "Safari" in agent:
        return "ios" if "Mobile" in agent else "safari"
    for mark, name in (("FBAV/", "facebook"), ("Instagram ", "instagram")):
        if mark in agent:
            return name
    webview = "AppleWebKit/" in agent and ("Mobile" in agent or agent.endswith("Gecko)"))
    return "ios-webview" if webview else None


def system(agent: str) -> str | None:
    """Umami's name of the operating system: ``Windows 10``, ``Mac OS``, ``Android OS``…"""
    return next((name for mark, name in SYSTEMS if re.search(mark, agent)), None)


def device(screen: str | None, os: str | None) -> str | None:
    """``desktop``, ``laptop``, ``tablet`` or ``mobile``, by the system and the screen's width.

    ``None`` without a screen. An invalid width is NaN, as in Umami: all comparisons are false.
    """
    if not screen:
        return None
    match = re.match(r"\s*(\d+)\s*(?:x|$)", screen)
    width = float(match[1]) if match else float("nan")
    if os in HANDHELD:
        return "tablet" if os == "Amazon OS" or width > MOBILE_WIDTH else "mobile"
    if os is not None:
        return "laptop" if os == "Chrome OS" or width < DESKTOP_WIDTH else "desktop"
    widths = {"desktop": DESKTOP_WIDTH, "laptop": LAPTOP_WIDTH, "tablet": MOBILE_WIDTH}
    return next((name for name, least in widths.items() if width >= least), "mobile")
