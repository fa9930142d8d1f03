"""What happens just now."""

from __future__ import annotations

from typing import Any

from umami.embedded.http import Call, Routes
from umami.embedded.routes.realtime import Now, answer

routes = Routes()


@routes("GET", "/realtime/{website_id}", Now)
def last_half_hour(call: Call[Now]) -> Any:
    """The last half hour, without hostnames."""
    return answer(call, with_hostname=False)
