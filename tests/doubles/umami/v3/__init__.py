"""Umami 3.0 to 3.5, as those versions answer over the embedded server's queries.

They differ from the embedded server in routes, parameters, definitions and shapes. Of 3.0's own
faults it has those that a client has to know: one value to a filter, and a week in UTC.
"""

from __future__ import annotations

from starlette.applications import Starlette

from tests.doubles.umami.reshaping import reshaped
from tests.doubles.umami.v3 import older, v3_0
from tests.doubles.umami.v3.settings import config
from tests.doubles.umami.versions import EXACT, definitions, instead, number, of_version
from umami.embedded.application import application as embedded
from umami.embedded.routes import ROUTES
from umami.embedded.state import Umami

VERSIONS = tuple(version for version in EXACT if number(version) >= (3, 0))


def application(version: str, umami: Umami) -> Starlette:
    """A server of this version over the state."""
    umami.definitions, umami.version = definitions(version), EXACT[version]
    umami.extended = False
    replaced = [*config(version).all]
    if number(version) < (3, 3):
        replaced += older.routes.all
    if number(version) == (3, 0):
        replaced += v3_0.routes.all
    routes = of_version(version, ROUTES)
    app = embedded(umami, reshaped(version, instead(routes, replaced)))
    if number(version) == (3, 0):
        app.add_middleware(v3_0.SingleValues)
    return app
