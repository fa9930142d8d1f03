"""Subscriptions and alerts: what is sent by itself, to whom, and on whose behalf.

A subscription sends a report at fixed times; an alert sends a message when its condition begins and
another when it ends. Either belongs to an account and never shows more than that account may see
when it is sent. It ends with the account.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import AfterValidator, Base64Bytes, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from access.database import (
    DELIVERIES,
    KEYS,
    NOTIFICATIONS,
    RECEIPTS,
    UNSUBSCRIBED,
    Opening,
    digest,
    exclusive,
    writing,
)
from access.permissions import Forbidden, Permissions
from umami.analysis.alerts import Condition
from umami.errors import InvalidView, Unreachable
from umami.period import zone
from umami.texts import N_, Message

MOST: Final = 100
"""Subscriptions and alerts of one account."""
MOST_RECIPIENTS: Final = 50
LARGEST_LOGO: Final = 200_000
"""Bytes of the largest logo."""
_UNREACHABLE: Final = N_("The database of mails and alerts cannot be reached.")
_LOG: Final = logging.getLogger(__name__)
Text = Annotated[str, Field(max_length=200)]
Hour = Annotated[int, Field(ge=0, le=23)]


def _zone(name: str) -> str:
    zone(name)
    return name


class Spec(BaseModel):
    """What subscriptions and alerts have in common.

    ``params`` are URL parameters: those of the View without the website, and of the page.
    ``recipients`` are mail addresses as people type them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    params: dict[str, list[str]] = {}
    recipients: tuple[Text, ...] = ()
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    language: str = "en"


class Schedule(BaseModel):
    """When a report is due, in local time: every day, on a weekday (Monday is 0), or on a day of
    the month (up to 28)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frequency: Literal["daily", "weekly", "monthly"] = "weekly"
    weekday: Annotated[int, Field(ge=0, le=6)] = 0
    day: Annotated[int, Field(ge=1, le=28)] = 1
    hour: Hour = 7


class Subscription(Spec):
    """A report that is mailed regularly; ``brand`` and ``logo`` (PNG or JPEG) head its mails."""

    websites: Annotated[tuple[str, ...], Field(min_length=1, max_length=20)]
    pages: Annotated[tuple[str, ...], Field(min_length=1)]
    schedule: Schedule = Schedule()
    attachment: Literal["html", "pdf", "xlsx", "none"] = "pdf"
    paper: Literal["A4", "Letter"] = "A4"
    brand: Text = ""
    logo: Annotated[Base64Bytes, Field(max_length=LARGEST_LOGO)] = b""


class Webhook(BaseModel):
    """An address that gets messages of an alert, in the format of a service or as signed JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: Literal["slack", "teams", "json"] = "json"
    url: Annotated[str, Field(max_length=2000, repr=False)]

    @property
    def host(self) -> str:
        """The host of its address, which is no secret."""
        try:
            return urlsplit(self.url).hostname or ""
        except ValueError:
            return ""


class Alert(Spec):
    """A condition of a website that is checked every hour.

    No message is sent in the ``quiet`` hours (first hour, and hour after the last); it follows
    after them if the condition still holds.
    """

    website: str
    condition: Condition
    webhook: Webhook | None = None
    quiet: tuple[Hour, Hour] | None = None


KINDS: Final[dict[str, type[Subscription] | type[Alert]]] = {
    "subscription": Subscription,
    "alert": Alert,
}


@dataclass(frozen=True, slots=True)
class Notification:
    """A subscription or alert.

    ``address`` is the URL of the dashboard for links. What was due before ``since`` is not sent.
    ``ended`` is when it ended for good, and ``why`` says why it ended or is paused.
    """

    spec: Subscription | Alert
    owner: str
    address: str
    id: str = ""
    created: datetime | None = None
    since: datetime | None = None
    paused: bool = False
    ended: datetime | None = None
    why: str = ""
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def websites(self) -> tuple[str, ...]:
        """The ids of its websites."""
        return self.spec.websites if isinstance(self.spec, Subscription) else (self.spec.website,)

    @property
    def active(self) -> bool:
        """Whether it is sent."""
        return not (self.paused or self.ended)


