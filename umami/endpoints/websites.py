"""Websites: the list, one of them, and what an admin does with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import partial
from typing import Any

from umami.endpoint import Access, Effort, Freshness, RawQuery, endpoint
from umami.endpoints.params import paging, uuid_of
from umami.errors import InvalidView
from umami.models.records import Page, done, paged
from umami.models.websites import DateRange, Share, Website, WebsiteChart
from umami.models.websites import website_charts as read_charts
from umami.period import Period


class Keep(Enum):
    """Says that something is left as it is, where ``None`` would remove it."""

    KEEP = "keep"


KEEP = Keep.KEEP
MOST_CHARTS = 20
"""Servers draw no more websites at once."""


@endpoint("GET", "/websites", fresh=Freshness.LISTING, effort=Effort.LIGHT)
def websites(
    search: str | None = None, page: int = 1, page_size: int = 100, order_by: str = "name"
) -> RawQuery[Page[Website]]:
    """The account's websites and those of its teams, a page at a time; ``search`` looks in name and
    domain.

    Newer servers do not sort, so a client that needs an order sorts what it gets.
    """
    query = {"search": search, "page": page, "pageSize": page_size, "orderBy": order_by}
    return RawQuery(paged(Website.read), query=query)


@endpoint("GET", "/websites/{website}", fresh=Freshness.LISTING, effort=Effort.LIGHT)
def website(website: str) -> RawQuery[Website]:
    """One website; raises ``NotFound`` where there is none."""
    return RawQuery(Website.read, path={"website": uuid_of(website)})


@endpoint("POST", "/websites", fresh=Freshness.NEVER, access=Access.WRITES)
def create_website(name: str, domain: str, share_id: str | None = None) -> RawQuery[Website]:
    """Make a website; ``share_id`` opens a public link to it.

    ``domain`` may be an address: servers from 3.4 on take a bare host in small letters only.
    """
    body = {"name": name, "domain": _host(domain), "shareId": share_id}
    return RawQuery(Website.read, body=body)


def _host(domain: str) -> str:
    """The host of an address or a domain, with its port, in small letters."""
    _, _, rest = domain.strip().rpartition("://")
    return rest.partition("/")[0].lower()


@endpoint("POST", "/websites/{website}", fresh=Freshness.NEVER, access=Access.WRITES)
def update_website(
    website: str, name: str, domain: str, share_id: str | Keep | None = KEEP
) -> RawQuery[Website]:
    """Change a website. ``share_id`` opens a public link; ``None`` closes it."""
    body: dict[str, Any] = {"name": name, "domain": _host(domain)}
    if not isinstance(share_id, Keep):
        body["shareId"] = share_id
    return RawQuery(Website.read, path={"website": uuid_of(website)}, body=body)


@endpoint("DELETE", "/websites/{website}", fresh=Freshness.NEVER, access=Access.WRITES)
def delete_website(website: str) -> RawQuery[None]:
    """Delete a website with all its data. There is no way back."""
    return RawQuery(done, path={"website": uuid_of(website)})


@endpoint("POST", "/websites/{website}/reset", fresh=Freshness.NEVER, access=Access.WRITES)
def reset_website(website: str) -> RawQuery[None]:
    """Delete all data of a website, but not the website. There is no way back."""
    return RawQuery(done, path={"website": uuid_of(website)}, body={})


@endpoint("GET", "/websites/{website}/daterange", fresh=Freshness.LISTING, effort=Effort.LIGHT)
def daterange(website: str) -> RawQuery[DateRange]:
    """First and last instant (UTC) for which the website has data."""
    return RawQuery(DateRange.read, path={"website": uuid_of(website)})


@endpoint(
    "GET",
    "/websites/charts",
    fresh=Freshness.PERIOD,
    since="3.3",
    subject="charts of several websites",
)
def website_charts(websites: Sequence[str], period: Period) -> RawQuery[dict[str, WebsiteChart]]:
    """The visitors of 1 to 20 websites by website: in all, and over time."""
    if not 1 <= len(websites) <= MOST_CHARTS:
        raise InvalidView(f"Charts are drawn of 1 to {MOST_CHARTS} websites at once.")
    return RawQuery(
        partial(read_charts, period=period),
        query={
            "ids": ",".join(uuid_of(website) for website in websites),
            "startAt": period.start_at,
            "endAt": period.end_at,
            "timezone": period.timezone,
        },
        until=period.end,
    )


@endpoint(
    "GET",
    "/websites/{website}/shares",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="3.1",
    subject="lists of share links",
)
def shares(website: str, page: int = 1, page_size: int = 100) -> RawQuery[Page[Share]]:
    """The public links to a website, a page at a time."""
    return RawQuery(
        paged(Share.read),
        path={"website": uuid_of(website)},
        query=paging(page, page_size, None),
    )


@endpoint(
    "POST",
    "/websites/{website}/shares",
    fresh=Freshness.NEVER,
    access=Access.WRITES,
    since="3.1",
    subject="lists of share links",
)
def create_share(
    website: str, name: str, parameters: Mapping[str, Any] | None = None
) -> RawQuery[Share]:
    """Open one more public link to a website. ``parameters`` name the sections it shows
    (``{"overview": true}``); without any it shows all."""
    return RawQuery(
        Share.read,
        path={"website": uuid_of(website)},
        body={"name": name, "parameters": dict(parameters or {})},
    )
