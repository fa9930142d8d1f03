"""The pages of the dashboard, each declared once: navigation and ``docs/pages.md`` derive from it.

``asks`` names the endpoints that a page asks for what it shows; a test holds it against what is
really asked. The bar above every page asks for the websites, for the span of data where a period
is all of it, and for values to filter by where its popover is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from people.rights import Rights


@dataclass(frozen=True, slots=True)
class Area:
    """One page: its name is its file's and its address."""

    name: str
    title: str
    icon: str
    group: str
    about: str
    """What it shows, in a sentence."""
    asks: tuple[str, ...]
    sometimes: tuple[str, ...] = ()
    """Endpoints asked only once the viewer has chosen something: a tab, a session, a campaign."""

    @property
    def file(self) -> str:
        """Where the page is, from the project's root."""
        return f"pages/{self.name}.py"


TRAFFIC: Final = "Traffic"
BEHAVIOUR: Final = "Behaviour"
MARKETING: Final = "Marketing"
MANAGEMENT: Final = "Manage"

HOME: Final = "home"
"""What the first page is called; it answers at the root."""

OVERVIEW: Final = Area(
    "overview",
    "Overview",
    "monitoring",
    TRAFFIC,
    "How the website does, and where its visitors come from.",
    ("pageviews", "stats", "active", "metrics", "series", "weekly"),
)
AREAS: Final = (
    OVERVIEW,
    Area(
        "realtime",
        "Realtime",
        "sensors",
        TRAFFIC,
        "Who is on the website now, and what they do.",
        ("active", "realtime"),
    ),
    Area(
        "compare",
        "Compare",
        "compare_arrows",
        TRAFFIC,
        "What grew, fell, appeared and vanished between two periods.",
        ("stats", "pageviews", "metrics"),
    ),
    Area(
        "breakdown",
        "Breakdown",
        "account_tree",
        TRAFFIC,
        "Traffic by one to three fields at once.",
        ("breakdown",),
    ),
    Area(
        "sessions",
        "Sessions",
        "group",
        BEHAVIOUR,
        "The visitors one by one: who they are, when they come, what they did.",
        ("session_stats", "weekly", "sessions", "session_data_properties"),
        ("session_data_values", "session", "activity", "session_properties"),
    ),
    Area(
        "events",
        "Events",
        "bolt",
        BEHAVIOUR,
        "What visitors do, and the data that comes with it.",
        ("event_stats", "series", "events", "event_data_properties"),
        ("event_data_values",),
    ),
    Area(
        "funnel",
        "Funnel",
        "filter_list",
        BEHAVIOUR,
        "How many go from step to step, and where they are lost.",
        ("values", "reports"),
        ("funnel",),
    ),
    Area(
        "retention",
        "Retention",
        "replay",
        BEHAVIOUR,
        "Who comes back, and how long after the first visit.",
        ("retention",),
    ),
    Area(
        "journey",
        "Journey",
        "route",
        BEHAVIOUR,
        "The paths that visits take.",
        ("journey", "values"),
    ),
    Area(
        "goals",
        "Goals",
        "flag",
        BEHAVIOUR,
        "How often what you want to happen does, against its target.",
        ("values", "reports"),
        ("goal", "series", "pageviews"),
    ),
    Area(
        "utm",
        "UTM",
        "campaign",
        MARKETING,
        "Views by the tags of your links.",
        ("utm", "stats"),
        ("pageviews", "metrics"),
    ),
    Area(
        "attribution",
        "Attribution",
        "call_split",
        MARKETING,
        "Which first and last touch conversions are credited to.",
        ("values", "currencies", "reports"),
        ("attribution",),
    ),
    Area(
        "revenue",
        "Revenue",
        "payments",
        MARKETING,
        "Money by time, event, place and source.",
        ("currencies", "revenue"),
    ),
    Area(
        "reports",
        "Reports",
        "bookmarks",
        MANAGEMENT,
        "The analyses that were saved in Umami.",
        ("reports",),
    ),
    Area(
        "websites",
        "Websites",
        "language",
        MANAGEMENT,
        "All websites at a glance, and what an admin does with them.",
        ("websites", "stats", "pageviews"),
    ),
)
ACCESS: Final = Area(
    "access",
    "Access",
    "manage_accounts",
    MANAGEMENT,
    "Who may see what, the links you share, and what was done.",
    (),
)
"""An admin's alone: no role can name it, and it asks Umami for nothing."""
ASKS: Final[dict[str, frozenset[str]]] = {
    area.name: frozenset((*area.asks, *area.sometimes)) for area in AREAS
}
"""The endpoints of each section: who has a section may ask these, and no others."""

_GOING: Final = "page and parameters to go to"


def go(name: str, **parameters: str | list[str]) -> None:
    """Open another page with its own parameters in the next run; the View stays. A callback's."""
    st.session_state[_GOING] = (name, parameters)


def go_on(rights: Rights) -> None:
    """Go where a callback said. Call in ``app.py``, once the bar keeps the View in the URL."""
    name, parameters = st.session_state.pop(_GOING, (None, {}))
    area = next((area for area in opened(rights) if area.name == name), None)
    if area:
        st.switch_page(area.file, query_params=parameters)


def opened(rights: Rights) -> list[Area]:
    """The areas that these rights open, at some website at least."""
    mine = [area for area in AREAS if rights.opens(area.name)]
    return [*mine, ACCESS] if rights.admin else mine


def navigation(rights: Rights) -> st.Page:
    """The navigation in its groups; returns the page that was asked for.

    The first area answers at the root. What is not open is at no address.
    """
    mine = opened(rights)
    if not mine:
        return closed()
    groups: dict[str, list[st.Page]] = {}
    for area in mine:
        groups.setdefault(area.group, []).append(_page(area, first=area is mine[0]))
    # The default page answers at / alone; its own name is an address too.
    groups[mine[0].group].append(
        st.Page(mine[0].file, title=mine[0].title, url_path=mine[0].name, visibility="hidden")
    )
    for area in (*AREAS, ACCESS):
        if area not in mine:
            away = st.Page(_not_open, title=area.title, url_path=area.name, visibility="hidden")
            groups[mine[0].group].append(away)
    return st.navigation(groups, expanded=True)


def closed() -> st.Page:
    """No navigation at all, whatever address was opened: for whoever is not let in."""
    pages = [st.Page(_nothing, title="Umami Dashboard", url_path=HOME, default=True)]
    for area in (*AREAS, ACCESS):
        pages.append(
            st.Page(_nothing, title="Umami Dashboard", url_path=area.name, visibility="hidden")
        )
    return st.navigation(pages, position="hidden")


def _page(area: Area, *, first: bool) -> st.Page:
    return st.Page(
        area.file,
        title=area.title,
        icon=f":material/{area.icon}:",
        url_path=HOME if first else area.name,
        default=first,
    )


def _nothing() -> None:
    """A page without anything on it."""


def _not_open() -> None:
    st.header("Not open to you", anchor=False)
    st.caption("This page is not among those you can open. Ask whoever runs this dashboard.")
