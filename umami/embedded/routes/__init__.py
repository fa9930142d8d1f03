"""The routes of the embedded server, in the spelling of Umami 2.18.1, a module a group."""

from starlette.routing import Route

from umami.embedded.routes import (
    account,
    events,
    realtime,
    reports,
    sending,
    sessions,
    traffic,
    websites,
)

MODULES = (account, websites, traffic, events, sessions, realtime, reports, sending)
ROUTES: list[Route] = [route for module in MODULES for route in module.routes.all]
