"""What campaigns of a website cost by day: what one reader sees, uploads and deletes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import uuid4

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Engine,
    cast,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from access.cost_files import KEY, MICROS
from access.database import COST_UPLOADS, COSTS, Opening, writing
from access.notes import cleaned
from access.permissions import Forbidden, Permissions
from umami.errors import InvalidView, SettingsError, Unreachable
from umami.memoize import memoize
from umami.texts import N_, Message

MOST: Final = 200_000
"""Costs of a website, each of a day, a campaign, a source and a currency."""
LONGEST_NAME: Final = 200
_AT_ONCE: Final = 1_000
"""Rows of one statement."""
_AMOUNT: Final = func.sum(cast(COSTS.c.micros, Double)) / MICROS
"""As a number with a point, since SQLite fails where a sum of integers overflows."""


@dataclass(frozen=True, slots=True)
class Spend:
    """Costs of some days. ``frame`` has ``campaign``, ``source``, ``currency`` and ``amount``;
    ``days`` is the number of days with costs, ``by_source`` the same for each source."""

    frame: pd.DataFrame
    days: int
    by_source: Mapping[str, int]

    @property
    def totals(self) -> dict[str, float]:
        """The costs in each currency, the largest first."""
        sums = self.frame.groupby("currency")["amount"].sum().sort_values(ascending=False)
        return {str(currency): float(amount) for currency, amount in sums.items()}


@dataclass(frozen=True, slots=True)
class CostUpload:
    """An upload; ``rows``, ``first``, ``last`` and ``amounts`` (by currency) are of its costs that
    no later upload replaced."""

    id: str
    website: str
    name: str
    author: str
    created: datetime
    rows: int = 0
    first: date | None = None
    last: date | None = None
    amounts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CostLedger:
    """The costs that one reader may see; ``engine`` and ``account`` as in
    ``access.notes.Notebook``."""

    engine: Opening
    account: str
    permissions: Permissions

    def may_write(self, website: str) -> bool:
        """Whether the reader may upload and delete costs."""
        allowed = self.permissions.costs(website) and self.permissions.saves(website)
        return bool(self.account) and allowed

    def spend(self, website: str, first: date, last: date) -> Spend | None:
        """The costs of the days from ``first`` to ``last``; ``None`` if there are none for this
        reader. Raises ``Unreachable``."""
        if not self.permissions.costs(website):
            return None
        try:
            engine = self.engine(False)
            return _spend(engine, website, first, last, _state(engine, website)) if engine else None
        except (SQLAlchemyError, SettingsError):
            # The message of a database error may contain its address.
            problem = N_("Costs cannot be read now.")
            raise Unreachable(problem, remedy=N_("Try again in a moment.")) from None

    def uploads(self, website: str) -> tuple[CostUpload, ...]:
        """The uploads of a website, the newest first, for those who may write."""
        if not self.may_write(website):
            return ()
        of_website = COSTS.c.website == website
        rest = select(
            COSTS.c.upload,
            COSTS.c.currency,
            func.count().label("rows"),
            func.min(COSTS.c.day).label("first"),
            func.max(COSTS.c.day).label("last"),
            _AMOUNT.label("amount"),
        ).where(of_website)
        listed = select(COST_UPLOADS).where(COST_UPLOADS.c.website == website)
        uploads: list[CostUpload] = []
        with suppress(SQLAlchemyError, SettingsError):
            engine = self.engine(False)
            if engine is None:
                return ()
            with engine.connect() as store:
                groups = store.execute(rest.group_by(COSTS.c.upload, COSTS.c.currency)).all()
                for row in store.execute(listed.order_by(COST_UPLOADS.c.created.desc())):
                    mine = [group for group in groups if group.upload == row.id]
                    uploads.append(
                        CostUpload(
                            **row._mapping,
                            rows=sum(group.rows for group in mine),
                            first=min((group.first for group in mine), default=None),
                            last=max((group.last for group in mine), default=None),
                            amounts={group.currency: float(group.amount) for group in mine},
                        )
                    )
        return tuple(uploads)

    def overlap(self, website: str, rows: pd.DataFrame) -> tuple[int, int]:
        """How many costs an upload of ``rows`` would replace, and how many it would add to saved
        ones of the same day, campaign and currency from a source that ``rows`` do not name; 0 while
        the database cannot be reached. Raises ``Forbidden``."""
        self._require(website)
        with suppress(SQLAlchemyError, SettingsError):
            engine = self.engine(False)
            if engine is not None:
                with engine.connect() as store:
                    known = _known(store, website, rows)
                named = _keys(rows)
                elsewhere = {_without_source(key) for key in known - named}
                new = sum(_without_source(key) in elsewhere for key in named - known)
                return len(named & known), new
        return 0, 0

    def add(self, website: str, name: str, rows: pd.DataFrame) -> int:
        """Save the ``rows`` of ``access.cost_files.CostFile.rows``; returns how many costs of the
        same day, campaign, source and currency they replaced.

        Raises ``Forbidden``, ``InvalidView`` and ``Unreachable``; nothing is saved then.
        """
        self._require(website)
        upload: dict[str, Any] = {
            "id": str(uuid4()),
            "website": website,
            "name": cleaned(name)[:LONGEST_NAME],
            "author": self.account,
            "created": datetime.now(UTC),
        }
        saved = rows.assign(
            website=website,
            upload=upload["id"],
            day=rows["day"].dt.date,
            clicks=rows["clicks"].astype("object").where(rows["clicks"].notna(), None),
            impressions=rows["impressions"]
            .astype("object")
            .where(rows["impressions"].notna(), None),
        )
        values: list[Any] = saved.to_dict("records")
        with self._store() as store:
            number = store.scalar(
                select(func.count()).select_from(COSTS).where(COSTS.c.website == website)
            )
            replaced = len(_known(store, website, rows) & _keys(rows))
            if (number or 0) - replaced + len(values) > MOST:
                raise InvalidView(
                    Message("A website has at most {most} costs.", most=MOST),
                    remedy=N_("Delete older uploads first."),
                )
            store.execute(insert(COST_UPLOADS).values(upload))
            dialect = postgresql if store.dialect.name == "postgresql" else sqlite
            statement = dialect.insert(COSTS)
            changed = ("micros", "clicks", "impressions", "upload")
            statement = statement.on_conflict_do_update(
                index_elements=["website", *KEY],
                set_={column: statement.excluded[column] for column in changed},
            )
            for at in range(0, len(values), _AT_ONCE):
                store.execute(statement, values[at : at + _AT_ONCE])
        return replaced

    def delete(self, upload: CostUpload) -> None:
        """Delete an upload with the costs that it was the last to name; those that it replaced do
        not come back. Raises ``Forbidden`` and ``Unreachable``."""
        self._require(upload.website)
        of_upload: list[ColumnElement[bool]] = [
            COSTS.c.upload == upload.id,
            COSTS.c.website == upload.website,
        ]
        of_list = (COST_UPLOADS.c.id == upload.id, COST_UPLOADS.c.website == upload.website)
        with self._store() as store:
            store.execute(delete(COSTS).where(*of_upload))
            store.execute(delete(COST_UPLOADS).where(*of_list))

    def _require(self, website: str) -> None:
        if not self.may_write(website):
            raise Forbidden(N_("You cannot change the costs of this website."))

    def _store(self) -> AbstractContextManager[Connection]:
        return writing(self.engine, N_("The database of costs cannot be reached."))


def _state(engine: Engine, website: str) -> tuple[str | int, ...]:
    """What tells whether the costs of a website have changed. As long as its uploads are the same,
    their costs can only become fewer: where a later upload replaced them and was deleted."""
    uploads = select(COST_UPLOADS.c.id).where(COST_UPLOADS.c.website == website)
    number = select(func.count()).select_from(COSTS).where(COSTS.c.website == website)
    with engine.connect() as store:
        return store.scalar(number) or 0, *sorted(store.scalars(uploads))


@memoize
def _spend(
    engine: Engine, website: str, first: date, last: date, _state: tuple[str | int, ...]
) -> Spend | None:
    """The sums of costs in this ``_state``."""
    days = [COSTS.c.website == website, COSTS.c.day.between(first, last)]
    names = (COSTS.c.campaign, COSTS.c.source, COSTS.c.currency)
    sums = select(*names, _AMOUNT.label("amount")).where(*days).group_by(*names)
    dates = select(COSTS.c.source, COSTS.c.day).where(*days).distinct()
    with engine.connect() as store:
        rows = [tuple(row) for row in store.execute(sums)]
        covered = [tuple(row) for row in store.execute(dates)]
    if not rows or not covered:
        return None
    frame = pd.DataFrame(rows, columns=["campaign", "source", "currency", "amount"])
    frame = frame.astype({"amount": "float64"}).sort_values(
        ["amount", "campaign", "source", "currency"],
        ascending=[False, True, True, True],
        ignore_index=True,
    )
    sources = pd.Series([source for source, _day in covered]).value_counts()
    by_source = {str(source): int(count) for source, count in sources.items()}
    return Spend(frame, len({day for _source, day in covered}), by_source)


def _known(store: Connection, website: str, rows: pd.DataFrame) -> set[tuple[Any, ...]]:
    """The keys of the saved costs of the days of ``rows``."""
    days = COSTS.c.day.between(rows["day"].min().date(), rows["day"].max().date())
    keys = select(*(COSTS.c[name] for name in KEY)).where(COSTS.c.website == website, days)
    return {tuple(row) for row in store.execute(keys)}


def _keys(rows: pd.DataFrame) -> set[tuple[Any, ...]]:
    return set(zip(rows["day"].dt.date, *(rows[name] for name in KEY[1:]), strict=True))


def _without_source(key: tuple[Any, ...]) -> tuple[Any, ...]:
    day, campaign, _source, currency = key
    return day, campaign, currency