@dataclass(frozen=True, slots=True)
class Notifications:
    """The subscriptions and alerts that one reader sees and changes: their own, and all of them for
    an admin. ``engine`` opens the database, or returns ``None`` where there is none yet and its
    argument is false. ``account`` is empty for readers of a share link, who have none of this."""

    engine: Opening
    account: str
    permissions: Permissions

    def all(self) -> tuple[Notification, ...]:
        """The reader's, by name. Raises ``Unreachable``."""
        visible = [each for each in of_everybody(self.engine) if self._is_mine(each)]
        return tuple(sorted(visible, key=lambda each: (each.spec.name.casefold(), each.id)))

    def add(self, spec: Subscription | Alert, address: str) -> Notification:
        """Save a new one. Raises ``Forbidden``, ``InvalidView`` and ``Unreachable``."""
        self._require(spec)
        now = datetime.now(UTC)
        added = Notification(spec, self.account, address, str(uuid4()), now, now)
        mine = select(func.count()).where(NOTIFICATIONS.c.owner == self.account)
        with self._store() as store:
            if (store.scalar(mine) or 0) >= MOST:
                raise InvalidView(
                    Message("You have {most} mails and alerts.", most=MOST),
                    remedy=N_("Delete some of them first."),
                )
            store.execute(insert(NOTIFICATIONS).values(_values(added)))
        return added

    def change(self, old: Notification, spec: Subscription | Alert) -> Notification:
        """Replace what is sent; an alert begins anew. Raises as ``add`` does."""
        self._require(spec)
        with self._store() as store:
            current = self._current(store, old)
            state = current.state if spec == current.spec else {}
            statement = update(NOTIFICATIONS).where(NOTIFICATIONS.c.id == old.id)
            store.execute(statement.values(spec=spec.model_dump(mode="json"), state=state))
            if isinstance(spec, Alert) and spec != current.spec:
                # What waits for the end of quiet hours is about the former condition.
                unsent = (DELIVERIES.c.status == "waiting", DELIVERIES.c.attempts == 0)
                store.execute(
                    delete(DELIVERIES).where(DELIVERIES.c.notification == old.id, *unsent)
                )
        return replace(current, spec=spec, state=state)

    def pause(self, old: Notification, *, paused: bool) -> None:
        """Pause it, or go on: what was due meanwhile is not sent. Whoever resumes it is its owner
        from then on. Raises as ``add`` does."""
        values: dict[str, Any] = {"paused": paused, "why": ""}
        if not paused:
            values |= {"owner": self.account, "since": datetime.now(UTC), "ended": None}
        with self._store() as store:
            current = self._current(store, old)
            if not paused:
                self._require(current.spec)
            store.execute(
                update(NOTIFICATIONS).where(NOTIFICATIONS.c.id == old.id).values(**values)
            )

    def delete(self, old: Notification) -> None:
        """Delete it, and what was sent for it. Raises ``Forbidden`` and ``Unreachable``."""
        with self._store() as store:
            forget(store, self._current(store, old).id)

    def _is_mine(self, each: Notification) -> bool:
        return bool(self.account) and (each.owner == self.account or self.permissions.admin)

    def _current(self, store: Connection, old: Notification) -> Notification:
        """It as it is now: who resumed it meanwhile is its owner. Raises ``Forbidden``, and
        ``InvalidView`` if it was deleted."""
        current = by_id(store, old.id)
        if current is None:
            raise InvalidView(N_("This was deleted meanwhile."), remedy="")
        if not self._is_mine(current):
            raise Forbidden(N_("Only its owner or an admin can change this."))
        return current

    def _require(self, spec: Subscription | Alert) -> None:
        websites = spec.websites if isinstance(spec, Subscription) else (spec.website,)
        if not self.account or not all(self.permissions.exports(website) for website in websites):
            raise Forbidden(N_("You cannot send figures of this website."))
        if len(websites) > 1 and {"segment", "cohort"} & set(spec.params):
            raise InvalidView(
                N_("A segment or cohort belongs to one website."),
                remedy=N_("Choose one website, or begin without the segment."),
            )
        if len(spec.recipients) > MOST_RECIPIENTS:
            raise InvalidView(
                Message("At most {most} addresses get a mail.", most=MOST_RECIPIENTS),
                remedy=N_("Remove some of them."),
            )

    def _store(self) -> AbstractContextManager[Connection]:
        return writing(self.engine, _UNREACHABLE)


