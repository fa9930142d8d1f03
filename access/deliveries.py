"""What is to be sent for subscriptions and alerts, and what became of it.

Every delivery is due once: the database refuses a second one for the same occasion. A worker claims
it for a limited time and prepares what is to be sent; if the worker ends, another one claims it
again. Before something is sent to a recipient, a receipt says so. If the worker ends between that
and the answer of the mail server, nobody knows whether it arrived: it is not sent again, and the
receipt says so. So nothing is sent twice, and nothing is lost in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import uuid4

from sqlalchemy import Connection, Engine, delete, insert, or_, select, update

from access.database import DELIVERIES, RECEIPTS, exclusive
from umami.texts import N_

Status = Literal["waiting", "sent", "failed", "missed"]
ReceiptStatus = Literal["sending", "accepted", "refused", "unknown"]
LEASE: Final = timedelta(minutes=10)
"""How long a worker may prepare a delivery."""
RETENTION: Final = timedelta(days=90)
"""How long deliveries and their recipients are kept."""
INTERRUPTED: Final = N_(
    "The dashboard stopped while it was being sent. It may have arrived, and is not sent again."
)

NO_RECIPIENT: Final = N_("Everybody has unsubscribed.")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery for one recipient: a mail address, or a webhook's host."""

    recipient: str
    status: ReceiptStatus
    at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A report that is or was due, or a message of an alert; ``content`` is what the message says.

    ``next_attempt`` is when a waiting one is tried next. ``why`` says why it waits or failed.
    """

    notification: str
    occasion: str
    due: datetime
    status: Status = "waiting"
    attempts: int = 0
    next_attempt: datetime | None = None
    worker: str = ""
    content: dict[str, Any] = field(default_factory=dict)
    why: str = ""
    ended: datetime | None = None
    id: str = ""
    receipts: tuple[Receipt, ...] = ()


def plan(
    store: Connection,
    notification: str,
    occasion: str,
    due: datetime,
    *,
    content: dict[str, Any] | None = None,
    not_before: datetime | None = None,
    missed: str = "",
) -> bool:
    """Add a delivery unless there is one for the occasion; returns whether it was added. One that
    was ``missed`` is recorded with the reason, and not sent."""
    same = select(DELIVERIES.c.id).where(
        DELIVERIES.c.notification == notification, DELIVERIES.c.occasion == occasion
    )
    if store.execute(same).first():
        return False
    values = {
        "id": str(uuid4()),
        "notification": notification,
        "occasion": occasion,
        "due": due,
        "status": "missed" if missed else "waiting",
        "attempts": 0,
        "next_attempt": not_before or due,
        "worker": "",
        "content": content or {},
        "why": missed[:500],
        "ended": datetime.now(UTC) if missed else None,
    }
    store.execute(insert(DELIVERIES).values(values))
    return True


def claim(engine: Engine, worker: str, now: datetime) -> Delivery | None:
    """Claim the delivery that is due first and that no other worker prepares."""
    free = or_(DELIVERIES.c.lease.is_(None), DELIVERIES.c.lease < now)
    query = (
        select(DELIVERIES)
        .where(DELIVERIES.c.status == "waiting", DELIVERIES.c.next_attempt <= now, free)
        .order_by(DELIVERIES.c.due, DELIVERIES.c.id)
        .limit(1)
    )
    with exclusive(engine) as store:
        row = store.execute(query).mappings().first()
        if row is None:
            return None
        attempts = row["attempts"] + 1
        store.execute(
            update(DELIVERIES)
            .where(DELIVERIES.c.id == row["id"])
            .values(lease=now + LEASE, worker=worker, attempts=attempts)
        )
        return _delivery(
            {**row, "worker": worker, "attempts": attempts}, _receipts(store, row["id"])
        )


def begin(
    engine: Engine, delivery: Delivery, recipients: Sequence[str], now: datetime
) -> list[str]:
    """Return the recipients to send to now, with a receipt for each; none if another worker has
    taken over. Those who have a receipt get nothing again."""
    with exclusive(engine) as store:
        mine = select(DELIVERIES.c.id).where(
            DELIVERIES.c.id == delivery.id,
            DELIVERIES.c.worker == delivery.worker,
            DELIVERIES.c.attempts == delivery.attempts,
            DELIVERIES.c.status == "waiting",
        )
        if not store.execute(mine).first():
            return []
        store.execute(
            update(DELIVERIES).where(DELIVERIES.c.id == delivery.id).values(lease=now + LEASE)
        )
        store.execute(
            update(RECEIPTS)
            .where(RECEIPTS.c.delivery == delivery.id, RECEIPTS.c.status == "sending")
            .values(status="unknown", why=str(INTERRUPTED), at=now)
        )
        known = {receipt.recipient for receipt in _receipts(store, delivery.id)}
        fresh = [each for each in dict.fromkeys(recipients) if each not in known]
        for recipient in fresh:
            row = {"delivery": delivery.id, "recipient": recipient, "status": "sending"}
            store.execute(insert(RECEIPTS).values(**row, at=now, why=""))
        return fresh


def settle(
    engine: Engine, delivery: Delivery, recipient: str, status: ReceiptStatus, why: str = ""
) -> None:
    """Save what became of it for a recipient."""
    with exclusive(engine) as store:
        store.execute(
            update(RECEIPTS)
            .where(RECEIPTS.c.delivery == delivery.id, RECEIPTS.c.recipient == recipient)
            .values(status=status, why=why[:500], at=datetime.now(UTC))
        )


def again(
    engine: Engine, delivery: Delivery, at: datetime, why: str, recipients: Sequence[str] = ()
) -> None:
    """Try a delivery again later, also for these recipients, whom it certainly did not reach."""
    with exclusive(engine) as store:
        store.execute(
            delete(RECEIPTS).where(
                RECEIPTS.c.delivery == delivery.id, RECEIPTS.c.recipient.in_(recipients)
            )
        )
        store.execute(_mine(delivery).values(next_attempt=at, lease=None, why=why[:500]))


def finish(engine: Engine, delivery: Delivery, status: Status, why: str = "") -> tuple[Status, str]:
    """End a delivery; one that was "sent" and that nobody got has failed. Returns its status and
    the reason."""
    with exclusive(engine) as store:
        receipts = _receipts(store, delivery.id)
        if status == "sent" and all(receipt.status == "refused" for receipt in receipts):
            status = "failed"
            why = why or next((receipt.why for receipt in receipts), str(NO_RECIPIENT))
        ended = datetime.now(UTC)
        store.execute(_mine(delivery).values(status=status, why=why[:500], ended=ended, lease=None))
    return status, why


def cancel(store: Connection, notification: str, occasion: str, now: datetime, why: str) -> bool:
    """Do not send a delivery that waits and that nobody prepares, or not to any more recipients;
    returns whether nothing of it was sent."""
    query = select(DELIVERIES).where(
        DELIVERIES.c.notification == notification,
        DELIVERIES.c.occasion == occasion,
        DELIVERIES.c.status == "waiting",
        or_(DELIVERIES.c.lease.is_(None), DELIVERIES.c.lease < now),
    )
    row = store.execute(query).mappings().first()
    if row is None:
        return False
    sent = any(receipt.status != "refused" for receipt in _receipts(store, row["id"]))
    values = {"status": "sent"} if sent else {"status": "missed", "why": why[:500]}
    store.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.id == row["id"])
        .values(**values, ended=datetime.now(UTC))
    )
    return not sent


def _mine(delivery: Delivery) -> Any:
    return update(DELIVERIES).where(
        DELIVERIES.c.id == delivery.id,
        DELIVERIES.c.worker == delivery.worker,
        DELIVERIES.c.attempts == delivery.attempts,
    )


def history(engine: Engine, notification: str, most: int = 20) -> tuple[Delivery, ...]:
    """The latest deliveries of a subscription or alert, newest first."""
    query = (
        select(DELIVERIES)
        .where(DELIVERIES.c.notification == notification)
        .order_by(DELIVERIES.c.due.desc(), DELIVERIES.c.id)
        .limit(most)
    )
    with engine.connect() as store:
        rows = store.execute(query).mappings().all()
        return tuple(_delivery(dict(row), _receipts(store, row["id"])) for row in rows)


def purge(engine: Engine, now: datetime) -> None:
    """Delete what is older than ``RETENTION``."""
    old = select(DELIVERIES.c.id).where(DELIVERIES.c.due < now - RETENTION)
    with exclusive(engine) as store:
        store.execute(delete(RECEIPTS).where(RECEIPTS.c.delivery.in_(old)))
        store.execute(delete(DELIVERIES).where(DELIVERIES.c.due < now - RETENTION))


def _receipts(store: Connection, delivery: str) -> tuple[Receipt, ...]:
    query = select(RECEIPTS).where(RECEIPTS.c.delivery == delivery).order_by(RECEIPTS.c.recipient)
    rows = store.execute(query).mappings()
    return tuple(Receipt(row["recipient"], row["status"], row["at"], row["why"]) for row in rows)


def _delivery(row: Any, receipts: tuple[Receipt, ...]) -> Delivery:
    values = {name: value for name, value in row.items() if name != "lease"}
    return Delivery(**values, receipts=receipts)
