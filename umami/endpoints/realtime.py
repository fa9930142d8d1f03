"""What happens now."""

from __future__ import annotations

from umami.endpoint import Effort, Freshness, RawQuery, endpoint
from umami.endpoints.params import uuid_of
from umami.models.realtime import Realtime
from umami.period import zone


@endpoint("GET", "/realtime/{website}", fresh=Freshness.LIVE, effort=Effort.LIGHT)
def realtime(website: str, timezone: str = "UTC") -> RawQuery[Realtime]:
    """The last 30 minutes, whatever the period; takes no filters."""
    return RawQuery(
        Realtime.read,
        path={"website": uuid_of(website)},
        query={"timezone": zone(timezone).key},
    )
