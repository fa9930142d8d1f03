"""What came with which version: exact versions, definitions, and routes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.routing import Route

from umami.embedded.definitions import NEWEST, V3_1, Definitions

EXACT: Final = {
    "2.18": "2.18.1",
    "2.20": "2.20.2",
    "3.0": "3.0.3",
    "3.1": "3.1.0",
    "3.2": "3.2.0",
    "3.3": "3.3.1",
    "3.4": "3.4.0",
    "3.5": "3.5.0",
}
"""By the version that a server stands for: what it says about itself."""
V3_2: Final = Definitions(
    event_prevents_bounce=False, one_channel_per_visit=False, revenue_of_sessions=True
)
SITE: Final = "/api/websites/{website_id}"
SINCE: Final = {
    "/api/links": "3.0",
    "/api/teams": "3.0",
    "/api/teams/{team_id}/websites": "2.18",
    "/api/pixels": "3.0",
    f"{SITE}/event-data/{{event_id}}": "3.0",
    f"{SITE}/segments": "2.20",
    f"{SITE}/metrics/expanded": "3.0",
    "/api/boards": "3.1",
    f"{SITE}/event-data": "3.1",
    f"{SITE}/events/stats": "3.1",
    f"{SITE}/replays": "3.1",
    f"{SITE}/shares": "3.1",
    "/api/reports/performance": "3.1",
    "/api/reports/heatmap": "3.2",
    f"{SITE}/event-data-pivot": "3.2",
    f"{SITE}/recorder": "3.2",
    f"{SITE}/revenue": "3.2",
    f"{SITE}/session-data-pivot": "3.2",
    **{
        f"{SITE}/session-data/{name}": "3.2"
        for name in (
            *("stats", "numeric-stats", "numeric-series", "property-series", "array-series"),
            "date-series",
        )
    },
    "/api/2fa": "3.3",
    "/api/links/charts": "3.3",
    "/api/pixels/charts": "3.3",
    "/api/websites/charts": "3.3",
    "/api/me/api-keys": "3.4",
    # No Umami has these.
    "/api/x": "99.0",
    **{
        f"{SITE}/{name}": "3.4"
        for name in (
            *("annotations", "attribution", "breakdown", "funnels", "goals", "heatmaps"),
            *("journeys", "performance", "retention", "utm"),
        )
    },
    "/openapi.json": "3.4",
    f"{SITE}/errors": "3.5",
}
"""By the beginning of a path: the version that brought these routes; the longest one counts. Routes
of which nothing is said here are in every version."""
EXACTLY: Final = frozenset({f"{SITE}/event-data"})
"""Paths of ``SINCE`` that say nothing of longer ones."""


def number(version: str) -> tuple[int, ...]:
    """A version as numbers, which compare as versions do."""
    return tuple(map(int, version.split(".")))


def definitions(version: str) -> Definitions:
    """The definitions of a version."""
    if number(version) < (3, 2):
        return V3_1
    return V3_2 if number(version) < (3, 3) else NEWEST


def since(path: str) -> str:
    """The version that brought a path."""
    return max(
        (
            (len(known), version)
            for known, version in SINCE.items()
            if path == known or (path.startswith(f"{known}/") and known not in EXACTLY)
        ),
        default=(0, "2.18"),
    )[1]


def of_version(version: str, routes: Iterable[Route]) -> list[Route]:
    """The routes that a version has."""
    return [route for route in routes if number(since(route.path)) <= number(version)]


def instead(routes: Iterable[Route], replacements: Iterable[Route]) -> list[Route]:
    """The routes, with a version's own ones in the places of those for the same requests, and in
    front of them where there are none."""
    replacing = {_key(route): route for route in replacements}
    merged = [replacing.pop(_key(route), route) for route in routes]
    return [*replacing.values(), *merged]


def _key(route: Route) -> tuple[str, frozenset[str]]:
    return route.path, frozenset(route.methods or ())
