"""Groups of websites: admins make them, and readers see those that have websites of theirs."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select, update

from access.database import WEBSITE_GROUPS, Opening, reading, writing
from access.notes import cleaned
from access.permissions import Forbidden, Permissions
from umami.errors import InvalidView
from umami.texts import N_, Message

MOST: Final = 100
"""Groups of a dashboard."""
LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class WebsiteGroup:
    """A group; ``websites`` are the ids of those that its reader may see."""

    name: str
    websites: tuple[str, ...]
    author: str = ""
    created: datetime | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class WebsiteGroups:
    """The groups of one reader; ``engine`` and ``account`` as in ``access.notes.Notebook``."""

    engine: Opening
    account: str
    permissions: Permissions

    def every(self) -> tuple[WebsiteGroup, ...]:
        """The groups by name, each with the websites that the reader may see; those without such a
        website only for admins. None while the database cannot be reached."""
        rows = reading(self.engine, select(WEBSITE_GROUPS))
        groups = [self._visible(_group(row)) for row in rows]
        groups = [group for group in groups if group.websites or self.may_change]
        return tuple(sorted(groups, key=lambda group: (group.name.casefold(), group.id)))

    @property
    def may_change(self) -> bool:
        """Whether the reader may make, change and delete groups."""
        return bool(self.account) and self.permissions.admin

    def save(self, group: WebsiteGroup, before: WebsiteGroup | None = None) -> WebsiteGroup:
        """Save a new group, or the name and websites of one with an ``id``, instead of those that
        the reader saw ``before``; returns it.

        Raises ``Forbidden``, ``InvalidView`` and ``Unreachable``.
        """
        self._require()
        websites = tuple(dict.fromkeys(group.websites))
        group = replace(group, name=cleaned(group.name), websites=websites)
        if not group.name:
            raise InvalidView(N_("The group has no name."), remedy=N_("Type a name."))
        if len(group.name) > LONGEST_NAME:
            raise InvalidView(
                Message("A group has a name of up to {most} characters.", most=LONGEST_NAME),
                remedy=N_("Choose another name."),
            )
        if not group.websites:
            raise InvalidView(
                N_("A group has at least one website."), remedy=N_("Choose its websites.")
            )
        with self._store() as store:
            rows = store.execute(select(WEBSITE_GROUPS)).mappings()
            others = {row["id"]: _group(row) for row in rows}
            stored = others.pop(group.id, None)
            if group.id and stored is None:
                raise InvalidView(
                    N_("This group was deleted meanwhile."), remedy=N_("Make a new group.")
                )
            if stored and (
                before is None or (stored.name, stored.websites) != (before.name, before.websites)
            ):
                raise InvalidView(
                    N_("Somebody else has changed this group meanwhile."),
                    remedy=N_("Close this form and open it again."),
                )
            if group.name.casefold() in (other.name.casefold() for other in others.values()):
                raise InvalidView(
                    N_("There is a group with this name."), remedy=N_("Choose another name.")
                )
            values: dict[str, Any] = {"name": group.name, "websites": list(group.websites)}
            if group.id:
                same = WEBSITE_GROUPS.c.id == group.id
                store.execute(update(WEBSITE_GROUPS).where(same).values(values))
                return group
            if len(others) >= MOST:
                raise InvalidView(
                    Message("There are {most} groups of websites.", most=MOST),
                    remedy=N_("Delete some of them first."),
                )
            group = replace(group, id=str(uuid4()), author=self.account, created=datetime.now(UTC))
            values |= {"id": group.id, "author": group.author, "created": group.created}
            store.execute(insert(WEBSITE_GROUPS).values(values))
        return group

    def delete(self, group: WebsiteGroup) -> None:
        """Delete a group; its websites stay. Raises ``Forbidden`` and ``Unreachable``."""
        self._require()
        with self._store() as store:
            store.execute(delete(WEBSITE_GROUPS).where(WEBSITE_GROUPS.c.id == group.id))

    def _visible(self, group: WebsiteGroup) -> WebsiteGroup:
        return replace(group, websites=tuple(filter(self.permissions.sees, group.websites)))

    def _require(self) -> None:
        if not self.may_change:
            raise Forbidden(N_("Only admins can change groups of websites."))

    def _store(self) -> AbstractContextManager[Connection]:
        return writing(self.engine, N_("The database of groups cannot be reached."))


def _group(row: Any) -> WebsiteGroup:
    return WebsiteGroup(**{**row, "websites": tuple(row["websites"])})
