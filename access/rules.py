"""Rules of a website by which values are grouped or merged where they are shown. The data stays as
it is, so that a rule can be deleted without a trace."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select

from access.database import RULES, Opening, reading, writing
from access.notes import cleaned
from access.permissions import Forbidden, Permissions
from umami.errors import InvalidView
from umami.texts import N_, Message

MOST: Final = 100
"""Rules of a kind that a website may have."""
LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. ``kind`` says what it is for, and with it what ``spec`` contains; of one kind, the
    first by ``position`` that matches applies. ``name`` is what people read."""

    website: str
    kind: str
    name: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    position: int = 0
    author: str = ""
    id: str = ""
    created: datetime | None = None


Absorb = Callable[[Rule, Sequence[Rule]], tuple[Rule, Collection[str]]]
"""Given a new rule and the others of its kind: the rule to save, and the ids of those that it
replaces."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of websites for one reader; ``engine`` and ``account`` as in
    ``access.notes.Notebook``."""

    engine: Opening
    account: str
    permissions: Permissions

    def of(self, website: str, kind: str) -> tuple[Rule, ...]:
        """Those of a website, in their order; none while the database cannot be reached. Readers of
        share links see what they do, too."""
        if not self.permissions.sees(website):
            return ()
        query = select(RULES).where(_of(website, kind)).order_by(*_ORDER)
        return tuple(Rule(**row) for row in reading(self.engine, query))

    def may_change(self, website: str) -> bool:
        """Whether the reader may add, order and delete rules of a website."""
        return bool(self.account) and self.permissions.saves(website)

    def add(self, rule: Rule, absorb: Absorb | None = None) -> Rule:
        """Save a new rule after the others of its kind, instead of those that it ``absorb``s;
        returns it with its id.

        Raises ``Forbidden``, ``InvalidView`` and ``Unreachable``.
        """
        self._require(rule.website)
        name = cleaned(rule.name)[:LONGEST_NAME]
        if not name:
            raise InvalidView(N_("A rule needs a name."), remedy="")
        of_kind = _of(rule.website, rule.kind)
        with self._store() as store:
            if absorb:
                rows = store.execute(select(RULES).where(of_kind).order_by(*_ORDER)).mappings()
                rule, replaced = absorb(rule, [Rule(**row) for row in rows])
                store.execute(delete(RULES).where(of_kind, RULES.c.id.in_(replaced)))
            if (store.scalar(select(func.count()).where(of_kind)) or 0) >= MOST:
                raise InvalidView(
                    Message("This website has {most} rules of this kind.", most=MOST),
                    remedy=N_("Delete some of them first."),
                )
            last = store.scalar(select(func.max(RULES.c.position)).where(of_kind))
            rule = replace(
                rule,
                name=name,
                position=0 if last is None else last + 1,
                author=self.account,
                id=str(uuid4()),
                created=datetime.now(UTC),
            )
            values = {column.name: getattr(rule, column.name) for column in RULES.columns}
            store.execute(insert(RULES).values({**values, "spec": dict(rule.spec)}))
        return rule

    def delete(self, website: str, id: str) -> Rule:
        """Delete a rule and return it. Raises ``Forbidden``, ``InvalidView`` and
        ``Unreachable``."""
        self._require(website)
        which = and_(RULES.c.website == website, RULES.c.id == id)
        with self._store() as store:
            row = store.execute(select(RULES).where(which)).mappings().first()
            if row is None:
                raise InvalidView(N_("This rule was deleted meanwhile."))
            store.execute(delete(RULES).where(which))
        return Rule(**row)

    def _require(self, website: str) -> None:
        if not self.may_change(website):
            raise Forbidden(N_("You cannot change what this website shows."))

    def _store(self) -> AbstractContextManager[Connection]:
        return writing(self.engine, N_("The database of rules cannot be reached."))


_ORDER: Final = (RULES.c.position, RULES.c.created, RULES.c.id)


def _of(website: str, kind: str) -> ColumnElement[bool]:
    return and_(RULES.c.website == website, RULES.c.kind == kind)
