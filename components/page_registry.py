"""All pages: those of ``components/areas/``, Mails & alerts, and the two that only admins see.

Navigation, permissions, reports and ``docs/pages.md`` derive from it. The control bar
also asks for the websites, for the span of data where the period is all of it, and for values to
filter by when its popover is open.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final

from components import areas
from components.areas import PageInfo
from components.texts import N_, _

GROUPS: Final = (N_("Traffic"), N_("Behaviour"), N_("Marketing"), N_("Manage"))
"""The headings of the navigation, in their order."""
AREAS: Final[dict[str, Any]] = {
    module.name: import_module(f"components.areas.{module.name}")
    for module in iter_modules(areas.__path__)
}
"""The modules of ``components/areas/`` by the name of their page."""
PAGES: Final = tuple(
    sorted(
        (module.INFO for module in AREAS.values()),
        key=lambda page: (GROUPS.index(page.group), page.position),
    )
)
"""The pages in the order of the navigation."""


OWN_PARAMS: Final = tuple(name for page in PAGES for name in (*page.params, *page.list_params))
"""The own parameters of all pages; no two pages share a name."""


def titles() -> dict[str, str]:
    """The titles of these pages by name, in the language of the reader."""
    return {page.name: _(page.title) for page in PAGES}


LIVE: Final = frozenset(page.name for page in PAGES if page.live)
"""The pages that show the present, for which no period is chosen."""
WITHOUT_BAR: Final = frozenset({"reports", "mails", "access"})
"""The pages that ignore the View, except for its website."""
OVERVIEW: Final = next(page for page in PAGES if page.name == "overview")
MAILS: Final = PageInfo(
    "mails",
    N_("Mails & alerts"),
    "schedule_send",
    N_("Manage"),
    7,
    N_("Reports that are mailed regularly, and alerts, with what was sent."),
    params=("mail",),
)
"""For accounts that may export a website. Like the pages of admins, it is no section of a role."""
ACCESS: Final = PageInfo(
    "access",
    N_("Access"),
    "manage_accounts",
    N_("Manage"),
    8,
    N_("Accounts and their permissions, share links, and the audit log."),
)
SETUP: Final = PageInfo(
    "setup",
    N_("Setup"),
    "cable",
    N_("Manage"),
    9,
    N_("Choose the Umami server and who may sign in."),
)
ADMIN_PAGES: Final = (ACCESS, SETUP)
"""Pages for admins only: no role can name them, and they need no endpoint of Umami."""
ALL_PAGES: Final = (*PAGES, MAILS, *ADMIN_PAGES)
"""All pages, those that are no areas included."""
ENDPOINTS: Final[dict[str, frozenset[str]]] = {
    page.name: frozenset((*page.endpoints, *page.optional_endpoints)) for page in PAGES
}
"""The endpoints of each page: viewers of a page may query these and no others."""
