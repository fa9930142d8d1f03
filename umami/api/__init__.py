"""Every endpoint of the Umami API with the models of its answers, a module a subject.

Endpoints are declared once, in the form of the newest generation. Importing this package fills
``umami.endpoint.REGISTRY``.
"""

from umami.api import (  # noqa: F401 - fill the registry
    account,
    boards,
    browser_errors,
    conversions,
    events,
    notes,
    performance,
    realtime,
    reports,
    revenue,
    segments,
    sending,
    sessions,
    traffic,
    websites,
)
