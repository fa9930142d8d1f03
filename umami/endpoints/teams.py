"""Teams, which share websites among accounts."""

from __future__ import annotations

from umami.endpoint import Effort, Freshness, RawQuery, endpoint
from umami.endpoints.params import paging, uuid_of
from umami.models.records import Page, paged
from umami.models.teams import Team
from umami.models.websites import Website


@endpoint("GET", "/me/teams", fresh=Freshness.LISTING, effort=Effort.LIGHT)
def teams(page: int = 1, page_size: int = 100) -> RawQuery[Page[Team]]:
    """The teams that the account belongs to, a page at a time."""
    return RawQuery(paged(Team.read), query=paging(page, page_size, None))


@endpoint("GET", "/teams/{team}/websites", fresh=Freshness.LISTING, effort=Effort.LIGHT)
def team_websites(
    team: str, search: str | None = None, page: int = 1, page_size: int = 100
) -> RawQuery[Page[Website]]:
    """A team's websites, a page at a time; ``search`` looks in name and domain."""
    return RawQuery(
        paged(Website.read),
        path={"team": uuid_of(team, "team")},
        query=paging(page, page_size, search),
    )
