"""Websites: the list, a single website, its share links, and what an admin does with them."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum
from functools import partial
from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from umami.api.params import paging
from umami.endpoint import RawQuery, get, listing, write
from umami.errors import InvalidView
from umami.normal_forms import uuid_of
from umami.parsing import Count, Created, Item, Object, Page, Record, Text, Time, parse, series
from umami.period import Period


class _Chart(Record):
    total: Count
    values: list[Count] | None = None
    sessions: list[Any] | None = None


HALF_DAY = "12h"
"""The step of the newest generation's charts of websites."""


class Website(Item):
    """A website that Umami watches; ``share_id`` is set while it has a public link."""

    id: str
    name: str
    domain: Text = ""
    share_id: str | None = None
    team_id: str | None = None
    created: Created = None
    reset: Annotated[Time, Field(alias="resetAt")] = None


class DateRange(Record):
    """First and last instant (UTC) with data; both ``None`` for an empty website."""

    start: Annotated[Time, Field(alias="startDate")]
    end: Annotated[Time, Field(alias="endDate")]


class Share(Record):
    """A public link to a website; ``slug`` ends its address, so only administrators see it.
    ``parameters`` are in the server's format and name the sections that the link shows; without any
    it shows all."""

    id: str
    slug: str
    name: Text = ""
    parameters: Object = field(default_factory=dict)
    created: Created = None


class WebsiteChart(Record):
    """A website's visitors in a period. ``frame`` has ``time`` (naive wall clock of the period's
    zone) and ``visitors`` (distinct ones of that bucket: not additive). Its step is half a day, or
    the period's unit."""

    visitors: int
    frame: pd.DataFrame


def _charts(answer: Any, period: Period) -> dict[str, WebsiteChart]:
    """Charts by website: from ``{data: {id: {total, values}}}``, half days from the start of the
    period; dialects replace wrong ``values`` by ``sessions`` (``[{x, y}]``)."""
    charts = {}
    for website, row in parse(dict[str, _Chart], answer["data"]).items():
        if row.sessions is not None:
            visitors = series(row.sessions, period)
            frame = pd.DataFrame({"time": period.axis(), "visitors": visitors})
        else:
            values = row.values or []
            start = pd.Timestamp(period.start).tz_convert(period.timezone).tz_localize(None)
            times = pd.date_range(start, periods=len(values), freq=HALF_DAY)
            frame = pd.DataFrame({"time": times, "visitors": pd.Series(values, dtype="int64")})
        charts[website] = WebsiteChart(row.total, frame)
    return charts


class Keep(Enum):
    """Says that something is left as it is, where ``None`` would remove it."""

    KEEP = "keep"


KEEP = Keep.KEEP
MOST_CHARTS = 20
"""Servers draw no more websites at once."""


@listing("/websites")
def websites(
    search: str | None = None, page: int = 1, page_size: int = 100, order_by: str = "name"
) -> RawQuery[Page[Website]]:
    """The account's websites and those of its teams, a page at a time; ``search`` looks in name and
    domain. Newer servers do not sort, so a client that needs an order sorts what it gets."""
    return RawQuery({**paging(page, page_size, search), "orderBy": order_by})


@listing("/websites/{website}")
def website(website: str) -> RawQuery[Website]:
    """One website; raises ``NotFound`` where there is none."""
    return RawQuery()


@write("POST", "/websites")
def create_website(name: str, domain: str, share_id: str | None = None) -> RawQuery[Website]:
    """Make a website; ``share_id`` opens a public link to it. ``domain`` may be an address: servers
    from 3.4 on take a bare host in small letters only."""
    return RawQuery(body={"name": name, "domain": _host(domain), "shareId": share_id})


def _host(domain: str) -> str:
    """The host of an address or a domain, with its port, in small letters."""
    _, _, rest = domain.strip().rpartition("://")
    return rest.partition("/")[0].lower()


@write("POST", "/websites/{website}")
def update_website(
    website: str, name: str, domain: str, share_id: str | Keep | None = KEEP
) -> RawQuery[Website]:
    """Change a website. ``share_id`` opens a public link; ``None`` closes it."""
    body: dict[str, Any] = {"name": name, "domain": _host(domain)}
    if not isinstance(share_id, Keep):
        body["shareId"] = share_id
    return RawQuery(body=body)


@write("DELETE", "/websites/{website}")
def delete_website(website: str) -> RawQuery[None]:
    """Delete a website with all its data. There is no way back."""
    return RawQuery()


@write("POST", "/websites/{website}/reset")
def reset_website(website: str) -> RawQuery[None]:
    """Delete all data of a website, but not the website. There is no way back."""
    return RawQuery(body={})


@listing("/websites/{website}/daterange")
def daterange(website: str) -> RawQuery[DateRange]:
    """First and last instant (UTC) for which the website has data."""
    return RawQuery()


@get("/websites/charts", since="3.3", subject="charts of several websites")
def website_charts(websites: Sequence[str], period: Period) -> RawQuery[dict[str, WebsiteChart]]:
    """The visitors of 1 to 20 websites by website: in all, and over time."""
    if not 1 <= len(websites) <= MOST_CHARTS:
        raise InvalidView(f"Charts are drawn of 1 to {MOST_CHARTS} websites at once.")
    ids = ",".join(uuid_of(website) for website in websites)
    return RawQuery({"ids": ids, "timezone": period.timezone}, read=partial(_charts, period=period))


@listing("/websites/{website}/shares", since="3.1", subject="lists of share links")
def shares(website: str, page: int = 1, page_size: int = 100) -> RawQuery[Page[Share]]:
    """The public links to a website, a page at a time."""
    return RawQuery(paging(page, page_size))


@write("POST", "/websites/{website}/shares", since="3.1", subject="lists of share links")
def create_share(
    website: str, name: str, parameters: Mapping[str, Any] | None = None
) -> RawQuery[Share]:
    """Open one more public link to a website. ``parameters`` name the sections it shows
    (``{"overview": true}``); without any it shows all."""
    return RawQuery(body={"name": name, "parameters": dict(parameters or {})})
