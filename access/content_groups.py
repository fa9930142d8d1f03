"""The content groups and own channels of websites: rules of the database."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select

from access.database import RULES, Opening, writing
from access.permissions import Forbidden, Permissions
from access.rules import Rules
from umami.content_groups import ContentGroup, GroupKind, check
from umami.errors import InvalidView
from umami.texts import N_


@dataclass(frozen=True, slots=True)
class ContentGroups:
    """The groups that one reader sees; ``engine`` and ``account`` as in
    ``access.notes.Notebook``."""

    engine: Opening
    account: str
    permissions: Permissions

    def of(self, website: str, kind: GroupKind) -> tuple[ContentGroup, ...]:
        """Those of a website in their order; none while the database cannot be reached."""
        rules = self._rules.of(website, kind)
        return tuple(group for rule in rules if (group := _group(rule.name, rule.spec)))

    def may_change(self, website: str) -> bool:
        """Whether the reader may change the groups of a website."""
        return self._rules.may_change(website)

    def replace(
        self,
        website: str,
        kind: GroupKind,
        before: Sequence[ContentGroup],
        groups: Sequence[ContentGroup],
    ) -> None:
        """Save all groups of a website, instead of those that the reader saw ``before``.

        Raises ``Forbidden``, ``InvalidView`` and ``Unreachable``; then nothing is saved.
        """
        if not self.may_change(website):
            raise Forbidden(N_("You cannot change the groups of this website."))
        check(groups, kind)
        with writing(self.engine, N_("The database of groups cannot be reached.")) as store:
            if _stored(store, website, kind) != tuple(before):
                raise InvalidView(
                    N_("Somebody else has changed these groups meanwhile."),
                    remedy=N_("Close this form and open it again."),
                )
            store.execute(delete(RULES).where(RULES.c.website == website, RULES.c.kind == kind))
            now = datetime.now(UTC)
            for position, group in enumerate(groups):
                values = {
                    "id": str(uuid4()),
                    "website": website,
                    "kind": kind,
                    "position": position,
                    "name": group.name,
                    "spec": {"field": group.field, "patterns": list(group.patterns)},
                    "author": self.account,
                    "created": now,
                }
                store.execute(insert(RULES).values(values))

    @property
    def _rules(self) -> Rules:
        return Rules(self.engine, self.account, self.permissions)


def _stored(store: Connection, website: str, kind: GroupKind) -> tuple[ContentGroup, ...]:
    query = select(RULES).where(RULES.c.website == website, RULES.c.kind == kind)
    rows = store.execute(query.order_by(RULES.c.position)).mappings()
    return tuple(group for row in rows if (group := _group(row["name"], row["spec"])))


def _group(name: str, spec: Any) -> ContentGroup | None:
    """The group of a row; ``None`` for one that this version does not accept."""
    with suppress(InvalidView, KeyError, TypeError):
        return ContentGroup(name, spec["field"], tuple(map(str, spec["patterns"])))
    return None
