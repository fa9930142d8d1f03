"""All pages: those of ``components/areas/`` and the two that only admins see.

Navigation, permissions, reports and ``docs/pages.md`` derive from it. The bar above every page
also asks for the websites, for the span of data where the period is all of it, and for values to
filter by when its popover is open.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final

from components import areas
from components.areas import PageInfo

GROUPS: Final = ("Traffic", "Behaviour", "Marketing", "Manage")
"""The headings of the navigation, in their order."""
AREAS: Final[dict[str, Any]] = {
    module.name: import_module(f"components.areas.{module.name}")
    for module in iter_modules(areas.__path__)
}
"""The modules of ``components/areas/`` by the name of their page."""
_UNCONVERTED: Final = (
    PageInfo(
        "overview",
        "Overview",
        "monitoring",
        "Traffic",
        1,
        "How the website does, and where its visitors come from.",
        ("pageviews", "stats", "active", "metrics", "series", "weekly"),
    ),
    PageInfo(
        "compare",
        "Compare",
        "compare_arrows",
        "Traffic",
        3,
        "What grew, fell, appeared and vanished between two periods.",
        ("stats", "pageviews", "metrics"),
    ),
    PageInfo(
        "breakdown",
        "Breakdown",
        "account_tree",
        "Traffic",
        4,
        "Traffic by one to three fields at once.",
        ("breakdown",),
    ),
    PageInfo(
        "funnel",
        "Funnel",
        "filter_list",
        "Behaviour",
        3,
        "How many go from step to step, and where they are lost.",
        ("values", "reports"),
        ("funnel",),
    ),
    PageInfo(
        "journey",
        "Journey",
        "route",
        "Behaviour",
        5,
        "The paths that visits take.",
        ("journey", "values"),
    ),
    PageInfo(
        "goals",
        "Goals",
        "flag",
        "Behaviour",
        6,
        "How often what you want to happen does, against its target.",
        ("values", "reports"),
        ("goal", "series", "pageviews"),
    ),
    PageInfo(
        "attribution",
        "Attribution",
        "call_split",
        "Marketing",
        2,
        "Which first and last touch conversions are credited to.",
        ("values", "currencies", "reports"),
        ("attribution", "event_data_properties"),
    ),
    PageInfo(
        "revenue",
        "Revenue",
        "payments",
        "Marketing",
        3,
        "Money by time, event, place and source.",
        ("currencies", "revenue"),
    ),
    PageInfo(
        "reports",
        "Reports",
        "bookmarks",
        "Manage",
        1,
        "The analyses that were saved in Umami.",
        ("reports",),
        in_reports=False,
    ),
    PageInfo(
        "websites",
        "Websites",
        "language",
        "Manage",
        2,
        "All websites at a glance, and what an admin does with them.",
        ("websites", "stats", "pageviews"),
    ),
)
PAGES: Final = tuple(
    sorted(
        (*(module.INFO for module in AREAS.values()), *_UNCONVERTED),
        key=lambda page: (GROUPS.index(page.group), page.position),
    )
)
"""The pages in the order of the navigation."""
OVERVIEW: Final = next(page for page in PAGES if page.name == "overview")
ACCESS: Final = PageInfo(
    "access",
    "Access",
    "manage_accounts",
    "Manage",
    8,
    "Who may see what, the links you share, and what was done.",
)
SETUP: Final = PageInfo(
    "setup",
    "Setup",
    "cable",
    "Manage",
    9,
    "Which Umami is looked at, and who may look: chosen, checked and written down.",
)
ADMIN_PAGES: Final = (ACCESS, SETUP)
"""Pages for admins only: no role can name them, and they need no endpoint of Umami."""
ENDPOINTS: Final[dict[str, frozenset[str]]] = {
    page.name: frozenset((*page.endpoints, *page.optional_endpoints)) for page in PAGES
}
"""The endpoints of each section: who may open a section may ask these, and no others."""
