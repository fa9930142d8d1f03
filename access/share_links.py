"""Share links: signed, revocable links to a View for people without an account."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from itsdangerous import BadSignature, Signer
from sqlalchemy import Engine, insert, select, update

from access import passwords
from access.database import SHARES
from access.permissions import Grant, Permissions, ViewFilters
from umami.texts import N_, Message

LONGEST_NAME: Final = 100
_TOKEN: Final = re.compile(r"[\w.-]{10,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ShareLink:
    """A share link. ``view`` holds URL parameters, ``sections`` the names of pages; ``locked``
    means that its filters are fixed, ``password`` that it asks for one."""

    id: str
    name: str
    maker: str
    made: datetime
    ends: datetime
    revoked: datetime | None
    password: bool
    locked: bool
    sections: tuple[str, ...]
    view: Mapping[str, list[str]]

    @property
    def website(self) -> str:
        """The id of its website."""
        return self.view["website"][0]

    @property
    def closed(self) -> str | None:
        """A sentence that says why the link is not valid any more; ``None`` while it is."""
        if self.revoked is not None:
            return N_("This link was withdrawn.")
        if self.ends <= datetime.now(UTC):
            return Message("This link ended on {day}.", day=self.ends.date())
        return None

    def permissions(
        self, endpoints: Mapping[str, frozenset[str]], fixed_filters: ViewFilters
    ) -> Permissions:
        """Return what its holder may see. ``endpoints`` maps each section to its endpoints."""
        grant = Grant(
            websites=frozenset((self.website,)),
            sections=frozenset(self.sections),
            endpoints=frozenset().union(*(endpoints.get(name, ()) for name in self.sections)),
            filters=not self.locked,
            fixed_filters=fixed_filters,
        )
        return Permissions((grant,))


@dataclass(frozen=True, slots=True)
class ShareLinks:
    """The share links in a database, signed with ``key``."""

    engine: Engine = field(repr=False)
    key: str = field(repr=False)

    def make(
        self,
        *,
        name: str,
        maker: str,
        ends: datetime,
        view: Mapping[str, list[str]],
        sections: tuple[str, ...],
        locked: bool,
        password: str = "",
    ) -> ShareLink:
        """Create a link that is valid until ``ends`` (aware)."""
        row = {
            "id": secrets.token_urlsafe(18),
            "name": name[:LONGEST_NAME],
            "maker": maker,
            "made": datetime.now(UTC),
            "ends": ends,
            "password": passwords.hashed(password) if password else None,
            "locked": locked,
            "sections": sections,
            "view": {key: list(values) for key, values in view.items()},
        }
        with self.engine.begin() as store:
            inserted = store.execute(insert(SHARES).values(row).returning(SHARES)).one()
        return _share(inserted)

    def token(self, id: str) -> str:
        """Return the signed token that the URL of a link contains."""
        return self._signer.sign(id).decode()

    def by_token(self, token: str) -> ShareLink | None:
        """Return the link of a token, even if it is closed; ``None`` if the signature is wrong."""
        if not _TOKEN.fullmatch(token):
            return None
        try:
            id = self._signer.unsign(token).decode()
        except BadSignature:
            return None
        with self.engine.connect() as store:
            row = store.execute(select(SHARES).where(SHARES.c.id == id)).first()
        return _share(row) if row else None

    def password_matches(self, share: ShareLink, password: str) -> bool:
        """Return whether this is the link's password. Raises ``Busy``."""
        query = select(SHARES.c.password).where(SHARES.c.id == share.id)
        with self.engine.connect() as store:
            return passwords.matches(password, store.scalar(query))

    def revoke(self, id: str) -> None:
        """Withdraw a link, which is closed from now on."""
        valid = update(SHARES).where(SHARES.c.id == id, SHARES.c.revoked.is_(None))
        with self.engine.begin() as store:
            store.execute(valid.values(revoked=datetime.now(UTC)))

    def all(self) -> list[ShareLink]:
        """Return every link, newest first."""
        with self.engine.connect() as store:
            rows = store.execute(select(SHARES).order_by(SHARES.c.made.desc())).all()
        return [_share(row) for row in rows]

    @property
    def _signer(self) -> Signer:
        return Signer(self.key, salt="share link")


def _share(row: Any) -> ShareLink:
    password, sections = row.password is not None, tuple(row.sections)
    return ShareLink(**{**row._mapping, "password": password, "sections": sections})
