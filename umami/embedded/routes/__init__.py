"""The API of the embedded server, which is that of Umami 3.5: a module for each group of routes."""

from starlette.routing import Route

from umami.embedded.routes import (
    account,
    charts,
    collect,
    conversions,
    events,
    performance,
    properties,
    realtime,
    reports,
    saved,
    sessions,
    shares,
    traffic,
    unrecorded,
    websites,
)

MODULES = (
    account,
    # "charts" matches the id of a website, link or pixel, so its routes come first.
    *(charts, websites, shares, traffic, conversions, events, sessions, properties, performance),
    # The path of an analysis matches that of a saved report, so its routes come first.
    *(reports, saved, realtime, unrecorded, collect),
)
ROUTES: list[Route] = [
    *(route for module in MODULES for route in module.routes.all),
    account.openapi,
]
