"""The routes that a share link with a selection of sections may read."""

from collections.abc import Mapping
from typing import Any

SECTIONS = frozenset(
    {
        *("overview", "events", "sessions", "realtime", "performance", "compare", "breakdown"),
        *("goals", "funnels", "journeys", "retention", "utm", "revenue", "attribution"),
    }
)
"""The sections of a website; a share's parameters set those that it shows to true."""
FILTERS = "allowFilter"
"""A parameter of a share; if it is false, the share may not read what filters are chosen from."""
_TOTALS = frozenset({"overview", "compare"})
_SECTIONS_OF_ROUTE = {
    **{section: frozenset({section}) for section in SECTIONS - _TOTALS},
    **dict.fromkeys(("", "active", "daterange"), SECTIONS),
    **dict.fromkeys(("stats", "pageviews"), _TOTALS),
    # The pages of visitors and campaigns have tables of metrics, too.
    "metrics": _TOTALS | {"sessions", "events", "utm"},
    **dict.fromkeys(("event-data", "event-data-pivot"), frozenset({"events"})),
    **dict.fromkeys(("session-data", "session-data-pivot"), frozenset({"sessions"})),
    # The older names of analyses.
    **{name: frozenset({f"{name}s"}) for name in ("funnel", "goal", "journey")},
}
"""For a route's first part below the website, or an analysis's name: the sections each of which
permits reading it. Other routes need a share of all sections."""
_FILTER_ROUTES = frozenset({"values", "segments", "annotations"})


def readable(path: str, parameters: Mapping[str, Any]) -> bool:
    """Whether a share with these parameters may read the route of a path such as
    ``/websites/{website_id}/stats``."""
    parts = path.strip("/").split("/")
    if parts[0] == "websites":
        name = parts[2] if len(parts) > 2 else ""
    else:
        name = parts[1] if parts[0] == "reports" and len(parts) > 1 else parts[0]
    if name in _FILTER_ROUTES:
        return parameters.get(FILTERS) is not False
    shown = {section for section in SECTIONS if parameters.get(section) is True}
    return not shown or bool(shown & _SECTIONS_OF_ROUTE.get(name, frozenset()))
