"""The routes of the embedded server, in the spelling of Umami 2.18.1, a module a group."""

from importlib import import_module
from pkgutil import iter_modules

from starlette.routing import Route

from umami.embedded.http import Routes

ROUTES: list[Route] = []
for module in iter_modules(__path__, f"{__name__}."):
    found = getattr(import_module(module.name), "routes", None)
    if isinstance(found, Routes):
        ROUTES.extend(found.all)