def signing_key(engine: Engine, name: str = "links") -> str:
    """The key of this dashboard for a purpose, which is made on first use."""
    query = select(KEYS.c.value).where(KEYS.c.name == name)
    with engine.connect() as store:
        key: str | None = store.scalar(query)
    if key is None:
        with exclusive(engine) as store:
            key = store.scalar(query)
            if key is None:
                key = secrets.token_urlsafe(32)
                store.execute(insert(KEYS).values(name=name, value=key))
    return key


def webhook_key(engine: Engine, id: str) -> str:
    """The key that signs what one alert sends to its webhook, in the format of Standard Webhooks
    (``whsec_…``). Its receiver cannot sign for other alerts."""
    derived = hmac.digest(signing_key(engine, "webhooks").encode(), id.encode(), hashlib.sha256)
    return f"whsec_{base64.b64encode(derived).decode()}"


def of_everybody(engine: Opening) -> tuple[Notification, ...]:
    """All subscriptions and alerts, except for those that this version of the dashboard cannot
    read. Raises ``Unreachable``."""
    try:
        store = engine(False)
        if store is None:
            return ()
        with store.connect() as connection:
            rows = connection.execute(select(NOTIFICATIONS)).mappings().all()
    except SQLAlchemyError:
        raise Unreachable(_UNREACHABLE, remedy=N_("Try again in a moment.")) from None
    return tuple(filter(None, (_notification(dict(row)) for row in rows)))


def by_id(store: Connection, id: str) -> Notification | None:
    """The subscription or alert with an id; ``None`` if there is none that can be read."""
    row = store.execute(select(NOTIFICATIONS).where(NOTIFICATIONS.c.id == id)).mappings().first()
    return _notification(dict(row)) if row else None


def end(store: Connection, id: str, why: str) -> None:
    """End it, because its account is gone."""
    statement = update(NOTIFICATIONS).where(NOTIFICATIONS.c.id == id)
    store.execute(statement.values(ended=datetime.now(UTC), why=why[:500]))


def pause(store: Connection, id: str, why: str) -> None:
    """Pause it, and say why."""
    statement = update(NOTIFICATIONS).where(NOTIFICATIONS.c.id == id)
    store.execute(statement.values(paused=True, why=why[:500]))


def keep_state(store: Connection, id: str, state: dict[str, Any]) -> None:
    """Save what the last check of an alert found."""
    store.execute(update(NOTIFICATIONS).where(NOTIFICATIONS.c.id == id).values(state=state))


def forget(store: Connection, id: str) -> None:
    """Delete a subscription or alert with its history."""
    sent = select(DELIVERIES.c.id).where(DELIVERIES.c.notification == id)
    store.execute(delete(RECEIPTS).where(RECEIPTS.c.delivery.in_(sent)))
    store.execute(delete(DELIVERIES).where(DELIVERIES.c.notification == id))
    store.execute(delete(UNSUBSCRIBED).where(UNSUBSCRIBED.c.notification == id))
    store.execute(delete(NOTIFICATIONS).where(NOTIFICATIONS.c.id == id))


def unsubscribe(store: Connection, id: str, recipient: str) -> None:
    """Send no more mails of it to an address."""
    row = {"notification": id, "recipient": digest(recipient.casefold())}
    if not store.execute(select(UNSUBSCRIBED).filter_by(**row)).first():
        store.execute(insert(UNSUBSCRIBED).values(**row, at=datetime.now(UTC)))


def is_unsubscribed(store: Connection, id: str, recipient: str) -> bool:
    """Whether an address gets no more mails of it."""
    row = {"notification": id, "recipient": digest(recipient.casefold())}
    return store.execute(select(UNSUBSCRIBED).filter_by(**row)).first() is not None


def _notification(row: dict[str, Any]) -> Notification | None:
    """``None`` for what another version has written, or for a time zone that exists no more."""
    try:
        spec = KINDS[row.pop("kind")].model_validate(row["spec"])
    except (KeyError, ValidationError, InvalidView):
        # The message of the error quotes what was entered.
        _LOG.warning("the mail or alert %s cannot be read", row["id"])
        return None
    return Notification(**{**row, "spec": spec})


def _values(each: Notification) -> dict[str, Any]:
    values = {column.name: getattr(each, column.name, None) for column in NOTIFICATIONS.columns}
    kind = "subscription" if isinstance(each.spec, Subscription) else "alert"
    return {**values, "kind": kind, "spec": each.spec.model_dump(mode="json")}
