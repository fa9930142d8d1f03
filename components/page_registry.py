"""The pages of the dashboard, each declared once: navigation and ``docs/pages.md`` derive from it.

``asks`` names the endpoints that a page asks for what it shows; a test holds it against what is
really asked. The bar above every page asks for the websites, for the span of data where a period
is all of it, and for values to filter by where its popover is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class PageInfo:
    """One page: its name is its file's and its address."""

    name: str
    title: str
    icon: str
    group: str
    about: str
    """What it shows, in a sentence."""
    endpoints: tuple[str, ...]
    optional_endpoints: tuple[str, ...] = ()
    """Endpoints asked only once the viewer has chosen something: a tab, a session, a campaign."""

    @property
    def file(self) -> str:
        """Where the page is, from the project's root."""
        return f"pages/{self.name}.py"

    @property
    def shared_as(self) -> str:
        """What a share link of Umami calls this page, where it may be limited to some of them."""
        return {"funnel": "funnels", "journey": "journeys"}.get(self.name, self.name)


TRAFFIC: Final = "Traffic"
BEHAVIOUR: Final = "Behaviour"
MARKETING: Final = "Marketing"
MANAGEMENT: Final = "Manage"

OVERVIEW: Final = PageInfo(
    "overview",
    "Overview",
    "monitoring",
    TRAFFIC,
    "How the website does, and where its visitors come from.",
    ("pageviews", "stats", "active", "metrics", "series", "weekly"),
)
PAGES: Final = (
    OVERVIEW,
    PageInfo(
        "realtime",
        "Realtime",
        "sensors",
        TRAFFIC,
        "Who is on the website now, and what they do.",
        ("active", "realtime"),
    ),
    PageInfo(
        "compare",
        "Compare",
        "compare_arrows",
        TRAFFIC,
        "What grew, fell, appeared and vanished between two periods.",
        ("stats", "pageviews", "metrics"),
    ),
    PageInfo(
        "breakdown",
        "Breakdown",
        "account_tree",
        TRAFFIC,
        "Traffic by one to three fields at once.",
        ("breakdown",),
    ),
    PageInfo(
        "sessions",
        "Sessions",
        "group",
        BEHAVIOUR,
        "The visitors one by one: who they are, when they come, what they did.",
        ("session_stats", "weekly", "sessions", "session_data_properties"),
        ("session_data_values", "session", "activity", "session_properties"),
    ),
    PageInfo(
        "events",
        "Events",
        "bolt",
        BEHAVIOUR,
        "What visitors do, and the data that comes with it.",
        ("event_stats", "series", "events", "event_data_properties"),
        ("event_data_values",),
    ),
    PageInfo(
        "funnel",
        "Funnel",
        "filter_list",
        BEHAVIOUR,
        "How many go from step to step, and where they are lost.",
        ("values", "reports"),
        ("funnel",),
    ),
    PageInfo(
        "retention",
        "Retention",
        "replay",
        BEHAVIOUR,
        "Who comes back, and how long after the first visit.",
        ("retention",),
    ),
    PageInfo(
        "journey",
        "Journey",
        "route",
        BEHAVIOUR,
        "The paths that visits take.",
        ("journey", "values"),
    ),
    PageInfo(
        "goals",
        "Goals",
        "flag",
        BEHAVIOUR,
        "How often what you want to happen does, against its target.",
        ("values", "reports"),
        ("goal", "series", "pageviews"),
    ),
    PageInfo(
        "utm",
        "UTM",
        "campaign",
        MARKETING,
        "Views by the tags of your links.",
        ("utm", "stats"),
        ("pageviews", "metrics"),
    ),
    PageInfo(
        "attribution",
        "Attribution",
        "call_split",
        MARKETING,
        "Which first and last touch conversions are credited to.",
        ("values", "currencies", "reports"),
        ("attribution", "event_data_properties"),
    ),
    PageInfo(
        "revenue",
        "Revenue",
        "payments",
        MARKETING,
        "Money by time, event, place and source.",
        ("currencies", "revenue"),
    ),
    PageInfo(
        "reports",
        "Reports",
        "bookmarks",
        MANAGEMENT,
        "The analyses that were saved in Umami.",
        ("reports",),
    ),
    PageInfo(
        "websites",
        "Websites",
        "language",
        MANAGEMENT,
        "All websites at a glance, and what an admin does with them.",
        ("websites", "stats", "pageviews"),
    ),
)
ACCESS: Final = PageInfo(
    "access",
    "Access",
    "manage_accounts",
    MANAGEMENT,
    "Who may see what, the links you share, and what was done.",
    (),
)
SETUP: Final = PageInfo(
    "setup",
    "Setup",
    "cable",
    MANAGEMENT,
    "Which Umami is looked at, and who may look: chosen, checked and written down.",
    (),
)
ADMIN_PAGES: Final = (ACCESS, SETUP)
"""Pages for admins only: no role can name them, and they need no endpoint of Umami."""
ENDPOINTS: Final[dict[str, frozenset[str]]] = {
    area.name: frozenset((*area.endpoints, *area.optional_endpoints)) for area in PAGES
}
"""The endpoints of each section: who has a section may ask these, and no others."""
