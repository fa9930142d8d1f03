"""What a viewer may see and do, as a value: nothing unless it is granted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from umami.endpoint import Access, Query
from umami.errors import UmamiError
from umami.filters import Filter, Match
from umami.view import View

STRUCTURE: Final = frozenset({"websites", "website", "daterange"})
"""What every page needs before it can ask anything: which websites there are, and since when."""
CHOICES: Final = frozenset({"values", "segments"})
"""What the filters are chosen from."""
SAVES: Final = frozenset({"create_report", "update_report", "delete_report"})
"""Writes that keep an analysis in Umami; every other write is an admin's."""
FOR_ADMINS: Final = frozenset({"shares"})
"""Questions about a website whose answers open it to others."""
OF_REPORTS: Final = frozenset({"report", "update_report", "delete_report"})
"""Questions that name a report, whose website only the report itself tells."""


class Forbidden(UmamiError):
    """The viewer has no right to this; nothing was asked."""

    remedy = "Ask whoever runs this dashboard, if you need it."


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What restricts a View beyond website and period."""

    filters: tuple[Filter, ...] = ()
    match: Match = "all"
    segment: str | None = None
    cohort: str | None = None

    @classmethod
    def of(cls, view: View) -> Narrowing:
        """What restricts this View. One filter or none is joined by nothing."""
        joined: Match = view.match if len(view.filters) > 1 else "all"
        return cls(view.filters, joined, view.segment, view.cohort)


NOTHING: Final = Narrowing()


@dataclass(frozen=True, slots=True)
class Grant:
    """One set of things that may be seen together.

    ``websites`` and ``sections`` are ids and names, ``None`` means every one; ``asks`` are the
    endpoints of those sections. Where ``filters`` is false, everything asked is narrowed by
    exactly ``narrowing``.
    """

    websites: frozenset[str] | None = frozenset()
    sections: frozenset[str] | None = frozenset()
    endpoints: frozenset[str] | None = frozenset()
    filters: bool = False
    narrowing: Narrowing = NOTHING
    exports: bool = False
    saves: bool = False
    admin: bool = False

    def covers(self, website: str | None) -> bool:
        """Whether this is about a website; ``None`` stands for all of them at once."""
        return self.websites is None or website in self.websites

    def refusal(self, question: Query[object], website: str | None) -> str | None:
        """Why this grant does not allow a question about a website; ``None`` where it does."""
        name = question.name
        if name != "websites" and not self.covers(website):
            return "You have no access to this website."
        if question.endpoint.access is Access.WRITES:
            allowed = self.admin or (self.saves and name in SAVES)
            return None if allowed else "You may look at this, not change it."
        if question.endpoint.secret or not self._asks(name):
            return "You have no access to this part of the website."
        if not self.admin and (name in FOR_ADMINS or _about_the_account(question)):
            return "Only an administrator may see this."
        if self.filters or name in STRUCTURE:
            return None
        given = Narrowing.of(question.view) if question.view else NOTHING
        narrows = question.endpoint.filtered or self.narrowing == NOTHING
        if given != self.narrowing or not narrows:
            return "What you see has fixed filters: this is not within them."
        return None

    def _asks(self, name: str) -> bool:
        if self.endpoints is None or name in STRUCTURE:
            return True
        return name in self.endpoints or (self.filters and name in CHOICES)


def _about_the_account(question: Query[object]) -> bool:
    """Whether the answer lists what belongs to the account, whatever website it is about."""
    known = question.name == "websites" or question.name in OF_REPORTS
    return not known and not question.websites


EVERYTHING: Final = Grant(None, None, None, filters=True, exports=True, saves=True, admin=True)


@dataclass(frozen=True, slots=True)
class Permissions:
    """Several grants: what one of them allows is allowed."""

    grants: tuple[Grant, ...] = ()

    def refusal(self, question: Query[object], website: str | None) -> Forbidden | None:
        """Why a question may not be asked; ``None`` where it may."""
        reasons = [one.refusal(question, website) for one in self.grants]
        if None in reasons:
            return None
        # The grant that is about the website says more than the others.
        telling = [
            reason
            for one, reason in zip(self.grants, reasons, strict=True)
            if reason and one.covers(website)
        ]
        said = (*telling, *filter(None, reasons), "You have no access to this.")[0]
        return Forbidden(said, endpoint=question.name)

    def anywhere(self) -> Permissions:
        """The same permissions at every website: what is refused here is refused anywhere."""
        return Permissions(tuple(replace(one, websites=None) for one in self.grants))

    def sees(self, website: str) -> bool:
        """Whether a website is known to this viewer at all."""
        return any(one.covers(website) for one in self.grants)

    def opens(self, section: str) -> bool:
        """Whether a section is open, at some website at least."""
        return any(one.sections is None or section in one.sections for one in self.grants)

    def filters(self, website: str) -> bool:
        """Whether what is seen of a website may be narrowed otherwise."""
        return any(one.filters for one in self._about(website))

    def exports(self, website: str) -> bool:
        """Whether tables and charts of a website may be downloaded."""
        return any(one.exports for one in self._about(website))

    def saves(self, website: str) -> bool:
        """Whether analyses of a website may be saved in Umami."""
        return any(one.saves or one.admin for one in self._about(website))

    @property
    def admin(self) -> bool:
        """Whether this viewer runs the dashboard: every website, people and share links."""
        return any(one.admin and one.websites is None for one in self.grants)

    def administers(self, website: str) -> bool:
        """Whether a website may be changed."""
        return any(one.admin for one in self._about(website))

    def fixed(self, website: str) -> Narrowing | None:
        """What everything seen of a website is narrowed by; ``None`` where that is free."""
        about = list(self._about(website))
        if not about or any(one.filters for one in about):
            return None
        return about[0].narrowing

    def _about(self, website: str) -> Iterable[Grant]:
        return (one for one in self.grants if one.covers(website))


ALL: Final = Permissions((EVERYTHING,))
NONE: Final = Permissions()
