"""What is to be sent: due once, claimed by one worker, and never sent twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from access import deliveries
from access.database import exclusive
from access.deliveries import LEASE, Delivery

DUE = datetime(2026, 11, 23, 6, tzinfo=UTC)
NOW = DUE + timedelta(minutes=1)


def planned(engine: Engine, occasion: str = "23 Nov", **values: object) -> bool:
    with exclusive(engine) as store:
        return deliveries.plan(store, "one", occasion, DUE, **values)  # type: ignore[arg-type]


def claimed(engine: Engine, now: datetime = NOW, worker: str = "w1") -> Delivery:
    delivery = deliveries.claim(engine, worker, now)
    assert delivery
    return delivery


def statuses(engine: Engine) -> dict[str, str]:
    (delivery,) = deliveries.history(engine, "one")
    return {receipt.recipient: receipt.status for receipt in delivery.receipts}


def test_an_occasion_is_planned_once(engine: Engine) -> None:
    assert planned(engine)
    assert not planned(engine)
    assert planned(engine, "30 Nov")
    assert len(deliveries.history(engine, "one")) == 2


def test_one_of_many_workers_claims_a_delivery(engine: Engine) -> None:
    planned(engine)
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda at: deliveries.claim(engine, f"w{at}", NOW), range(8)))
    assert len([each for each in claims if each]) == 1


def test_nothing_is_claimed_before_its_time_and_missed_ones_never(engine: Engine) -> None:
    planned(engine)
    planned(engine, "16 Nov", missed="Not running.")
    assert deliveries.claim(engine, "w1", DUE - timedelta(seconds=1)) is None
    claimed(engine)
    assert deliveries.claim(engine, "w1", NOW) is None


def test_a_worker_that_ends_before_sending_is_replaced(engine: Engine) -> None:
    planned(engine)
    first = claimed(engine)
    later = NOW + LEASE + timedelta(seconds=1)
    second = claimed(engine, later, "w2")
    assert deliveries.begin(engine, second, ["ada@example.com"], later) == ["ada@example.com"]
    # The first one was only slow: it sends nothing, and cannot end what it lost.
    assert deliveries.begin(engine, first, ["ada@example.com"], later) == []
    deliveries.finish(engine, first, "failed", "too slow")
    deliveries.settle(engine, second, "ada@example.com", "accepted")
    assert deliveries.finish(engine, second, "sent") == ("sent", "")
    (delivery,) = deliveries.history(engine, "one")
    assert (delivery.status, delivery.attempts) == ("sent", 2)


def test_a_worker_that_ends_while_sending_leaves_an_unknown_receipt(engine: Engine) -> None:
    planned(engine)
    first = claimed(engine)
    deliveries.begin(engine, first, ["ada@example.com"], NOW)
    later = NOW + LEASE + timedelta(seconds=1)
    second = claimed(engine, later, "w2")
    both = ["ada@example.com", "bob@example.com"]
    assert deliveries.begin(engine, second, both, later) == ["bob@example.com"]
    deliveries.settle(engine, second, "bob@example.com", "accepted")
    deliveries.finish(engine, second, "sent")
    assert statuses(engine) == {"ada@example.com": "unknown", "bob@example.com": "accepted"}


def test_who_was_certainly_not_reached_is_tried_again(engine: Engine) -> None:
    planned(engine)
    first = claimed(engine)
    deliveries.begin(engine, first, ["ada@example.com", "bob@example.com"], NOW)
    deliveries.settle(engine, first, "ada@example.com", "accepted")
    at = NOW + timedelta(minutes=5)
    deliveries.again(engine, first, at, "busy", ["bob@example.com"])
    assert deliveries.claim(engine, "w1", at - timedelta(seconds=1)) is None
    second = claimed(engine, at)
    assert second.why == "busy"
    both = ["ada@example.com", "bob@example.com"]
    assert deliveries.begin(engine, second, both, at) == ["bob@example.com"]


def test_what_nobody_got_has_failed(engine: Engine) -> None:
    planned(engine)
    delivery = claimed(engine)
    deliveries.begin(engine, delivery, ["ada@example.com"], NOW)
    deliveries.settle(engine, delivery, "ada@example.com", "refused", "nobody there")
    assert deliveries.finish(engine, delivery, "sent") == ("failed", "nobody there")
    assert deliveries.history(engine, "one")[0].why == "nobody there"


def test_what_nobody_prepares_is_cancelled(engine: Engine) -> None:
    def cancel(occasion: str, now: datetime = NOW) -> bool:
        with exclusive(engine) as store:
            return deliveries.cancel(store, "one", occasion, now, "over")

    planned(engine)
    assert cancel("23 Nov")
    assert not cancel("23 Nov")
    assert deliveries.claim(engine, "w1", NOW) is None
    planned(engine, "30 Nov")
    claim = claimed(engine)
    assert not cancel("30 Nov")
    deliveries.begin(engine, claim, ["ada@example.com", "bob@example.com"], NOW)
    deliveries.settle(engine, claim, "ada@example.com", "accepted")
    deliveries.again(engine, claim, NOW, "busy", ["bob@example.com"])
    # Ada has got it.
    assert not cancel("30 Nov")
    assert deliveries.claim(engine, "w1", NOW) is None
    later, earlier = deliveries.history(engine, "one")
    assert {(each.occasion, each.status) for each in (later, earlier)} == {
        ("30 Nov", "sent"),
        ("23 Nov", "missed"),
    }


def test_old_deliveries_and_their_recipients_are_deleted(engine: Engine) -> None:
    planned(engine)
    deliveries.begin(engine, claimed(engine), ["ada@example.com"], NOW)
    deliveries.purge(engine, DUE + deliveries.RETENTION)
    assert statuses(engine) == {"ada@example.com": "sending"}
    deliveries.purge(engine, DUE + deliveries.RETENTION + timedelta(seconds=1))
    assert not deliveries.history(engine, "one")
    with engine.connect() as store:
        assert not deliveries._receipts(store, "one")
