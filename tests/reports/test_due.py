"""What is due is sent once, late only with a word about it, and never with more than its owner may
see: by a real mail server and a real webhook."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import Engine

from access import accounts, database, deliveries, notifications
from access.accounts import EVERYBODY
from access.database import exclusive
from access.deliveries import Delivery
from access.notifications import Alert, Notification, Notifications, Schedule, Subscription, Webhook
from access.permissions import ALL, AuthorizedClient, Forbidden, Grant, Permissions, ViewFilters
from components.loading import every_website
from components.page_registry import ENDPOINTS
from reports import due
from reports.__main__ import main
from reports.due import Service
from tests.reports.conftest import TABLES, WEBSITES, seen
from tests.support.accounts import user, write
from tests.support.ports import free_port
from umami.analysis.alerts import Condition
from umami.api import traffic
from umami.client import Client
from umami.filters import Filter
from umami.period import as_instant, zone

BERLIN = "Europe/Berlin"
MONDAY = datetime(2026, 9, 28, 5, tzinfo=UTC)
"""07:00 in Berlin."""
ADDRESS = "https://stats.example.com"
WEEKLY = Subscription(
    name="Weekly figures",
    websites=(WEBSITES["shop"],),
    pages=("events",),
    recipients=("ada@example.com", "bob@example.com"),
    timezone=BERLIN,
    params={"period": ["last-week"]},
    attachment="none",
)
ALERT = Alert(
    name="Traffic",
    website=WEBSITES["shop"],
    condition=Condition(kind="above", limit=1e9),
    recipients=("ada@example.com", "bob@example.com"),
    timezone=BERLIN,
)
CONTENT = {
    "headline": "Visitors: 12 on Monday, above 10",
    "since": MONDAY.isoformat(),
    "findings": ["Most of it came from google.com."],
    "filters": {},
    "page": "overview",
    "params": {"period": ["7d"]},
}


@dataclass
class Office:
    """A mail server; ``answers`` are replies to recipients, ``data`` one to each mail."""

    port: int
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)
    reached: Event = field(default_factory=Event)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 fine")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        answer = self.data.pop(0) if self.data else "250 taken"
        if answer.startswith("250"):
            self.mails.append((envelope.rcpt_tos[0], message))
        return answer

    def people(self) -> list[str]:
        return sorted(recipient for recipient, _mail in self.mails)

    def text(self) -> str:
        body = self.mails[-1][1].get_body(("plain",))
        assert body
        return str(body.get_content())


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    office = Office(free_port())
    controller = Controller(office, "127.0.0.1", office.port)
    controller.start()
    monkeypatch.setenv("DASHBOARD_SMTP_URL", f"smtp://127.0.0.1:{office.port}")
    monkeypatch.setenv("DASHBOARD_MAIL_FROM", "stats@example.com")
    yield office
    controller.stop()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = database.open_engine(f"sqlite:///{tmp_path / 'dashboard.sqlite'}")
    yield engine
    engine.dispose()


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


Make = Callable[..., Service]


@pytest.fixture
def clock() -> Clock:
    return Clock(MONDAY + timedelta(minutes=1))


@pytest.fixture
def service(engine: Engine, client: Client, clock: Clock, tmp_path: Path) -> Make:
    """Makes a service of a replica; ``users`` are the accounts by name."""

    def make(**users: dict[str, Any]) -> Service:
        path = tmp_path / "users.yaml"
        path.unlink(missing_ok=True)
        if users:
            write(
                path,
                users,
                {
                    "shop": {
                        "websites": [WEBSITES["shop"]],
                        "sections": "all",
                        "exports": True,
                        "filters": True,
                    },
                    "sees": {"websites": [WEBSITES["shop"]], "sections": "all"},
                    "other": {"websites": [WEBSITES["docs"]], "sections": "all", "exports": True},
                    "fixed": {"websites": [WEBSITES["shop"]], "sections": "all", "exports": True},
                    "reads": {"websites": [WEBSITES["docs"]], "sections": "all"},
                },
            )
        return Service(engine, client, lambda: accounts.load(path, ENDPOINTS), clock=clock)

    return make


def added(
    engine: Engine, spec: Subscription | Alert, owner: str = EVERYBODY, **values: Any
) -> Notification:
    """A subscription or alert that was made in August."""
    book = Notifications(lambda _create: engine, owner, ALL)
    each = book.add(spec, ADDRESS)
    since = values.pop("since", datetime(2026, 9, 24, tzinfo=UTC))
    with exclusive(engine) as store:
        table = database.NOTIFICATIONS
        store.execute(table.update().where(table.c.id == each.id).values(since=since, **values))
    return replace(each, since=since, **values)


def planned(engine: Engine, each: Notification, moment: datetime = MONDAY) -> None:
    with exclusive(engine) as store:
        deliveries.plan(store, each.id, moment.isoformat(), moment, content=CONTENT)


def sent(engine: Engine, each: Notification) -> list[Delivery]:
    """Its deliveries, without the lines that say when an alert was not checked."""
    recorded = deliveries.history(engine, each.id)
    return [delivery for delivery in recorded if not delivery.occasion.startswith("unchecked")]


def outcomes(delivery: Delivery) -> dict[str, str]:
    return {receipt.recipient: receipt.status for receipt in delivery.receipts}


def state(engine: Engine, each: Notification) -> Notification:
    known = {every.id: every for every in notifications.of_everybody(lambda _create: engine)}
    return known[each.id]


def test_a_weekly_report_is_sent_once_to_everybody(
    engine: Engine, service: Make, office: Office, clock: Clock
) -> None:
    each = added(engine, WEEKLY)
    clock.now = MONDAY - timedelta(minutes=1)
    assert service().run() == []
    clock.now = MONDAY + timedelta(seconds=30)
    replicas = [service() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda replica: replica.run(), replicas))
    for replica in replicas:
        replica.run()
    assert office.people() == ["ada@example.com", "bob@example.com"]
    (delivery,) = sent(engine, each)
    assert (delivery.status, set(outcomes(delivery).values())) == ("sent", {"accepted"})
    assert not any(receipt.why for receipt in delivery.receipts)
    assert "is late" not in office.text()
    # The week before, whatever the day of sending.
    assert "21" in office.text()
    assert "27 Sep 2026" in office.text()
    first, second = (message["List-Unsubscribe"] for _to, message in office.mails)
    assert first != second
    assert ADDRESS in first


@pytest.mark.thorough
def test_seven_local_is_seven_local_over_both_clock_changes(
    engine: Engine, service: Make, office: Office, clock: Clock
) -> None:
    spec = WEEKLY.model_copy(
        update={"recipients": ("ada@example.com",), "schedule": Schedule(weekday=6)}
    )
    for sunday, hour in ((25, 6), (28, 5)):
        month = 10 if sunday == 25 else 3
        year = 2026 if sunday == 25 else 2027
        moment = datetime(year, month, sunday, hour, tzinfo=UTC)
        each = added(engine, spec, since=moment - timedelta(days=3))
        clock.now = moment - timedelta(days=1)
        while clock.now < moment + timedelta(days=1):
            service().run()
            clock.now += timedelta(minutes=30)
        (delivery,) = sent(engine, each)
        assert delivery.due == moment
        assert delivery.status == "sent"
        with exclusive(engine) as store:
            notifications.forget(store, each.id)


@pytest.mark.thorough
def test_after_a_pause_of_the_process_the_last_report_comes_late_and_says_so(
    engine: Engine, service: Make, office: Office, clock: Clock
) -> None:
    each = added(engine, WEEKLY.model_copy(update={"schedule": Schedule(frequency="daily")}))
    clock.now = MONDAY + timedelta(hours=5)
    service().run()
    last, *missed = sent(engine, each)
    assert (last.due, last.status) == (MONDAY, "sent")
    assert {delivery.status for delivery in missed} == {"missed"}
    assert all(delivery.why for delivery in missed)
    assert len(missed) == 4
    assert "is late" in office.text()
    assert len(office.mails) == 2
    # The clock is set back, and forward again.
    for moved in (-3, 0, 1):
        clock.now = MONDAY + timedelta(hours=5 + moved)
        service().run()
    assert len(office.mails) == 2


def test_one_refused_recipient_keeps_nobody_else_from_the_mail(
    engine: Engine, service: Make, office: Office
) -> None:
    each = added(engine, ALERT)
    planned(engine, each)
    office.answers["ada@example.com"] = "550 nobody"
    service().run()
    (delivery,) = sent(engine, each)
    assert outcomes(delivery) == {"ada@example.com": "refused", "bob@example.com": "accepted"}
    assert delivery.status == "sent"
    assert "550" in delivery.receipts[0].why


def test_a_busy_server_is_tried_again_and_nobody_gets_it_twice(
    engine: Engine, service: Make, office: Office, clock: Clock
) -> None:
    each = added(engine, ALERT)
    planned(engine, each)
    office.answers["bob@example.com"] = "450 busy"
    service().run()
    assert sent(engine, each)[0].status == "waiting"
    service().run()
    assert office.people() == ["ada@example.com"]
    office.answers.clear()
    clock.now += due.DELAYS[0]
    service().run()
    assert office.people() == ["ada@example.com", "bob@example.com"]
    assert sent(engine, each)[0].status == "sent"


def test_a_server_that_stays_away_is_given_up_and_said(
    engine: Engine, service: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHBOARD_SMTP_URL", f"smtp://127.0.0.1:{free_port()}")
    monkeypatch.setenv("DASHBOARD_MAIL_FROM", "stats@example.com")
    each = added(engine, ALERT)
    planned(engine, each)
    for delay in (*due.DELAYS, timedelta()):
        assert service().run()
        assert service().run() == []
        clock.now += delay
    (delivery,) = sent(engine, each)
    assert (delivery.status, delivery.attempts) == ("failed", len(due.DELAYS) + 1)
    assert set(outcomes(delivery).values()) == {"refused"}
    assert delivery.why


KILLED = """
import sys
from datetime import datetime
from pathlib import Path
from access import accounts, database, deliveries
from components.loading import every_website
from components.page_registry import ENDPOINTS
from reports.due import Service
from tests.reports.conftest import asking, Running
store, url, password, now, point = sys.argv[1:]
engine = database.open_engine(store)
from umami.client import connect
from umami.settings import Settings
client = connect(Settings(api=url + "/api", username="admin", password=password), label="Umami")
import os, signal
from reports import mail, due
def killed(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
def after(function):
    def run(*args, **kwargs):
        function(*args, **kwargs)
        killed()
    return run
module, name, when = point.split(":")
owner = {"deliveries": deliveries, "mail": mail, "service": Service}[module]
setattr(owner, name, killed if when == "before" else after(getattr(owner, name)))
moment = datetime.fromisoformat(now)
Service(engine, client, lambda: accounts.load(Path("missing.yaml"), ENDPOINTS),
        clock=lambda: moment).run()
"""
"""A process that a signal ends before or after a step of sending."""


@pytest.mark.parametrize(
    ("point", "status"),
    [
        ("deliveries:claim:after", "accepted"),
        ("deliveries:begin:after", "unknown"),
        ("mail:send:after", "unknown"),
        ("deliveries:settle:after", "accepted"),
        pytest.param("deliveries:begin:before", "accepted", marks=pytest.mark.thorough),
        pytest.param("mail:send:before", "unknown", marks=pytest.mark.thorough),
        pytest.param("deliveries:settle:before", "unknown", marks=pytest.mark.thorough),
        pytest.param("deliveries:finish:before", "accepted", marks=pytest.mark.thorough),
        pytest.param("deliveries:finish:after", "accepted", marks=pytest.mark.thorough),
    ],
)
def test_a_kill_at_any_point_sends_nothing_twice_and_loses_nothing_in_silence(
    engine: Engine,
    service: Make,
    office: Office,
    clock: Clock,
    running: Any,
    tmp_path: Path,
    point: str,
    status: str,
) -> None:
    each = added(engine, ALERT.model_copy(update={"recipients": ("ada@example.com",)}))
    planned(engine, each)
    store = f"sqlite:///{tmp_path / 'dashboard.sqlite'}"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            KILLED,
            store,
            running.url,
            running.password,
            clock.now.isoformat(),
            point,
        ],
        capture_output=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == -9, done.stderr.decode()[-500:]
    service().run()
    clock.now += deliveries.LEASE + timedelta(seconds=1)
    service().run()
    (delivery,) = sent(engine, each)
    assert delivery.status == "sent"
    assert outcomes(delivery) == {"ada@example.com": status}
    assert len(office.mails) == (status == "accepted" or "send:after" in point or "settle" in point)
    assert (status == "accepted") is not bool(delivery.receipts[0].why)


def test_who_unsubscribed_gets_nothing(engine: Engine, service: Make, office: Office) -> None:
    each = added(engine, ALERT)
    planned(engine, each)
    with exclusive(engine) as store:
        notifications.unsubscribe(store, each.id, "Ada@example.com")
    service().run()
    assert office.people() == ["bob@example.com"]


def test_a_paused_one_sends_nothing_and_does_not_catch_up(
    engine: Engine, service: Make, office: Office, clock: Clock
) -> None:
    each = added(engine, WEEKLY)
    book = Notifications(lambda _create: engine, EVERYBODY, ALL)
    book.pause(each, paused=True)
    service().run()
    book.pause(state(engine, each), paused=False)
    service().run()
    assert not office.mails
    assert not sent(engine, each)


ANN = user("shop", email="ann@example.com")


def test_a_removed_account_ends_what_it_set_up(
    engine: Engine, service: Make, office: Office
) -> None:
    each = added(engine, WEEKLY, "ann")
    service(bob=user("admin")).run()
    ended = state(engine, each)
    assert ended.ended
    assert ended.why
    # An account with the same name does not revive it.
    service(ann=ANN).run()
    assert not office.mails


def test_a_missing_file_of_accounts_ends_nothing_for_good(engine: Engine, service: Make) -> None:
    each = added(engine, WEEKLY, "ann")
    service().run()
    paused = state(engine, each)
    assert (paused.paused, paused.ended) == (True, None)


def test_what_was_made_without_accounts_waits_for_an_admin(
    engine: Engine, service: Make, office: Office
) -> None:
    each = added(engine, WEEKLY)
    service(bob=user("admin")).run()
    assert state(engine, each).paused
    assert state(engine, each).why
    assert not office.mails
    planned(engine, each)
    service(bob=user("admin")).run()
    assert not office.mails


@pytest.mark.parametrize("role", ["sees", "other"])
def test_an_account_that_may_no_longer_send_it_is_paused(
    engine: Engine, service: Make, office: Office, role: str
) -> None:
    each = added(engine, WEEKLY, "ann")
    service(ann=user(role), bob=user("admin")).run()
    assert state(engine, each).paused
    assert not office.mails


def test_an_account_gets_no_mail_about_a_website_that_it_may_not_see(
    engine: Engine, service: Make, office: Office
) -> None:
    each = added(engine, ALERT, "root")
    planned(engine, each)
    users = {"root": user("admin"), "ada": user("other", email="Ada@Example.com")}
    service(**users).run()
    assert office.people() == ["bob@example.com"]
    (delivery,) = sent(engine, each)
    assert outcomes(delivery) == {"ada@example.com": "refused", "bob@example.com": "accepted"}


def test_a_message_that_waited_is_not_sent_after_the_filters_were_changed(
    engine: Engine, service: Make, office: Office
) -> None:
    each = added(engine, ALERT)
    with exclusive(engine) as store:
        content = {**CONTENT, "filters": {"filter": ["country.eq.DE"]}}
        deliveries.plan(store, each.id, "begun", MONDAY, content=content)
    service().run()
    assert not office.mails
    assert state(engine, each).paused


def test_a_narrowed_account_sends_less_from_the_next_time_on(
    engine: Engine, service: Make, office: Office, clock: Clock
) -> None:
    both = WEEKLY.model_copy(
        update={
            "websites": (WEBSITES["shop"], WEBSITES["docs"]),
            "recipients": ("ada@example.com",),
        }
    )
    each = added(engine, both, "ann")
    service(ann=user("admin")).run()
    assert "docs" in office.text().casefold()
    clock.now = MONDAY + timedelta(days=7, minutes=1)
    service(ann=ANN, bob=user("admin")).run()
    assert len(office.mails) == 2
    assert "docs" not in office.text().casefold()
    assert state(engine, each).active


def test_parameters_that_became_invalid_send_no_wrong_figures(
    engine: Engine, service: Make, office: Office
) -> None:
    each = added(engine, WEEKLY.model_copy(update={"params": {"filter": ["planet.eq.Mars"]}}))
    service().run()
    assert not office.mails
    (delivery,) = sent(engine, each)
    assert delivery.status == "waiting"
    assert "planet" in delivery.why


def test_quiet_hours_move_a_message_to_their_end() -> None:
    quiet = ALERT.model_copy(update={"quiet": (22, 7)})
    for hour, expected in ((23, 29), (3, 28), (7, None), (12, None), (21, None)):
        now = datetime(2026, 9, 28, hour, 30, tzinfo=UTC) - timedelta(hours=2)
        moved = due._after_quiet(quiet, now)
        if expected is None:
            assert moved == now
        else:
            assert moved == datetime(2026, 9, expected, 5, tzinfo=UTC)


@pytest.fixture
def peak(client: Client) -> tuple[datetime, int]:
    """The start of the day with the most visitors in September, and their number."""
    frame = client.ask(traffic.pageviews(seen(tz=[BERLIN]))).frame
    row = frame.loc[frame["sessions"].idxmax()]
    return as_instant(row["time"].to_pydatetime(), zone(BERLIN)), int(row["sessions"])


@pytest.mark.parametrize("quiet", [None, (8, 14)])
def test_an_alert_says_once_that_it_began_and_once_that_it_ended(
    engine: Engine,
    service: Make,
    office: Office,
    clock: Clock,
    peak: tuple[datetime, int],
    quiet: tuple[int, int] | None,
) -> None:
    day, most = peak
    above = Condition(kind="above", limit=most - 1)
    spec = ALERT.model_copy(
        update={"condition": above, "recipients": ("ada@example.com",), "quiet": quiet}
    )
    each = added(engine, spec, since=day)
    moments: list[datetime] = []
    clock.now = day + timedelta(days=1, hours=8)
    while clock.now < day + timedelta(days=3, hours=12):
        before = len(office.mails)
        for replica in (service(), service()):
            replica.run()
        moments += [clock.now] * (len(office.mails) - before)
        clock.now += timedelta(minutes=45)
    begun, ended = office.mails
    assert f"{most:,}" in str(begun[1]["Subject"])
    assert str(ended[1]["Subject"]).startswith("Ended: ")
    assert ADDRESS in office.text()
    hours = [moment.astimezone(zone(BERLIN)).hour for moment in moments]
    assert not quiet or not any(8 <= hour < 14 for hour in hours)
    assert {delivery.status for delivery in sent(engine, each)} == {"sent"}


def test_an_alert_that_was_over_in_quiet_hours_sends_nothing(
    engine: Engine, service: Make, office: Office, clock: Clock, peak: tuple[datetime, int]
) -> None:
    day, most = peak
    above = Condition(kind="above", limit=most - 1)
    each = added(engine, ALERT.model_copy(update={"condition": above, "quiet": (6, 5)}), since=day)
    clock.now = day + timedelta(days=1, hours=8)
    service().run()
    with exclusive(engine) as store:
        table = database.DELIVERIES
        later = clock.now + timedelta(days=3)
        store.execute(table.update().values(next_attempt=later))
    clock.now += timedelta(days=1)
    service().run()
    assert [delivery.status for delivery in sent(engine, each)] == ["missed"]
    assert not office.mails


@pytest.mark.thorough
def test_a_test_mail_goes_to_one_address_and_is_not_recorded(
    engine: Engine, client: Client, office: Office
) -> None:
    for spec in (WEEKLY, ALERT):
        each = added(engine, spec)
        everything = AuthorizedClient(client, ALL)
        (outcome,) = due.send_test(everything, each, "eve@example.com", engine)
        assert outcome.accepted
        assert not sent(engine, each)
    assert office.people() == ["eve@example.com"] * 2


def test_a_test_mail_shows_what_its_sender_may_send(
    engine: Engine, client: Client, office: Office
) -> None:
    each = added(engine, WEEKLY, "ann")
    shop = Grant(frozenset({WEBSITES["shop"]}), None, None, filters=True)
    with pytest.raises(Forbidden):
        due.send_test(AuthorizedClient(client, Permissions((shop,))), each, "a@b.example", engine)
    german = ViewFilters((Filter("country", "eq", "DE"),))
    fixed = replace(shop, filters=False, fixed_filters=german, exports=True)
    narrowed = AuthorizedClient(client, Permissions((fixed,)))
    due.send_test(narrowed, each, "a@b.example", engine)
    assert "Filters: None" not in office.text()
    assert "locked" not in office.text()


def test_a_page_of_several_websites_mails_only_those_that_may_be_sent(
    engine: Engine, service: Make, office: Office, client: Client
) -> None:
    added(engine, WEEKLY.model_copy(update={"pages": ("websites",)}), "ann")
    names = {site.id: site.name for site in every_website(client)}
    service(ann=user("shop", "reads")).run()
    assert names[WEBSITES["shop"]] in office.text()
    assert names[WEBSITES["docs"]] not in office.text()


def test_a_paused_one_ends_with_its_account_too(engine: Engine, service: Make) -> None:
    each = added(engine, WEEKLY, "ann", paused=True)
    service(ann=user("shop")).run()
    assert not state(engine, each).ended
    service(bob=user("admin")).run()
    assert state(engine, each).ended


def test_a_delivery_that_ends_every_process_is_given_up(
    engine: Engine, service: Make, clock: Clock
) -> None:
    each = added(engine, WEEKLY)
    planned(engine, each)
    while deliveries.claim(engine, "killed", clock.now):
        clock.now += deliveries.LEASE + timedelta(seconds=1)
        if sent(engine, each)[0].attempts > len(due.DELAYS):
            break
    service().run()
    (delivery,) = sent(engine, each)
    assert (delivery.status, delivery.why) == ("failed", "It could not be created.")


def test_an_alert_that_ends_before_its_message_arrives_is_not_told_in_reverse(
    engine: Engine, service: Make, office: Office, clock: Clock, peak: tuple[datetime, int]
) -> None:
    day, most = peak
    above = Condition(kind="above", limit=most - 1)
    each = added(engine, ALERT.model_copy(update={"condition": above}), since=day)
    office.answers["ada@example.com"] = "450 later"
    clock.now = day + timedelta(days=1, hours=8)
    service().run()
    assert office.people() == ["bob@example.com"]
    office.answers.clear()
    with exclusive(engine) as store:
        later = clock.now + timedelta(days=2)
        store.execute(database.DELIVERIES.update().values(next_attempt=later))
    for _day in range(3):
        clock.now += timedelta(days=1)
        service().run()
    subjects = [str(message["Subject"]) for _recipient, message in office.mails]
    assert [subject.startswith("Ended: ") for subject in subjects] == [False, True, True]
    assert [delivery.status for delivery in sent(engine, each)] == ["sent", "sent"]


def test_an_alert_that_changes_while_it_is_checked_is_checked_again(
    engine: Engine,
    service: Make,
    client: Client,
    peak: tuple[datetime, int],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day, most = peak
    spec = ALERT.model_copy(update={"condition": Condition(kind="above", limit=most - 1)})
    each = added(engine, spec, since=day)
    clock.now = day + timedelta(days=1, hours=8)
    check = due.alerting.check

    def changed_meanwhile(*args: Any) -> Any:
        verdicts = check(*args)
        Notifications(lambda _create: engine, EVERYBODY, ALL).change(each, ALERT)
        return verdicts

    monkeypatch.setattr(due.alerting, "check", changed_meanwhile)
    service().run()
    assert not state(engine, each).state
    assert not sent(engine, each)


def test_an_alert_whose_parameters_became_invalid_says_so(engine: Engine, service: Make) -> None:
    each = added(engine, ALERT.model_copy(update={"params": {"filter": ["colour.eq.red"]}}))
    service().run()
    assert state(engine, each).state["why"]


def test_filters_that_may_no_longer_be_chosen_are_not_left_out(
    engine: Engine, service: Make, office: Office
) -> None:
    params = {"period": ["last-week"], "filter": ["country.eq.DE"]}
    report = added(engine, WEEKLY.model_copy(update={"params": params}), "ann")
    alert = added(engine, ALERT.model_copy(update={"params": params}), "ann")
    service(ann=user("fixed")).run()
    (delivery,) = sent(engine, report)
    assert "filters are locked" in delivery.why
    assert "filters are locked" in state(engine, alert).state["why"]
    assert not office.mails


def test_what_waits_is_not_sent_after_a_change_or_a_pause(
    engine: Engine, service: Make, office: Office
) -> None:
    each = added(engine, ALERT)
    book = Notifications(lambda _create: engine, EVERYBODY, ALL)
    planned(engine, each)
    each = book.change(each, ALERT.model_copy(update={"name": "Other traffic"}))
    assert not sent(engine, each)
    planned(engine, each)
    book.pause(each, paused=True)
    book.pause(each, paused=False)
    service().run()
    assert [delivery.status for delivery in sent(engine, each)] == ["missed"]
    assert not office.mails


def test_many_new_values_are_one_message() -> None:
    def begun(count: int) -> dict[str, dict[str, Any]]:
        return {f"new {at}": {"headline": f"{at}."} for at in range(count)}

    assert len(due._grouped(begun(due.MOST_AT_ONCE))) == due.MOST_AT_ONCE
    ((occasion, content),) = due._grouped(begun(30)).items()
    assert (occasion, content["headline"]) == ("new 0", "0.")
    assert content["findings"] == [*(f"{at}." for at in range(1, 21)), "… (+9)"]


def test_a_webhook_that_is_busy_is_tried_again_while_mails_cannot_be_sent(
    engine: Engine, service: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DASHBOARD_SMTP_URL", raising=False)
    hook = Webhook(service="json", url="https://no.such.host.invalid/")
    each = added(engine, ALERT.model_copy(update={"webhook": hook}))
    planned(engine, each)
    service().run()
    (delivery,) = sent(engine, each)
    assert (delivery.status, delivery.receipts) == ("waiting", ())


@pytest.mark.thorough
def test_the_command_sends_what_is_due(
    engine: Engine,
    office: Office,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("UMAMI_DATA", str(TABLES))
    monkeypatch.setenv("DASHBOARD_STORE", f"sqlite:///{tmp_path / 'dashboard.sqlite'}")
    monkeypatch.setenv("DASHBOARD_USERS", "")
    monkeypatch.chdir(tmp_path)
    assert main(["due"]) == 0
    assert capsys.readouterr().out == "Nothing is due.\n"
    each = added(engine, ALERT)
    planned(engine, each)
    assert main(["due"]) == 0
    assert capsys.readouterr().out == "Traffic: sent\n"
    planned(engine, each, MONDAY + timedelta(days=1))
    office.answers |= dict.fromkeys(ALERT.recipients, "550 nobody")
    assert main(["due"]) == 1
    assert "550" in capsys.readouterr().err
    assert main(["due", "now"]) == 2
    with engine.begin() as store:
        store.exec_driver_sql("DROP TABLE dashboard_delivery")
    assert main(["due"]) == 1
    assert "cannot be reached" in capsys.readouterr().err


def test_a_webhook_of_a_private_address_is_refused_and_told(engine: Engine, service: Make) -> None:
    hook = Webhook(service="json", url="https://localhost/hook")
    each = added(engine, ALERT.model_copy(update={"recipients": (), "webhook": hook}))
    planned(engine, each)
    service().run()
    (delivery,) = sent(engine, each)
    assert (delivery.status, outcomes(delivery)) == ("failed", {"localhost": "refused"})
    assert delivery.why
