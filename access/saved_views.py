"""Saved views: a page with its parameters under a name, for their owner or for the team."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, Literal
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select, update

from access.database import SAVED_VIEWS, Opening, reading, writing
from access.notes import cleaned
from access.permissions import Forbidden, Permissions
from umami.errors import InvalidView
from umami.texts import N_, Message

Audience = Literal["me", "team"]
MOST: Final = 200
"""Saved views of a website that one owner may have."""
LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class SavedView:
    """A page of a website with its URL parameters, those of the View included.

    ``starts`` says that the website opens with it for the owner, or for the team.
    """

    website: str
    name: str
    page: str
    params: dict[str, list[str]] = field(default_factory=dict)
    audience: Audience = "me"
    starts: bool = False
    owner: str = ""
    id: str = ""
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class SavedViews:
    """The saved views of one reader; ``engine`` and ``account`` as in ``access.notes.Notebook``."""

    engine: Opening
    account: str
    permissions: Permissions

    def of(self, website: str) -> tuple[SavedView, ...]:
        """Those of a website, by name; none while the database cannot be reached."""
        if not self.account or not self.permissions.sees(website):
            return ()
        rows = reading(self.engine, select(SAVED_VIEWS).where(SAVED_VIEWS.c.website == website))
        views = [SavedView(**row) for row in rows]
        seen = (view for view in views if view.audience == "team" or view.owner == self.account)
        return tuple(sorted(seen, key=lambda view: (view.name.casefold(), view.id)))

    def start(self, website: str) -> SavedView | None:
        """The view that a website opens with: the reader's own before that of the team."""
        starts = [view for view in self.of(website) if view.starts]
        return min(starts, key=lambda view: view.audience, default=None)

    def may_share(self, website: str) -> bool:
        """Whether the reader may save views for the team."""
        return bool(self.account) and self.permissions.saves(website)

    def may_change(self, view: SavedView) -> bool:
        """Whether the reader may change a view: its owner, or an admin for those of the team."""
        if view.owner == self.account and view.audience == "me":
            return bool(self.account)
        if self.permissions.administers(view.website):
            return view.audience == "team"
        return view.owner == self.account and self.may_share(view.website)

    def save(self, view: SavedView) -> SavedView:
        """Save a new view, or the name, audience and start of one with an ``id``.

        Only one view of an owner, and one of the team, starts a website. Raises ``Forbidden``,
        ``InvalidView`` and ``Unreachable``.
        """
        view = replace(view, name=cleaned(view.name))
        if not view.name or len(view.name) > LONGEST_NAME:
            raise InvalidView(
                Message("A view has a name of up to {most} characters.", most=LONGEST_NAME)
            )
        if not self.account or not self.permissions.sees(view.website):
            raise Forbidden(N_("You cannot save views of this website."))
        if view.audience == "team" and not self.may_share(view.website):
            raise Forbidden(N_("You can save views for yourself only."))
        with self._store() as store:
            if view.id:
                self._require(self._found(store, view.id))
            else:
                mine = select(func.count()).where(
                    SAVED_VIEWS.c.website == view.website, SAVED_VIEWS.c.owner == self.account
                )
                if (store.scalar(mine) or 0) >= MOST:
                    raise InvalidView(
                        Message("You have {most} saved views of this website.", most=MOST),
                        remedy=N_("Delete some of them first."),
                    )
            if view.starts:
                others = update(SAVED_VIEWS).where(
                    SAVED_VIEWS.c.website == view.website, SAVED_VIEWS.c.audience == view.audience
                )
                if view.audience == "me":
                    others = others.where(SAVED_VIEWS.c.owner == (view.owner or self.account))
                store.execute(others.values(starts=False))
            if view.id:
                values = {"name": view.name, "audience": view.audience, "starts": view.starts}
                store.execute(update(SAVED_VIEWS).where(SAVED_VIEWS.c.id == view.id).values(values))
                return view
            view = replace(view, owner=self.account, id=str(uuid4()), created=datetime.now(UTC))
            names = [column.name for column in SAVED_VIEWS.columns]
            values = {name: getattr(view, name) for name in names}
            store.execute(insert(SAVED_VIEWS).values(values))
        return view

    def delete(self, view: SavedView) -> None:
        """Delete a view. Raises ``Forbidden`` and ``Unreachable``."""
        with self._store() as store:
            self._require(self._found(store, view.id))
            store.execute(delete(SAVED_VIEWS).where(SAVED_VIEWS.c.id == view.id))

    def _found(self, store: Connection, id: str) -> SavedView:
        row = store.execute(select(SAVED_VIEWS).where(SAVED_VIEWS.c.id == id)).mappings().first()
        if row is None:
            raise InvalidView(N_("This view was deleted meanwhile."))
        return SavedView(**row)

    def _require(self, view: SavedView) -> None:
        if not self.may_change(view):
            raise Forbidden(N_("Only its owner or an admin can change this view."))

    def _store(self) -> AbstractContextManager[Connection]:
        return writing(self.engine, N_("The database of saved views cannot be reached."))
