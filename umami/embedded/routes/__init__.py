"""The routes of the embedded server, in the spelling of Umami 2.18.1, a module a group."""

from umami.embedded.routes import account, traffic

ROUTES = [*account.routes.all, *traffic.routes.all]
