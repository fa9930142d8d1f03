"""The face of Umami 3.x, in the spelling of 3.1.0."""

from starlette.routing import Route

from umami.embedded.v3 import (
    account,
    events,
    sessions,
    traffic,
    websites,
)

MODULES = (
    account,
    websites,
    traffic,
    events,
    sessions,
)
ROUTES: list[Route] = [route for module in MODULES for route in module.routes.all]
