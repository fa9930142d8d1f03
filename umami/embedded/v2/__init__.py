"""The face of Umami 2.x, in the spelling of 2.18.1."""

from starlette.routing import Route

from umami.embedded.v2 import account, analyses, events, sessions, traffic, websites

MODULES = (account, websites, traffic, events, sessions, analyses)
ROUTES: list[Route] = [route for module in MODULES for route in module.routes.all]
