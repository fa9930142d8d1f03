"""Sends what is due: reports of subscriptions, and messages of alerts.

The dashboard calls ``run`` every minute (``reports/scheduler.py``); ``python -m reports due`` does
the same once. Several processes may do so at the same time (``access.deliveries``). Every report
and message is made with the permissions that the owner has at that moment.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from sqlalchemy import Connection, Engine, select, update

from access import deliveries, notifications, unsubscribing, website_settings
from access.accounts import EVERYBODY, Accounts
from access.database import NOTIFICATIONS, exclusive
from access.deliveries import Delivery
from access.notifications import Alert, Notification, Subscription
from access.permissions import (
    ALL,
    NO_FILTERS,
    AuthorizedClient,
    Forbidden,
    Permissions,
    ViewFilters,
)
from access.reader import Reader
from components import page_registry, texts
from components.loading import every_website, fault_location, valid_view
from components.page_registry import OVERVIEW, OWN_PARAMS
from components.texts import N_, _
from reports import alerting, build, mail, messages, schedule, webhooks
from reports.alert_message import AlertMessage
from reports.document import Report
from umami.client import Client
from umami.errors import UmamiError
from umami.period import as_instant, zone
from umami.view import View

LATE: Final = timedelta(hours=1)
"""How long after its time a mail says that it is late."""
DELAYS: Final = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 180))
"""How long to wait before a delivery is tried again."""
MOST_AT_ONCE: Final = 5
"""Messages of one check of an alert."""
MOST_LISTED: Final = 20
"""New values that a single message lists."""
CHECKING: Final = timedelta(minutes=10)
"""How long the check of an alert may take before another process checks it."""
_GONE: Final = N_("The account that set this up no longer exists.")
_OPEN: Final = N_("This was set up before people had to sign in. An admin can resume it.")
_UNSEEN: Final = N_("The account that set this up may no longer see or send these figures.")
_UNSEEN_BY_THEM: Final = N_("The account with this address may not see the website.")
_NOT_RUNNING: Final = N_("The dashboard was not running at that time. A later one was sent.")
_UNCHECKED: Final = N_("The dashboard was not running for some hours: nothing was checked then.")
_FAILED: Final = N_("It could not be created.")
_STOPPED: Final = N_("It was paused, changed or ended before this was sent.")
_OVER: Final = N_("It was over before it could be reported.")
_LOG: Final = logging.getLogger(__name__)


def is_anything(engine: Engine) -> bool:
    """Whether there is any subscription or alert."""
    with engine.connect() as store:
        return store.execute(select(NOTIFICATIONS.c.id).limit(1)).first() is not None


class _Ended(Exception):
    """A subscription or alert that cannot be sent any more: why, and whether for good."""

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        super().__init__(why)
        self.why, self.for_good = why, for_good


@dataclass(frozen=True, slots=True)
class _Unsent:
    """A recipient whom a message certainly did not reach, why, and in how many seconds at the
    earliest it may be sent again."""

    recipient: str
    why: str
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """What became of a delivery, in words; ``done`` says whether it needs no attention."""

    text: str
    done: bool


@dataclass(frozen=True, slots=True)
class Service:
    """Sends what is due. ``accounts`` returns the accounts at this moment."""

    engine: Engine
    client: Client
    accounts: Callable[[], Accounts]
    allow_private: bool = False
    """Whether webhooks may have private addresses."""
    one_click: bool = False
    """Whether the dashboard answers the POST request of ``access.unsubscribing``."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    worker: str = field(default_factory=lambda: str(uuid4()))

    def run(self) -> list[Line]:
        """Plan and send what is due; returns a line for each delivery that was tried."""
        deliveries.purge(self.engine, self.clock())
        for each in notifications.of_everybody(lambda _create: self.engine):
            with self._contained(each):
                if each.active:
                    self._plan(each)
                elif not each.ended:
                    self._require_owner(each.owner)
        lines = []
        while delivery := deliveries.claim(self.engine, self.worker, self.clock()):
            lines.append(self._deliver(delivery))
        return lines

    @contextmanager
    def _contained(self, each: Notification) -> Iterator[None]:
        """A fault of one subscription or alert does not affect the others."""
        try:
            yield
        except _Ended as ended:
            self._stop(each, ended)
        except UmamiError as problem:
            _LOG.warning("%s %s was not checked: %s", type(each.spec).__name__, each.id, problem)
        except Exception as problem:
            _LOG.error("%s was not checked: %s", each.id, fault_location(problem))

    def _stop(self, each: Notification, ended: _Ended) -> None:
        with exclusive(self.engine) as store:
            (notifications.end if ended.for_good else notifications.pause)(
                store, each.id, ended.why
            )

    def _require_owner(self, owner: str) -> None:
        """Raise ``_Ended`` if an account is gone: another person may get its name later."""
        users = self.accounts().users
        if users and owner not in (*users, EVERYBODY):
            raise _Ended(str(_GONE), for_good=True)

    def _permissions(self, owner: str) -> Permissions:
        """What the owner may see now. Raises ``_Ended``."""
        users = self.accounts().users
        if owner in users:
            return users[owner].permissions(
                page_registry.ENDPOINTS, lambda: every_website(self.client)
            )
        if owner != EVERYBODY:
            # Without any account, a file may be missing that comes back.
            raise _Ended(str(_GONE), for_good=bool(users))
        if users:
            raise _Ended(str(_OPEN))
        return ALL

    def _plan(self, each: Notification) -> None:
        permissions = self._permissions(each.owner)
        if isinstance(each.spec, Subscription):
            self._plan_reports(each, each.spec)
        else:
            self._check(each, each.spec, permissions)

    def _plan_reports(self, each: Notification, spec: Subscription) -> None:
        now = self.clock()
        planned = _moment(each.state.get("planned"))
        # The clock may have been set back.
        after = planned if planned and planned <= now else now - deliveries.RETENTION
        after = max(after, each.since or now)
        due = schedule.occasions(spec.schedule, spec.timezone, after, now)
        if not due:
            return
        with exclusive(self.engine) as store:
            for moment in due:
                missed = "" if moment == due[-1] else str(_NOT_RUNNING)
                deliveries.plan(store, each.id, moment.isoformat(), moment, missed=missed)
            notifications.keep_state(store, each.id, {"planned": now.isoformat()})

    def _check(self, each: Notification, spec: Alert, permissions: Permissions) -> None:
        """Check an alert once an hour, in one of several processes."""
        now = self.clock()
        state = self._claim_check(each.id, now)
        if state is None:
            return
        client = AuthorizedClient(self.client, permissions)
        if not permissions.exports(spec.website):
            raise _Ended(str(_UNSEEN))
        with texts.reading(spec.language):
            filters: dict[str, list[str]] = {}
            try:
                view = _view(client, spec, spec.website, now, self.engine)
                filters = _filters(view)
                verdicts = alerting.check(client, view, spec, now)
            except UmamiError as problem:
                verdicts = (alerting.Verdict(None, texts.sentence(problem)),)
        with exclusive(self.engine) as store:
            current = notifications.by_id(store, each.id)
            if current is None or current.state.get("claimed") != state["claimed"]:
                return  # It was changed or deleted meanwhile, or the check took too long.
            last = _moment(state.get("checked"))
            if last and now - last > 2 * LATE:
                name = f"unchecked {last.isoformat()}"
                deliveries.plan(store, each.id, name, now, missed=str(_UNCHECKED))
            if any(verdict.holds is None for verdict in verdicts):
                state["why"] = next(verdict.why for verdict in verdicts if verdict.why)
            else:
                state.pop("why", None)
                contents = {
                    verdict.occasion: _content(verdict, filters, now)
                    for verdict in verdicts
                    if verdict.holds
                }
                known = state.get("episodes", {})
                state["episodes"] = _announce(store, each.id, spec, known, contents, now)
            state["checked"] = now.isoformat()
            state.pop("claimed", None)
            notifications.keep_state(store, each.id, state)

    def _claim_check(self, id: str, now: datetime) -> dict[str, Any] | None:
        """The state of an alert that this process has to check now; ``None`` if it has been checked
        in this hour, or is being checked."""
        with exclusive(self.engine) as store:
            row = store.execute(select(NOTIFICATIONS.c.state).filter_by(id=id)).first()
            state: dict[str, Any] = dict(row.state) if row else {}
            checked, claimed = _moment(state.get("checked")), _moment(state.get("claimed"))
            hour = now.replace(minute=0, second=0, microsecond=0)
            if row is None or (checked and hour <= checked <= now):
                return None
            if claimed and now - CHECKING < claimed <= now:
                return None
            state["claimed"] = now.isoformat()
            store.execute(update(NOTIFICATIONS).where(NOTIFICATIONS.c.id == id).values(state=state))
            return state

    def _deliver(self, delivery: Delivery) -> Line:
        """Send a delivery that this process has claimed; returns a line about it."""
        with self.engine.connect() as store:
            each = notifications.by_id(store, delivery.notification)
        is_before = each and each.since and delivery.due < each.since
        if each is None or not each.active or is_before:
            return self._finish(delivery, each, "missed", str(_STOPPED))
        if delivery.attempts > len(DELAYS) + 1:
            # Each attempt ended with its process, or took too long.
            deliveries.begin(self.engine, delivery, [], self.clock())
            status: deliveries.Status = "sent" if delivery.receipts else "failed"
            return self._finish(delivery, each, status, str(_FAILED))
        try:
            permissions = self._permissions(each.owner)
            with texts.reading(each.spec.language):
                if isinstance(each.spec, Subscription):
                    unsent = self._mail_reports(delivery, each, each.spec, permissions)
                else:
                    unsent = self._send_alert(delivery, each, each.spec, permissions)
        except _Ended as ended:
            self._stop(each, ended)
            return self._finish(delivery, each, "missed", ended.why)
        except UmamiError as problem:
            return self._again(delivery, each, texts.sentence(problem))
        except Exception as problem:
            _LOG.error("delivery %s failed: %s", delivery.id, fault_location(problem))
            return self._again(delivery, each, _(_FAILED))
        if unsent:
            return self._again(delivery, each, unsent[0].why, unsent)
        return self._finish(delivery, each, "sent", "")

    def _again(
        self,
        delivery: Delivery,
        each: Notification,
        why: str,
        unsent: Sequence[_Unsent] = (),
    ) -> Line:
        """Try again later, unless it was tried often enough."""
        if delivery.attempts > len(DELAYS):
            for failure in unsent:
                deliveries.settle(self.engine, delivery, failure.recipient, "refused", failure.why)
            return self._finish(delivery, each, "sent" if unsent else "failed", why)
        pause = max((failure.after for failure in unsent), default=0.0)
        at = self.clock() + max(DELAYS[delivery.attempts - 1], timedelta(seconds=pause))
        recipients = [failure.recipient for failure in unsent]
        deliveries.again(self.engine, delivery, at, why, recipients)
        when = f"It is tried again at {at:%Y-%m-%d %H:%M} UTC."
        return Line(f"{each.spec.name}: {why} {when}", False)

    def _finish(
        self, delivery: Delivery, each: Notification | None, status: deliveries.Status, why: str
    ) -> Line:
        ended, why = deliveries.finish(self.engine, delivery, status, why)
        name = each.spec.name if each else delivery.notification
        return Line(f"{name}: {ended}{f' ({why})' if why else ''}", ended == "sent")

    def _mail_reports(
        self,
        delivery: Delivery,
        each: Notification,
        spec: Subscription,
        permissions: Permissions,
    ) -> list[_Unsent]:
        """Mail the reports of a subscription to each recipient; returns those who may be tried
        again, with reasons."""
        settings = mail.load_settings()
        client = AuthorizedClient(self.client, permissions)
        late = delivery.due if self.clock() - delivery.due > LATE else None
        prepared = _prepared(client, each, spec, delivery.due, self.engine, late)
        return self._mail(delivery, each, settings, prepared)

    def _mail(
        self,
        delivery: Delivery,
        each: Notification,
        settings: mail.Settings,
        prepared: messages.Prepared,
    ) -> list[_Unsent]:
        """Mail to each recipient on their own; returns those who may be tried again."""
        key = notifications.signing_key(self.engine)
        again: list[_Unsent] = []
        failed = ""
        for recipient in mail.recipients(each.spec.recipients):
            address = recipient.address
            with exclusive(self.engine) as store:
                if notifications.is_unsubscribed(store, each.id, address):
                    continue
            if not deliveries.begin(self.engine, delivery, [address], self.clock()):
                continue
            if not self._may_receive(address, each):
                deliveries.settle(self.engine, delivery, address, "refused", str(_UNSEEN_BY_THEM))
                continue
            if failed:
                again.append(_Unsent(address, failed))
                continue
            links = unsubscribing.links(key, each, address, one_click=self.one_click)
            message = prepared.addressed(settings, [recipient], links)
            try:
                (outcome,) = mail.send(settings, message, [recipient])
            except mail.MailFailed as problem:
                # The server takes no mail now: waiting for it once is enough.
                failed = texts.sentence(problem)
                again.append(_Unsent(address, failed))
                continue
            if outcome.again:
                again.append(_Unsent(address, outcome.why))
            else:
                self._settle(delivery, address, outcome)
        return again

    def _may_receive(self, address: str, each: Notification) -> bool:
        """Whether an address belongs to nobody with an account, or to an account that sees all of
        the websites."""
        account = self.accounts().by_email(address)
        if account is None:
            return True
        permissions = self._permissions(account.username)
        return all(permissions.sees(website) for website in each.websites)

    def _settle(
        self, delivery: Delivery, recipient: str, outcome: mail.Outcome | webhooks.Answer
    ) -> None:
        accepted = outcome.accepted
        status: deliveries.ReceiptStatus = "accepted" if accepted else "refused"
        status = "unknown" if accepted is None else status
        deliveries.settle(self.engine, delivery, recipient, status, outcome.why)

    def _send_alert(
        self, delivery: Delivery, each: Notification, spec: Alert, permissions: Permissions
    ) -> list[_Unsent]:
        """Send a message of an alert; returns the recipients that may be tried again."""
        if not permissions.exports(spec.website):
            raise _Ended(str(_UNSEEN))
        client = AuthorizedClient(self.client, permissions)
        # The message was written when it was checked, perhaps before quiet hours.
        view = _view(client, spec, spec.website, self.clock(), self.engine)
        if delivery.content.get("filters") != _filters(view):
            raise _Ended(str(_UNSEEN))
        names = {site.id: site.name for site in every_website(client)}
        message = _message(delivery.id, each, spec, names.get(spec.website, ""), delivery.content)
        again: list[_Unsent] = []
        if spec.webhook:
            host = spec.webhook.host
            if deliveries.begin(self.engine, delivery, [host], self.clock()):
                answer = webhooks.send(
                    spec.webhook,
                    message,
                    key=notifications.webhook_key(self.engine, each.id),
                    allow_private=self.allow_private,
                )
                if answer.again:
                    again.append(_Unsent(host, answer.why, answer.after or 0.0))
                else:
                    self._settle(delivery, host, answer)
        if spec.recipients:
            prepared = messages.prepare_alert(message, spec, _owner(each))
            try:
                again += self._mail(delivery, each, mail.load_settings(), prepared)
            except UmamiError:
                # With the webhook, the mails are tried again, too.
                if not again:
                    raise
        return again


