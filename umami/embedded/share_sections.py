"""Which routes a share link that is limited to some sections of a website may read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SECTIONS = frozenset(
    {
        *("overview", "events", "sessions", "realtime", "performance", "compare", "breakdown"),
        *("goals", "funnels", "journeys", "retention", "utm", "revenue", "attribution"),
    }
)
"""Names of sections, which the parameters of a share set to true."""
FILTERS = "allowFilter"
"""A parameter; where it is false, the share reads nothing that serves to choose filters."""
_ANY = SECTIONS
_TOTALS = frozenset({"overview", "compare"})
_READ_BY = {
    "": _ANY,
    "active": _ANY,
    "daterange": _ANY,
    "stats": _TOTALS,
    "pageviews": _TOTALS,
    # The pages of visitors and campaigns have tables of metrics, too.
    "metrics": _TOTALS | {"sessions", "events", "utm"},
    "events": frozenset({"events"}),
    "event-data": frozenset({"events"}),
    "event-data-pivot": frozenset({"events"}),
    "session-data": frozenset({"sessions"}),
    "session-data-pivot": frozenset({"sessions"}),
    **{section: frozenset({section}) for section in SECTIONS - {"overview", "compare", "events"}},
    # Analyses by their older names.
    "funnel": frozenset({"funnels"}),
    "goal": frozenset({"goals"}),
    "journey": frozenset({"journeys"}),
}
"""By the first part of a route below the website, or the name of an analysis: the sections of which
one is enough. Routes that are not named need a share without limits."""
_FILTERS = frozenset({"values", "segments", "annotations"})
"""Routes that serve to choose filters, or are shown wherever there are any."""


def readable(path: str, parameters: Mapping[str, Any]) -> bool:
    """Whether a share with these parameters may read the route of a path such as
    ``/websites/{website_id}/stats``."""
    name = _name(path)
    if name in _FILTERS:
        return parameters.get(FILTERS) is not False
    opened = {section for section in SECTIONS if parameters.get(section) is True}
    return not opened or bool(opened & _READ_BY.get(name, frozenset()))


def _name(path: str) -> str:
    """The part of a route by which its section is known."""
    parts = path.strip("/").split("/")
    if parts[0] == "websites":
        return parts[2] if len(parts) > 2 else ""
    return parts[1] if parts[0] == "reports" and len(parts) > 1 else parts[0]
