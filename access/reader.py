"""What the dashboard's database holds for one reader, with the permissions of that reader."""

from __future__ import annotations

from dataclasses import dataclass

from access import website_settings
from access.content_groups import ContentGroups
from access.costs import CostLedger
from access.database import Opening
from access.notes import Notebook
from access.notifications import Notifications
from access.permissions import Permissions
from access.rules import Rules
from access.saved_views import SavedViews
from access.website_groups import WebsiteGroups


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader of the database. ``engine`` opens it, or returns ``None`` where there is none yet
    and ``create`` is false. ``account`` is empty for readers of share links and of reports."""

    engine: Opening
    account: str
    permissions: Permissions

    @property
    def notebook(self) -> Notebook:
        """The notes that the reader may see."""
        return Notebook(self.engine, self.account, self.permissions)

    @property
    def saved_views(self) -> SavedViews:
        """The saved views that the reader may open."""
        return SavedViews(self.engine, self.account, self.permissions)

    @property
    def notifications(self) -> Notifications:
        """The reader's subscriptions and alerts."""
        return Notifications(self.engine, self.account, self.permissions)

    @property
    def rules(self) -> Rules:
        """The rules by which values are merged where they are shown."""
        return Rules(self.engine, self.account, self.permissions)

    @property
    def content_groups(self) -> ContentGroups:
        """The content groups and own channels of websites."""
        return ContentGroups(self.engine, self.account, self.permissions)

    @property
    def website_groups(self) -> WebsiteGroups:
        """The groups of websites, each with those that the reader may see."""
        return WebsiteGroups(self.engine, self.account, self.permissions)

    @property
    def costs(self) -> CostLedger:
        """The costs of campaigns that the reader may see."""
        return CostLedger(self.engine, self.account, self.permissions)

    def saved_conversions(self) -> dict[str, website_settings.Texts]:
        """The conversions and currencies that were saved, by website; none while the database
        cannot be reached."""
        return website_settings.conversions(self.engine)
