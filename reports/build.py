"""Reports made of questions: a chapter a page, each asked as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from umami.capabilities import Capabilities

from components import formats, view_description
from components.areas import PageInfo
from components.loading import QueryClient
from components.page_registry import AREAS, PAGES
from reports.asking import Asking, Given
from reports.chapters import (
    attribution,
    breakdown,
    compare,
    events,
    funnel,
    goals,
    journey,
    overview,
    revenue,
    sessions,
    websites,
)
from reports.document import Chapter, Cover, Report
from umami.background_task import ProgressCallback
from umami.connection import Server
from umami.models.websites import Website
from umami.period import zone
from umami.view import View

CHAPTERS: Final[dict[str, Callable[[Asking], None]]] = {
    "overview": overview.ask,
    "compare": compare.ask,
    "breakdown": breakdown.ask,
    "sessions": sessions.ask,
    "events": events.ask,
    "funnel": funnel.ask,
    "journey": journey.ask,
    "goals": goals.ask,
    "attribution": attribution.ask,
    "revenue": revenue.ask,
    "websites": websites.ask,
}
"""What is asked for each page that means something on paper, and what is made of it."""


class Client(QueryClient, Protocol):
    """Who answers: a client, or one limited to what a viewer may see."""

    @property
    def server(self) -> Server:
        """What is asked."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this server can narrow an answer by."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted: pages by name in their order, of a View.

    ``sites`` are the websites that may be looked at; ``given`` are the pages' own parameters, by
    page; ``tells_address`` says whether readers may know where the server stands.
    """

    view: View
    pages: Sequence[str]
    sites: Sequence[Website]
    given: Mapping[str, Given] = field(default_factory=dict)
    tells_address: bool = False


def offered() -> list[PageInfo]:
    """The pages that reports can have, in the order of the dashboard."""
    return [page for page in PAGES if page.in_reports]


def make(client: Client, order: Order, told: ProgressCallback = lambda done, total: None) -> Report:
    """Ask for everything and put it together; ``told`` hears how many chapters are done.

    What fails says so in its place. Raises ``UmamiError`` where nothing can be asked at all, and
    whatever ``told`` raises.
    """
    wanted = [area for area in offered() if area.name in order.pages]
    capabilities = client.capabilities
    chapters = []
    as_of = now = datetime.now(zone(order.view.period.timezone))
    for at, area in enumerate(wanted):
        told(at, len(wanted))
        given = order.given.get(area.name, {})
        page = Asking(client, order.view, capabilities, order.sites, given)
        try:
            if area.name in AREAS:
                page.add(AREAS[area.name].ask(page, page.view, page.given))
            else:
                CHAPTERS[area.name](page)
            chapters.append(Chapter(area.name, area.title, area.about, page.finish()))
        finally:
            page.leave()
        as_of = min((as_of, *page.answered))
    told(len(wanted), len(wanted))
    return Report(_cover(client.server, order, now, as_of), tuple(chapters))


def _cover(server: Server, order: Order, made: datetime, as_of: datetime) -> Cover:
    view = order.view
    site = next((one for one in order.sites if one.id == view.website), None)
    name = f"{server.label} {server.version}" if server.version else server.label
    joined = view_description.narrowed(view)
    if len(view.filters) > 1 and view.match == "any":
        joined = [f"any of: {'; '.join(joined)}"]
    return Cover(
        website=site.name if site else view.website,
        domain=site.domain or "" if site else "",
        period=formats.period(view.period),
        timezone=view.period.timezone,
        filters=tuple(joined),
        comparison=view_description.compared(view),
        server=f"{name} at {server.address}" if order.tells_address else name,
        demo=server.demo,
        made=made,
        as_of=as_of.astimezone(made.tzinfo),
    )
