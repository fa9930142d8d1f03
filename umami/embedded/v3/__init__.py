"""The face of Umami 3.x, in the spelling of 3.1.0."""

from starlette.routing import Route

from umami.embedded.v3 import (
    account,
    analyses,
    events,
    segments,
    sessions,
    traffic,
    under_website,
    websites,
)

MODULES = (
    account,
    websites,
    traffic,
    events,
    sessions,
    analyses,
    under_website,
    segments,
)
ROUTES: list[Route] = [route for module in MODULES for route in module.routes.all]
