"""Detect the browser, operating system and device of a User-Agent, or a bot. Names and rules are
those of Umami 2.x. The first matching row decides, because browsers of earlier rows also contain
the marks of later ones."""

import re
import tomllib
from pathlib import Path

_NAMES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
BROWSERS: list[tuple[str, str]] = _NAMES["browsers"]
SYSTEMS: list[tuple[str, str]] = _NAMES["systems"]
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
    ``None`` without a screen. An invalid width is NaN, as in Umami: all comparisons are false."""
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
