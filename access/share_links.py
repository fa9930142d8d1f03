"""Share links: a View for somebody without an account, signed, with an end, revocable."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from itsdangerous import BadSignature, Signer
from sqlalchemy import Engine, insert, select, update

from access import passwords
from access.database import SHARES
from access.permissions import Grant, Narrowing, Permissions

LONGEST_NAME: Final = 100
_TOKEN: Final = re.compile(r"[\w.-]{10,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ShareLink:
    """A link: what it shows (``view`` as URL parameters, ``sections`` by name), and until when."""

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
        """The website it shows."""
        return self.view["website"][0]

    @property
    def over(self) -> str | None:
        """Why it opens nothing any more; ``None`` while it does."""
        if self.revoked is not None:
            return "This link was withdrawn."
        if self.ends <= datetime.now(UTC):
            return f"This link ended on {self.ends:%d %B %Y}."
        return None

    def permissions(self, asks: Mapping[str, frozenset[str]], narrowing: Narrowing) -> Permissions:
        """What its holder may see; ``asks`` are the endpoints of each section."""
        return Permissions(
            (
                Grant(
                    websites=frozenset((self.website,)),
                    sections=frozenset(self.sections),
                    endpoints=frozenset().union(*(asks.get(one, ()) for one in self.sections)),
                    filters=not self.locked,
                    narrowing=narrowing,
                ),
            )
        )


@dataclass(frozen=True, slots=True)
class ShareLinks:
    """The links in a store, signed with ``key``."""

    engine: Engine
    key: str

    def __repr__(self) -> str:
        return "Shares()"

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
        """Make a link that opens until ``ends`` (aware); its token is ``token(share.id)``."""
        found: dict[str, Any] = {
            "id": secrets.token_urlsafe(18),
            "name": name[:LONGEST_NAME],
            "maker": maker,
            "made": datetime.now(UTC),
            "ends": ends,
            "revoked": None,
            "locked": locked,
            "sections": list(sections),
            "view": {key: list(values) for key, values in view.items()},
        }
        kept = passwords.hashed(password) if password else None
        with self.engine.begin() as store:
            store.execute(insert(SHARES).values(password=kept, **found))
        return ShareLink(**{**found, "password": bool(password), "sections": sections})

    def token(self, id: str) -> str:
        """What stands in the link."""
        return self._signer.sign(id).decode()

    def found(self, token: str) -> ShareLink | None:
        """The link of a token, ended ones too; ``None`` for a token that we did not sign."""
        if not _TOKEN.fullmatch(token):
            return None
        try:
            id = self._signer.unsign(token).decode()
        except BadSignature:
            return None
        with self.engine.connect() as store:
            row = store.execute(select(SHARES).where(SHARES.c.id == id)).first()
        return _share(row) if row else None

    def opened_by(self, share: ShareLink, password: str) -> bool:
        """Whether this is the link's password."""
        query = select(SHARES.c.password).where(SHARES.c.id == share.id)
        with self.engine.connect() as store:
            return passwords.matches(password, store.scalar(query))

    def revoke(self, id: str) -> None:
        """Withdraw a link: it opens nothing from now on."""
        now = datetime.now(UTC)
        with self.engine.begin() as store:
            store.execute(
                update(SHARES)
                .where(SHARES.c.id == id, SHARES.c.revoked.is_(None))
                .values(revoked=now)
            )

    def listed(self) -> list[ShareLink]:
        """Every link, newest first."""
        with self.engine.connect() as store:
            rows = store.execute(select(SHARES).order_by(SHARES.c.made.desc())).all()
        return [_share(row) for row in rows]

    @property
    def _signer(self) -> Signer:
        return Signer(self.key, salt="share link")


def _share(row: Any) -> ShareLink:
    return ShareLink(
        row.id,
        row.name,
        row.maker,
        row.made,
        row.ends,
        row.revoked,
        row.password is not None,
        row.locked,
        tuple(row.sections),
        row.view,
    )
