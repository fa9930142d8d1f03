"""The data from which the demo is generated: places, devices, websites, and the year's events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from umami.embedded.collect import BOOLEAN, NUMBER, STRING


@dataclass(frozen=True, slots=True)
class Place:
    """A home of visitors: codes as Umami stores them, the offset from UTC in hours, a weight."""

    country: str
    region: str
    city: str
    language: str
    hours: int
    weight: float


PLACES = (
    Place("DE", "DE-BE", "Berlin", "de-DE", 1, 9),
    Place("DE", "DE-BY", "München", "de-DE", 1, 7),
    Place("DE", "DE-HH", "Hamburg", "de-DE", 1, 6),
    Place("DE", "DE-NW", "Köln", "de-DE", 1, 6),
    Place("DE", "DE-HE", "Frankfurt am Main", "en-US", 1, 3),
    Place("AT", "AT-9", "Wien", "de-AT", 1, 5),
    Place("CH", "CH-ZH", "Zürich", "de-CH", 1, 5),
    Place("CH", "CH-GE", "Genève", "fr-CH", 1, 2),
    Place("US", "US-NY", "New York", "en-US", -5, 7),
    Place("US", "US-CA", "San Francisco", "en-US", -8, 5),
    Place("US", "US-TX", "Austin", "en-US", -6, 3),
    Place("US", "US-WA", "Seattle", "en-US", -8, 2),
    Place("GB", "GB-ENG", "London", "en-GB", 0, 7),
    Place("GB", "GB-SCT", "Edinburgh", "en-GB", 0, 2),
    Place("FR", "FR-IDF", "Paris", "fr-FR", 1, 5),
    Place("FR", "FR-ARA", "Lyon", "fr-FR", 1, 2),
    Place("NL", "NL-NH", "Amsterdam", "nl-NL", 1, 4),
    Place("DK", "DK-84", "Copenhagen", "da-DK", 1, 3),
    Place("SE", "SE-AB", "Stockholm", "sv-SE", 1, 3),
    Place("NO", "NO-03", "Oslo", "nb-NO", 1, 2),
    Place("IT", "IT-25", "Milan", "it-IT", 1, 3),
    Place("ES", "ES-MD", "Madrid", "es-ES", 1, 3),
    Place("PL", "PL-14", "Warsaw", "pl-PL", 1, 3),
    Place("CA", "CA-ON", "Toronto", "en-CA", -5, 3),
    Place("AU", "AU-NSW", "Sydney", "en-AU", 10, 3),
    Place("JP", "JP-13", "Tokyo", "ja-JP", 9, 3),
    Place("IN", "IN-KA", "Bengaluru", "en-IN", 5, 4),
    Place("BR", "BR-SP", "São Paulo", "pt-BR", -3, 2),
)


@dataclass(frozen=True, slots=True)
class Machine:
    """A device with its browser, in Umami's names."""

    device: str
    os: str
    browser: str
    screen: str
    weight: float


MACHINES = (
    Machine("mobile", "iOS", "ios", "390x844", 18),
    Machine("mobile", "iOS", "ios", "430x932", 9),
    Machine("mobile", "iOS", "crios", "390x844", 3),
    Machine("mobile", "Android OS", "chrome", "412x915", 16),
    Machine("mobile", "Android OS", "samsung", "384x854", 4),
    Machine("mobile", "Android OS", "firefox", "412x915", 1),
    Machine("tablet", "iOS", "ios", "820x1180", 3),
    Machine("laptop", "Windows 10", "chrome", "1536x864", 12),
    Machine("laptop", "Windows 10", "edge-chromium", "1536x864", 6),
    Machine("laptop", "Mac OS", "safari", "1440x900", 7),
    Machine("laptop", "Mac OS", "chrome", "1512x982", 6),
    Machine("desktop", "Windows 10", "chrome", "1920x1080", 7),
    Machine("desktop", "Windows 10", "firefox", "2560x1440", 3),
    Machine("desktop", "Mac OS", "safari", "2560x1440", 2),
    Machine("desktop", "Linux", "firefox", "1920x1080", 2),
    Machine("desktop", "Windows 10", "opera", "1920x1080", 1),
)


@dataclass(frozen=True, slots=True)
class Source:
    """A source of visits: referrer and query string."""

    name: str
    weight: float
    domain: str | None = None
    path: str | None = None
    query: str = ""
    lands: int | None = None
    """The number of the page that it links to; by default one of the website's entry pages."""


Choice = tuple[int, tuple[str, ...], int]
"""A property's type, the values that are drawn from, and a salt."""


