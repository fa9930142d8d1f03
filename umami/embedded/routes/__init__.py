"""The API of the embedded server, which is that of Umami 3.5: one module a group of routes."""

from starlette.routing import Route

from umami.embedded.routes import (
    about,
    account,
    analyses,
    collect,
    events,
    realtime,
    reports,
    saved_reports,
    segments,
    sessions,
    traffic,
    websites,
)

MODULES = (
    about,
    account,
    websites,
    traffic,
    events,
    sessions,
    # An analysis has the path that a saved report of that id would have, so it comes first.
    reports,
    analyses,
    segments,
    realtime,
    saved_reports,
    collect,
)
ROUTES: list[Route] = [
    *(route for module in MODULES for route in module.routes.all),
    about.openapi,
]