def send_test(
    client: AuthorizedClient, each: Notification, to: str, engine: Engine
) -> list[mail.Outcome]:
    """Mail what would be sent now to one address; nothing is recorded. An alert says what it is.

    ``client`` has the permissions of whoever asks for it. Raises ``UmamiError``.
    """
    settings = mail.load_settings()
    recipient = mail.recipients([to])[:1]
    spec, now = each.spec, datetime.now(UTC)
    with texts.reading(spec.language):
        if isinstance(spec, Subscription):
            try:
                prepared = _prepared(client, each, spec, now, engine)
            except _Ended as ended:
                raise Forbidden(ended.why) from None
        else:
            names = {site.id: site.name for site in every_website(client)}
            content = {
                "headline": _("This is a test of the alert “{name}”.").format(name=spec.name),
                "since": now.isoformat(),
                "page": OVERVIEW.name,
                "params": spec.params,
            }
            message = _message("test", each, spec, names.get(spec.website, ""), content)
            prepared = messages.prepare_alert(message, spec, _owner(each))
        return mail.send(settings, prepared.addressed(settings, recipient), recipient)


def _prepared(
    client: AuthorizedClient,
    each: Notification,
    spec: Subscription,
    due: datetime,
    engine: Engine,
    late: datetime | None = None,
) -> messages.Prepared:
    """The mail of a subscription as it is at ``due``, with what the owner may see.

    Raises ``_Ended`` if that is nothing, and ``UmamiError``.
    """
    client, sites = build.within_exports(client, every_website(client))
    permissions, known = client.permissions, {site.id for site in sites}
    websites = [website for website in spec.websites if website in known]
    pages = [page for page in spec.pages if permissions.opens(page)]
    if not websites or not pages:
        raise _Ended(str(_UNSEEN))
    reports: list[Report] = []
    urls = []
    reader = Reader(lambda _create: engine, "", permissions)
    for website in websites:
        view = _view(client, spec, website, due, engine)
        params = {name: spec.params[name] for name in OWN_PARAMS if name in spec.params}
        order = build.Order(view, pages, sites, dict.fromkeys(pages, params))
        reports.append(build.make(client, order, reader=reader))
        urls.append(_link(each, pages[0], {**view.params(), **params}))
    return messages.prepare(reports, spec, _owner(each), urls, late)


