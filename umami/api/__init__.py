"""Every endpoint of the Umami API with the models of its answers, a module a subject. Endpoints are
declared once, in the form of the newest generation. Importing this package fills
``umami.endpoint.REGISTRY``."""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
