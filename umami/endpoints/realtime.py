"""What happens now."""

from __future__ import annotations

from umami.endpoints.spelling import identified
from umami.models.realtime import Realtime
from umami.period import zone
from umami.question import Asked, Effort, Freshness, endpoint


@endpoint("GET", "/realtime/{website}", fresh=Freshness.LIVE, effort=Effort.LIGHT)
def realtime(website: str, timezone: str = "UTC") -> Asked[Realtime]:
    """The last 30 minutes, whatever the period; takes no filters."""
    return Asked(
        Realtime.read,
        path={"website": identified(website)},
        query={"timezone": zone(timezone).key},
    )
