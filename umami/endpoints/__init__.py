"""Every endpoint, declared once, in the newest generation's spelling, a module a group.

Importing this package fills ``umami.endpoint.REGISTRY``.
"""

from umami.endpoints import (
    account,
    boards,
    browser_errors,
    events,
    links,
    notes,
    performance,
    realtime,
    reports,
    segments,
    sending,
    sessions,
    teams,
    traffic,
    websites,
)

__all__ = [
    "account",
    "boards",
    "browser_errors",
    "events",
    "links",
    "notes",
    "performance",
    "realtime",
    "reports",
    "segments",
    "sending",
    "sessions",
    "teams",
    "traffic",
    "websites",
]