def _owner(each: Notification) -> str:
    """The owner in the words of a mail; ``""`` for what was made without accounts."""
    return "" if each.owner == EVERYBODY else each.owner


def _view(
    client: AuthorizedClient,
    spec: Subscription | Alert,
    website: str,
    now: datetime,
    engine: Engine,
) -> View:
    """The View of a subscription or alert, with the fixed filters of its owner.

    Raises ``InvalidView`` for parameters that are no longer valid, and ``Forbidden`` for filters
    that the owner may no longer choose: other figures than those that were ordered would be wrong
    in silence.
    """
    params = {**spec.params, "website": [website], "tz": [spec.timezone]}
    ordered = valid_view(client, params, [website], now)
    view = client.permissions.restricted(ordered)
    if ViewFilters.of(ordered) not in (NO_FILTERS, ViewFilters.of(view)):
        raise Forbidden(N_("Your filters are locked, and this lies outside of them."))
    return view.with_default(website_settings.conversion(engine, website))


def _link(each: Notification, page: str, params: Mapping[str, Sequence[str]]) -> str:
    path = "" if page == OVERVIEW.name else page
    return f"{each.address}/{path}?{urlencode(params, doseq=True)}"


def _announce(
    store: Connection,
    id: str,
    spec: Alert,
    known: Mapping[str, Any],
    holding: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """Plan messages about the episodes that began and ended since the last check.

    ``known`` has the contents of messages about the episodes that lasted then, by occasion, and
    ``holding`` about those that last now. Returns what is known from now on.
    """
    single = spec.condition.kind != "new_value"
    if single and known and holding:
        # An hour later, the same episode may seem to have begun at another time.
        return dict(known)
    not_before = _after_quiet(spec, now)
    begun = {name: content for name, content in holding.items() if name not in known}
    for occasion, content in _grouped(begun).items():
        deliveries.plan(store, id, occasion, now, content=content, not_before=not_before)
    for occasion, content in known.items():
        is_over = single and occasion not in holding
        if is_over and not deliveries.cancel(store, id, occasion, now, str(_OVER)):
            last = {**content, "ended": now.isoformat()}
            deliveries.plan(
                store, id, f"{occasion} ended", now, content=last, not_before=not_before
            )
    return {name: known.get(name, content) for name, content in holding.items()}


def _grouped(contents: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The messages about what began: one about each, or a single one if that are many, since
    whoever sends events to Umami can make up new values."""
    if len(contents) <= MOST_AT_ONCE:
        return dict(contents)
    first, *others = contents
    headlines = [contents[occasion]["headline"] for occasion in others]
    rest = len(headlines) - MOST_LISTED
    listed = [*headlines[:MOST_LISTED], *([f"… (+{rest})"] if rest > 0 else [])]
    return {first: {**contents[first], "findings": listed}}


def _filters(view: View) -> dict[str, list[str]]:
    """The URL parameters of what restricts a View beyond website and period."""
    names = ("filter", "match", "segment", "cohort")
    return {name: list(values) for name, values in view.params().items() if name in names}


def _content(
    verdict: alerting.Verdict, filters: Mapping[str, list[str]], now: datetime
) -> dict[str, Any]:
    """What a message of an alert says, to keep until it is sent; ``filters`` are of its figures."""
    return {
        "filters": dict(filters),
        "headline": verdict.headline,
        "findings": list(verdict.findings),
        "since": (verdict.since or now).isoformat(),
        "page": verdict.page,
        "params": verdict.params,
    }


def _message(
    id: str, each: Notification, spec: Alert, website: str, content: Mapping[str, Any]
) -> AlertMessage:
    local, ended = zone(spec.timezone), _moment(content.get("ended"))
    return AlertMessage(
        id,
        spec.name,
        website,
        content["headline"],
        datetime.fromisoformat(content["since"]).astimezone(local),
        _link(each, content["page"], {**content["params"], "website": [spec.website]}),
        tuple(content.get("findings", ())),
        ended.astimezone(local) if ended else None,
    )


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _after_quiet(spec: Alert, now: datetime) -> datetime:
    """The moment when a message may be sent: now, or the end of the quiet hours."""
    local = zone(spec.timezone)
    wall = now.astimezone(local)
    first, last = spec.quiet or (0, 0)
    if first <= wall.hour < last or (last < first and not last <= wall.hour < first):
        day = wall.date() + timedelta(days=wall.hour >= last)
        return as_instant(datetime.combine(day, time(last)), local).astimezone(UTC)
    return now
