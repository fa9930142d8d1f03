"""The queries and the layout of each page, without Streamlit: a module for each page.

A module has ``INFO``, which describes its page, and ``ask(query, view, params)``, which sends the
page's queries and yields its layout (``components.blocks``). Pages and reports use the same
modules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageInfo:
    """A page. ``name`` is the name of its modules, its URL path, and its section in an account."""

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
    """Endpoints that it always queries; viewers of this section may query them."""
    optional_endpoints: tuple[str, ...] = ()
    """Endpoints that it queries only after a choice, such as a tab, a session or a campaign."""
    params: tuple[str, ...] = ()
    """Its URL parameters, besides those of the View."""
    page_params: tuple[str, ...] = ()
    """URL parameters that reports ignore, such as the page of a list or the opened session."""
    list_params: tuple[str, ...] = ()
    """URL parameters that may occur several times."""
    needs: str = ""
    """An endpoint without which the page shows nothing: servers that lack it have no such page."""
    of_account: bool = False
    """Whether it shows what belongs to the account rather than to a website, for admins only."""
    in_reports: bool = True
    """Whether reports offer it as a chapter."""
    live: bool = False
    """Whether it shows the present, whatever the period is."""
    marks_unusual_days: bool = False
    """Whether its charts of visitors show the usual range and mark unusual days."""

    @property
    def file(self) -> str:
        """The path of the page's script, relative to the project's root."""
        return f"pages/{self.name}.py"

    @property
    def shows_notes(self) -> bool:
        """Whether its time charts show notes."""
        return "annotations" in self.endpoints

    @property
    def shared_as(self) -> str:
        """The name of this page in Umami's share links that are limited to some pages."""
        return {"funnel": "funnels", "journey": "journeys"}.get(self.name, self.name)


def last_value(params: Mapping[str, Sequence[str]], name: str) -> str:
    """The last value of a URL parameter; ``""`` if there is none."""
    return next(reversed(params.get(name, ())), "")
