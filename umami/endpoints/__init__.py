"""Every endpoint, declared once, in the newest generation's spelling, a module a group.

Importing this package fills ``umami.question.REGISTRY``.
"""

from umami.endpoints import (
    account,
    events,
    realtime,
    reports,
    segments,
    sending,
    sessions,
    traffic,
    websites,
)

__all__ = [
    "account",
    "events",
    "realtime",
    "reports",
    "segments",
    "sending",
    "sessions",
    "traffic",
    "websites",
]
