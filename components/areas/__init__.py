"""What each page asks and shows, without Streamlit: one module a page.

A module has ``INFO``, which describes its page, and ``ask(query, view, params)``, which sends the
page's queries and yields its layout (``components.blocks``). Pages and reports both use it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageInfo:
    """One page. Its name is that of its files, its URL path, and its section in an account."""

    name: str
    title: str
    icon: str
    """A Material symbol."""
    group: str
    """The heading in the navigation: a key of ``page_registry.GROUPS``."""
    position: int
    """Its place in the group, from 1."""
    about: str
    """What it shows, in a sentence."""
    endpoints: tuple[str, ...] = ()
    """Endpoints that it asks to show anything: what a viewer of this section may ask."""
    optional_endpoints: tuple[str, ...] = ()
    """Endpoints that it asks only after a choice: a tab, a session, a campaign."""
    params: tuple[str, ...] = ()
    """Its own URL parameters, besides those of the View."""
    page_params: tuple[str, ...] = ()
    """More of them, which reports ignore: the page of a list, a session that is opened."""
    list_params: tuple[str, ...] = ()
    """Those of its own URL parameters that may occur several times."""
    in_reports: bool = True
    """Whether reports offer it as a chapter."""

    @property
    def file(self) -> str:
        """Where the page is, from the project's root."""
        return f"pages/{self.name}.py"

    @property
    def shared_as(self) -> str:
        """What a share link of Umami calls this page, where it may be limited to some of them."""
        return {"funnel": "funnels", "journey": "journeys"}.get(self.name, self.name)
