"""Umami 3.x, as its versions answer; ``umami.embedded`` itself answers as 3.5 does."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette

from umami.embedded.application import application as embedded
from umami.embedded.definitions import V3_1
from umami.embedded.http import Call, Nothing, Routes
from umami.embedded.routes import ROUTES
from umami.embedded.state import Umami

VERSIONS = ("3.1",)
routes = Routes()


@routes("GET", "/config", Nothing, open_to_all=True)
def config(_call: Call[Nothing]) -> Any:
    """The settings that 3.x up to 3.4 shows to everybody."""
    return {
        "cloudMode": False,
        "currentVersion": True,
        "privateMode": True,
        "telemetryDisabled": True,
        "updatesDisabled": True,
    }


def application(version: str, umami: Umami) -> Starlette:
    """A server of this version over the state."""
    umami.definitions = V3_1
    return embedded(umami, [*routes.all, *ROUTES])
