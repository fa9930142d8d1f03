"""Routes that both faces of the embedded server have, a module a group."""

from starlette.routing import Route

from umami.embedded.routes import account, realtime, saved, sending, websites

MODULES = (account, websites, realtime, saved, sending)
ROUTES: list[Route] = [route for module in MODULES for route in module.routes.all]
