"""Which endpoints the requests to a server belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from urllib.parse import urlsplit

import umami.api  # noqa: F401 - fills the registry
from tests.support.fault_proxy import Passed
from umami.compat.detection import DOCUMENT, REQUESTS
from umami.endpoint import EXTENSIONS, REGISTRY, Access


def endpoints(request: Passed) -> frozenset[str]:
    """The endpoints that a request may belong to: several share a route."""
    path = urlsplit(request.target).path.removeprefix("/api")
    # An embedded server answers by visit under the same path, with a prefix.
    names = _endpoints(request.method, path)
    return names or _endpoints(request.method, path.removeprefix(EXTENSIONS))


UNDER_WEBSITE = {
    "funnels/stats": "funnel",
    "goals/stats": "goal",
    "journeys": "journey",
    "retention": "retention",
    "breakdown": "breakdown",
    "attribution": "attribution",
}
"""Routes under a website by which 3.4 and newer answer an analysis."""


@cache
def _endpoints(method: str, path: str) -> frozenset[str]:
    under = re.fullmatch(r"/websites/[^/]+/(.+)", path)
    if method == "GET" and under and under[1] in UNDER_WEBSITE:
        return frozenset({UNDER_WEBSITE[under[1]]})
    names = {}
    for name, endpoint in REGISTRY.items():
        route = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(endpoint.route))
        same = endpoint.method == method and re.fullmatch(route, path)
        if same and endpoint.access is Access.READS and not endpoint.secret:
            names[name] = endpoint.route.count("{")
    # A word in a route goes before a name that any word may take.
    return frozenset(name for name, free in names.items() if free == min(names.values()))


def detects(target: str) -> bool:
    """Whether this request detects the version of the server, without a sign-in."""
    path = urlsplit(target).path
    return path == DOCUMENT or path.removeprefix("/api") in {endpoint.path for endpoint in REQUESTS}


def of_pages(passed: Iterable[Passed]) -> list[Passed]:
    """The requests of pages, without signing in and version detection."""
    return [
        request
        for request in passed
        if endpoints(request) and request.status == 200 and not detects(request.target)
    ]
