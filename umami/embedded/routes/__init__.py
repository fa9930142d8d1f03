"""The API of the embedded server, which is that of Umami 3.5: one module a group of routes."""

from starlette.routing import Route

from umami.embedded.routes import (
    about,
    account,
    analyses,
    annotations,
    charts,
    collect,
    events,
    export,
    links,
    performance,
    properties,
    realtime,
    reports,
    saved_analyses,
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
    about,
    account,
    # "charts" would be an id of a website, link or pixel, so it comes before them.
    charts,
    websites,
    teams,
    links,
    shares,
    traffic,
    events,
    sessions,
    properties,
    performance,
    # An analysis has the path that a saved report of that id would have, so it comes first.
    reports,
    analyses,
    saved_analyses,
    segments,
    annotations,
    realtime,
    saved_reports,
    export,
    unrecorded,
    collect,
)
ROUTES: list[Route] = [
    *(route for module in MODULES for route in module.routes.all),
    about.openapi,
]
