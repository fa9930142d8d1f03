"""The API of the embedded server, which is that of Umami 3.5: a module for each group of routes."""

from starlette.routing import Route

from umami.embedded.routes import (
    account,
    annotations,
    charts,
    collect,
    events,
    links,
    performance,
    properties,
    realtime,
    reports,
    saved_reports,
    segments,
    sessions,
    shares,
    teams,
    traffic,
    unrecorded,
    websites,
)

MODULES = (
    account,
    # "charts" matches the id of a website, link or pixel, so its routes come first.
    *(charts, websites, teams, links, shares, traffic, events, sessions, properties, performance),
    # The path of an analysis matches that of a saved report, so its routes come first.
    *(reports, saved_reports, segments, annotations, realtime, unrecorded, collect),
)
ROUTES: list[Route] = [
    *(route for module in MODULES for route in module.routes.all),
    account.openapi,
]