@dataclass(frozen=True, slots=True)
class Event:
    """A custom event after a share of the views of a page; the salt makes draws independent."""

    name: str
    page: int
    chance: float
    salt: int
    data: dict[str, Choice]


@dataclass(frozen=True, slots=True)
class Site:
    """A website. ``flow[a][b]`` is the probability that page ``b`` follows page ``a``; otherwise
    the visit ends."""

    id: UUID
    name: str
    domain: str
    visits: float
    """Visits of an average day at the end of the year."""
    pages: tuple[tuple[str, str], ...]
    entries: tuple[float, ...]
    flow: tuple[dict[int, float], ...]
    sources: tuple[Source, ...]
    events: tuple[Event, ...]
    always_somebody: bool = False
    """Whether a visitor is active at any time: no pause is longer than ``visits.SILENCE``."""


def _numbers(*numbers: int) -> tuple[str, ...]:
    return tuple(f"{number}.0000" for number in numbers)


FIELDS = (NUMBER, _numbers(1, 2, 3), 26)
FORMS = (STRING, ("footer", "popup", "inline"), 27)
SECONDS = (NUMBER, _numbers(*range(5, 95, 5)), 28)
QUALITY = (BOOLEAN, ("true", "true", "false"), 29)
TERMS = (STRING, ("return", "oil", "screws", "delivery", "wobbly leg", "warranty"), 33)
RESULTS = (NUMBER, _numbers(*range(9)), 34)
LANGUAGES = (STRING, ("en", "de", "fr"), 35)
HOME, LIST, CHAIR, LAMP, DESK, CART, CHECKOUT, THANKS, BLOG, POST, ABOUT, SALE = range(12)

SHOP = Site(
    UUID("6f1f6d0e-6b35-4d0c-9a1e-2f4d7c3b8a10"),
    "Fjord & Fern",
    "fjordfern.example",
    visits=215,
    pages=(
        ("/", "Fjord & Fern · Furniture for calm rooms"),
        ("/products", "All products"),
        ("/products/oslo-chair", "Oslo chair"),
        ("/products/aurora-lamp", "Aurora lamp"),
        ("/products/birch-desk", "Birch desk"),
        ("/cart", "Your cart"),
        ("/checkout", "Checkout"),
        ("/thank-you", "Thank you"),
        ("/journal", "Journal"),
        ("/journal/small-rooms", "Ten ideas for small rooms"),
        ("/about", "About us"),
        ("/sale", "Autumn sale"),
    ),
    entries=(38, 12, 12, 12, 6, 0, 0, 0, 5, 14, 1, 0),
    flow=(
        {LIST: 0.36, CHAIR: 0.09, LAMP: 0.08, BLOG: 0.07, ABOUT: 0.05},
        {CHAIR: 0.24, LAMP: 0.22, DESK: 0.16, HOME: 0.04},
        {CART: 0.11, LIST: 0.17, LAMP: 0.11, DESK: 0.07},
        {CART: 0.13, LIST: 0.15, CHAIR: 0.12},
        {CART: 0.09, LIST: 0.18, CHAIR: 0.11},
        {CHECKOUT: 0.46, LIST: 0.18},
        {THANKS: 0.62, CART: 0.08},
        {HOME: 0.12},
        {POST: 0.5, HOME: 0.1},
        {LIST: 0.2, BLOG: 0.14, LAMP: 0.08},
        {HOME: 0.2, LIST: 0.15},
        {LAMP: 0.26, CHAIR: 0.24, DESK: 0.12, CART: 0.1},
    ),
    sources=(
        Source("direct", 27),
        Source("google", 26, "google.com", "/"),
        Source("bing", 3, "bing.com", "/search"),
        Source("duckduckgo", 3, "duckduckgo.com", "/"),
        Source("instagram", 7, "instagram.com", "/"),
        Source("pinterest", 6, "pinterest.com", "/pin/furniture", lands=POST),
        Source("facebook", 4, "facebook.com", "/"),
        Source("youtube", 2, "youtube.com", "/watch"),
        Source("twitter", 2, "t.co", "/", lands=POST),
        Source("linkedin", 1, "linkedin.com", "/feed", lands=ABOUT),
        Source("chatgpt", 2, "chatgpt.com", "/", lands=POST),
        Source("partner", 4, "livingnordic.example", "/guide/desks", lands=DESK),
        Source(
            "newsletter",
            6,
            query="utm_source=newsletter&utm_medium=email&utm_campaign=monthly&utm_content=hero",
            lands=LIST,
        ),
        Source(
            "google ads",
            6,
            "google.com",
            "/",
            "utm_source=google&utm_medium=cpc&utm_campaign=brand&utm_term=nordic+chair&gclid=Cj0demo",
            lands=CHAIR,
        ),
        Source(
            "meta ads",
            4,
            "facebook.com",
            "/",
            "utm_source=facebook&utm_medium=paid-social&utm_campaign=retarget"
            "&utm_content=carousel&fbclid=IwARdemo",
            lands=LAMP,
        ),
        Source(
            "campaign",
            0.6,
            "instagram.com",
            "/stories",
            "utm_source=instagram&utm_medium=social&utm_campaign=autumn-sale&utm_content=story",
            lands=SALE,
        ),
    ),
    events=(
        Event("newsletter-signup", POST, 0.1, 21, {"form.fields": FIELDS, "source": FORMS}),
        Event("watch-video", LAMP, 0.16, 22, {"seconds": SECONDS, "hd": QUALITY}),
    ),
    always_somebody=True,
)

