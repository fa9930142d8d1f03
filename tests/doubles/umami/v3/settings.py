"""The settings that 3.0 to 3.4 show to everybody."""

from __future__ import annotations

from tests.doubles.umami.versions import number
from umami.embedded.http import Call, Nothing, Routes

COMMON = {
    "cloudMode": False,
    "privateMode": True,
    "telemetryDisabled": True,
    "updatesDisabled": True,
}


def config(version: str) -> Routes:
    """The route of a version; ``currentVersion`` came with 3.1, and went when
    ``sessionDeletionEnabled`` came with 3.3."""
    routes = Routes()
    settings = dict(COMMON)
    if number(version) >= (3, 3):
        settings["sessionDeletionEnabled"] = False
    elif number(version) >= (3, 1):
        settings["currentVersion"] = True
    if number(version) < (3, 5):

        @routes("GET", "/config", Nothing, open_to_all=True)
        def answer(_call: Call[Nothing]) -> dict[str, bool]:
            return settings

    return routes
