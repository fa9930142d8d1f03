"""The data from which the demo is generated: places, devices, websites, and the year's events.
``scenario.toml`` holds the lists; pages refer to each other by path there, and by position here."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from umami.embedded.collect import BOOLEAN, NUMBER, STRING
from umami.embedded.scope import LINK, PAGEVIEW, PIXEL


@dataclass(frozen=True, slots=True)
class Place:
    """A home of visitors: codes as Umami stores them, the offset from UTC in hours, a weight."""

    country: str
    region: str
    city: str
    language: str
    hours: int
    weight: float


@dataclass(frozen=True, slots=True)
class Machine:
    """A device with its browser, in Umami's names."""

    device: str
    os: str
    browser: str
    screen: str
    weight: float


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
    always_somebody: bool
    """Whether a visitor is active at any time: no pause is longer than ``visits.SILENCE``."""

    views: int = PAGEVIEW
    """The event type of its views."""

    def page(self, path: str) -> int:
        """The number of the page with this path."""
        return [page for page, _ in self.pages].index(path)


_TYPES: Final = {"text": STRING, "number": NUMBER, "boolean": BOOLEAN}


def _choice(type: str, values: list[Any], salt: int) -> Choice:
    texts = (f"{value:.4f}" if type == "number" else value for value in values)
    return _TYPES[type], tuple(texts), salt


def _site(data: dict[str, Any]) -> Site:
    pages = data["pages"]
    number = {page["path"]: place for place, page in enumerate(pages)}
    return Site(
        UUID(data["id"]),
        data["name"],
        data["domain"],
        data["visits"],
        tuple((page["path"], page["title"]) for page in pages),
        tuple(page["entries"] for page in pages),
        tuple({number[path]: p for path, p in page["next"].items()} for page in pages),
        tuple(Source(**{**row, "lands": number.get(row.get("lands"))}) for row in data["sources"]),
        tuple(
            Event(
                event["name"],
                number[event["page"]],
                event["chance"],
                event["salt"],
                {name: _choice(**choice) for name, choice in event["data"].items()},
            )
            for event in data["events"]
        ),
        data.get("always_somebody", False),
    )


@dataclass(frozen=True, slots=True)
class Link:
    """A short link or a tracking pixel, by its ``table``. Its clicks or views are visits of one
    page."""

    table: str
    name: str
    slug: str
    url: str
    site: Site


def _link(data: dict[str, Any]) -> Link:
    is_link = data["table"] == "link"
    path = f"/{'q' if is_link else 'p'}/{data['slug']}"
    sources = tuple(Source(**row) for row in data["sources"])
    site = Site(
        UUID(data["id"]),
        data["name"],
        "fjordfern.example",
        data["visits"],
        ((path, data["name"]),),
        (1.0,),
        ({},),
        sources,
        (),
        always_somebody=False,
        views=LINK if is_link else PIXEL,
    )
    return Link(data["table"], data["name"], data["slug"], data.get("url", ""), site)


_DATA: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
PLACES = tuple(Place(*row) for row in _DATA["places"])
MACHINES = tuple(Machine(*row) for row in _DATA["machines"])
WEEKDAYS: tuple[float, ...] = tuple(_DATA["weekdays"])
"""Weights from Monday to Sunday."""
HOURS: tuple[float, ...] = tuple(_DATA["hours"])
"""Weights of local hours."""
SITES = tuple(map(_site, _DATA["websites"]))
SHOP = SITES[0]
HOME, CART, THANKS = map(SHOP.page, ("/", "/cart", "/thank-you"))
BLOG, POST = map(SHOP.page, ("/journal", "/journal/small-rooms"))
PRICES: dict[int, float] = {SHOP.page(row["page"]): row["price"] for row in _DATA["products"]}
SKUS: dict[int, str] = {SHOP.page(row["page"]): row["sku"] for row in _DATA["products"]}
SAVED: list[dict[str, Any]] = _DATA["saved"]
"""The analyses of the shop that are saved: type, name, description and parameters."""

SEGMENTS: list[dict[str, Any]] = _DATA["segments"]
"""The segments and cohorts of the shop that are saved: type, name and parameters."""
LINKS = tuple(map(_link, _DATA["links"]))

GROWTH = 0.55
"""The growth of a year: the share by which a day a year ago had fewer visits."""
CAMPAIGN_AGO, CAMPAIGN_DAYS, CAMPAIGN_LIFT = 26, 9, 260.0
"""The autumn sale: its start in days before today, its length in days, and the factor by which it
strengthens its source."""
BROKEN_AGO, BROKEN_DAYS, BROKEN_LEFT = 102, 7, 0.4
"""The week without the tracker on most pages: its start in days before today, its length in days,
and the share of recorded visits."""

MEASURED = 0.1
"""The share of pageviews whose web vitals are measured."""
SLOWNESS = {"mobile": 1.7, "tablet": 1.35, "laptop": 1.0, "desktop": 0.9}
"""The factor by which pages are slower on a device."""
HEAVIER_AGO, HEAVIER = 17, 1.9
"""When the home page of the shop got large pictures, in days before today, and the factor by which
it is slower since then."""


def season(day: date) -> float:
    """The weight of a date: Black Friday, Christmas, a quiet summer."""
    if day.month == 11 and 24 <= day.day <= 30:
        return 1.7
    if day.month == 12:
        return 1.45 if day.day < 20 else 0.8
    return {1: 0.95, 7: 0.85, 8: 0.88, 11: 1.12}.get(day.month, 1.0)
