"""Public links to a website, and what this server is."""

from __future__ import annotations

from typing import Any

from umami.embedded.http import Call, Nothing, Routes
from umami.embedded.refusals import Refusal

routes = Routes()


@routes("GET", "/config", Nothing, open_to_all=True)
def config(_call: Call[Nothing]) -> Any:
    """What a browser must know of the server; ``currentVersion`` is a boolean on 3.1, too."""
    return {
        "cloudMode": False,
        "currentVersion": True,
        "privateMode": True,
        "telemetryDisabled": True,
        "updatesDisabled": True,
    }


@routes("GET", "/share/{share}", Nothing, open_to_all=True)
def share(call: Call[Nothing]) -> Any:
    """The website of a public link, and the token that reads it."""
    row = call.umami.store.row(
        "SELECT website_id, share_id FROM website WHERE share_id = ? AND deleted_at IS NULL",
        [call.path["share"]],
    )
    if row is None:
        raise Refusal(404, "Not found")
    return {
        "shareId": str(row[0]),
        "shareType": 1,
        "parameters": {},
        "websiteId": str(row[0]),
        "token": call.umami.share_token(*row),
    }