D_HOME, D_START, D_ASSEMBLY, D_CARE, D_RETURNS, D_SEARCH = range(6)

HELP = Site(
    UUID("0b8c1c52-3f0e-4c7e-8a55-7d1f5e2c9b21"),
    "Fjord & Fern Help",
    "help.fjordfern.example",
    visits=75,
    pages=(
        ("/", "Help centre"),
        ("/getting-started", "Getting started"),
        ("/assembly/oslo-chair", "Putting the Oslo chair together"),
        ("/care/oiled-wood", "Caring for oiled wood"),
        ("/returns", "Returns and refunds"),
        ("/search", "Search"),
    ),
    entries=(20, 10, 30, 16, 18, 2),
    flow=(
        {D_SEARCH: 0.3, D_RETURNS: 0.2, D_ASSEMBLY: 0.15},
        {D_ASSEMBLY: 0.3, D_CARE: 0.22},
        {D_CARE: 0.26, D_HOME: 0.14, D_SEARCH: 0.1},
        {D_HOME: 0.24, D_ASSEMBLY: 0.18},
        {D_HOME: 0.28, D_SEARCH: 0.18},
        {D_ASSEMBLY: 0.26, D_CARE: 0.2, D_RETURNS: 0.2},
    ),
    sources=(
        Source("shop", 38, "fjordfern.example", "/thank-you"),
        Source("google", 34, "google.com", "/"),
        Source("direct", 20),
        Source("chatgpt", 5, "chatgpt.com", "/"),
        Source("youtube", 3, "youtube.com", "/watch", lands=D_ASSEMBLY),
        Source("hacker news", 2, "news.ycombinator.com", "/item", lands=D_CARE),
    ),
    events=(
        Event("search", D_SEARCH, 0.85, 31, {"term": TERMS, "results": RESULTS}),
        Event("download-manual", D_ASSEMBLY, 0.3, 32, {"language": LANGUAGES}),
    ),
)

SITES = (SHOP, HELP)
PRICES = {CHAIR: 249.0, LAMP: 89.0, DESK: 420.0}
SKUS = {CHAIR: "oslo-chair", LAMP: "aurora-lamp", DESK: "birch-desk"}

WEEKDAYS = (1.06, 1.04, 1.03, 1.0, 0.92, 0.86, 1.09)
"""Weights from Monday to Sunday."""
HOURS = (
    *(0.34, 0.26, 0.2, 0.18, 0.2, 0.28, 0.4, 0.65, 0.9, 1.05, 1.12, 1.18),
    *(1.25, 1.15, 1.08, 1.1, 1.15, 1.25, 1.4, 1.6, 1.75, 1.7, 1.25, 0.7),
)
"""Weights of local hours."""
GROWTH = 0.55
"""The growth of a year: the share by which a day a year ago had fewer visits."""
CAMPAIGN_AGO, CAMPAIGN_DAYS, CAMPAIGN_LIFT = 26, 9, 260.0
"""The autumn sale: its start in days before today, its length in days, and the factor by which it
strengthens its source."""
BROKEN_AGO, BROKEN_DAYS, BROKEN_LEFT = 102, 7, 0.4
"""The week without the tracker on most pages: its start in days before today, its length in days,
and the share of recorded visits."""


def season(day: date) -> float:
    """The weight of a date: Black Friday, Christmas, a quiet summer."""
    if day.month == 11 and 24 <= day.day <= 30:
        return 1.7
    if day.month == 12:
        return 1.45 if day.day < 20 else 0.8
    return {1: 0.95, 7: 0.85, 8: 0.88, 11: 1.12}.get(day.month, 1.0)
