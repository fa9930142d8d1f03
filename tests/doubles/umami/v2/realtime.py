"""The last half hour of a website."""

from __future__ import annotations

from typing import Any

from umami.embedded.http import Call, Routes
from umami.embedded.routes import realtime

routes = Routes()


@routes("GET", "/realtime/{website_id}", realtime.Realtime)
def last_half_hour(call: Call[realtime.Realtime]) -> Any:
    """Return the last half hour, without hostnames."""
    answer = realtime.last_half_hour(call)
    for event in answer["events"]:
        del event["hostname"]
    return answer
