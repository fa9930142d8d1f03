"""The list of subscriptions and alerts, and what can be done with one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import pandas as pd
import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from access import deliveries, hourly_limit, notifications
from access.deliveries import Delivery, ReceiptStatus, Status
from access.notifications import Alert, Notification, Subscription
from components import authorized, draw_blocks, elements, page_context, texts, url_state, viewer
from components.blocks import SetParams, Table
from components.escaping import plain
from components.formats import Field
from components.texts import N_, _
from reports import due, mail
from reports.forms import alert, common, subscription, words
from umami.api.websites import Website
from umami.background_task import BackgroundTask, ProgressCallback, TaskCancelled
from umami.errors import InvalidView, UmamiError

MOST_TESTS: Final = 10
"""Test mails of an account in an hour."""
STATUSES: Final[dict[Status, str]] = {
    "waiting": N_("Waiting"),
    "sent": N_("Sent"),
    "failed": N_("Failed"),
    "missed": N_("Not sent"),
}
RECEIPTS: Final[dict[ReceiptStatus, str]] = {
    "sending": N_("being sent"),
    "accepted": N_("accepted"),
    "refused": N_("not accepted"),
    "unknown": N_("unknown"),
}
_TEST: Final = "the test mail that is sent, or was sent last"


def draw(selected: str, sites: Sequence[Website]) -> None:
    """Draw all subscriptions and alerts of the viewer, with details of the ``selected`` one."""
    listed = page_context.reader().notifications.all()
    if listed:
        with elements.card(""):
            draw_blocks.draw(_table(listed, selected, sites))
            if not selected:
                st.caption(_("Select one to change, pause, test or delete it."))
        each = next((each for each in listed if each.id == selected), None)
        if each:
            with st.container(border=True, key="mail_detail"):
                _detail(each, common.website_names(sites))
        elif selected:
            st.caption(_("This mail or alert does not exist any more."))
        return
    with elements.card(""):
        elements.show_empty(
            _(
                "Reports that come by mail every day, week or month, and alerts that tell you when "
                "a figure is unusual. Recipients need no account."
            )
        )


def _table(listed: Sequence[Notification], selected: str, sites: Sequence[Website]) -> Table:
    now, names = datetime.now(UTC), common.website_names(sites)
    rows = [
        (
            each.id,
            each.spec.name,
            _what(each, names),
            _when(each),
            _detail_of_when(each, now),
            words.recipients(each),
            words.state(each),
            each.owner,
        )
        for each in listed
    ]
    columns = ["id", "name", "what", "when", "next", "to", "state", "owner"]
    fields = [
        Field("name", _("Name"), "text", note="what"),
        Field("state", _("State"), "text"),
        Field("when", _("When"), "text", note="next", wide=True),
        Field("to", _("To"), "text", wide=True),
    ]
    if viewer.current().permissions.admin and viewer.signs_in():
        fields.append(Field("owner", _("Owner"), "text", wide=True))
    return Table(
        _("Mails and alerts"),
        pd.DataFrame(rows, columns=columns),
        fields,
        "mails",
        shown=50,
        value="id",
        on_choose=lambda id: SetParams({"mail": "" if id == selected else id}),
        active=(selected,),
    )


def _what(each: Notification, names: Mapping[str, str]) -> str:
    websites = ", ".join(names.get(website, _("(unknown)")) for website in each.websites)
    if isinstance(each.spec, Subscription):
        return _("Mail: {websites}").format(websites=websites)
    return _("Alert: {websites}").format(websites=websites)


def _when(each: Notification) -> str:
    if isinstance(each.spec, Subscription):
        return f"{words.when(each.spec.schedule)} ({each.spec.timezone})"
    return words.condition(each.spec.condition)


def _detail_of_when(each: Notification, now: datetime) -> str:
    """When a mail is sent next, and how long an alert measures."""
    if isinstance(each.spec, Alert):
        return words.span(each.spec.condition)
    return words.next_send(each.spec, now) if each.active else ""


def _detail(each: Notification, names: Mapping[str, str]) -> None:
    st.header(plain(each.spec.name, 100), anchor=False)
    lines = [
        _what(each, names),
        _when(each),
        _detail_of_when(each, datetime.now(UTC)),
        _("To: {recipients}").format(recipients=words.recipients(each) or "–"),
        words.state(each),
    ]
    st.caption(plain(" · ".join(filter(None, lines)), 1_000))
    with st.container(horizontal=True, gap="small"):
        elements.action_button(_("Edit"), "mail_change", _change, each, icon="edit")
        if each.active:
            elements.action_button(_("Pause"), "mail_pause", _pause, each, True, icon="pause")
        else:
            elements.action_button(
                _("Resume"), "mail_resume", _pause, each, False, icon="play_arrow", type="primary"
            )
        with st.popover(_("Delete"), icon=":material/delete:", key="mail_delete"):
            st.markdown(_("Delete **{name}**?").format(name=plain(each.spec.name, 60)))
            st.caption(_("This deletes the history of what was sent, too."))
            elements.action_button(_("Delete it"), "mail_delete_now", _delete, each, type="primary")
    _webhook_key(each)
    _test_mail(each)
    try:
        _unsubscribed(each)
        _history(each)
    except SQLAlchemyError:
        elements.show_note(_("The history cannot be read now."))


def _change(each: Notification) -> None:
    if isinstance(each.spec, Alert):
        alert.change(each, each.spec)
    else:
        subscription.change(each, each.spec)


def _record(what: str, each: Notification, about: str = "", *, done: bool = True) -> None:
    kind = subscription.KIND if isinstance(each.spec, Subscription) else alert.KIND
    about = about or common.audited(each.spec)
    viewer.record(viewer.current(), f"{what} {kind}", about, done=done)


def _pause(each: Notification, paused: bool) -> None:
    what = "pause" if paused else "resume"
    try:
        page_context.reader().notifications.pause(each, paused=paused)
    except UmamiError:
        _record(what, each, done=False)
        raise
    _record(what, each)


def _delete(each: Notification) -> None:
    page_context.reader().notifications.delete(each)
    _record("delete", each)
    url_state.set_params(mail="")
    common.DIALOG.confirm(_("“{name}” was deleted.").format(name=each.spec.name))


def _webhook_key(each: Notification) -> None:
    """Show the key with which the receiver of signed messages checks them."""
    if isinstance(each.spec, Alert) and each.spec.webhook and each.spec.webhook.service == "json":
        st.caption(_("The receiver checks the signatures of messages with this key:"))
        st.code(notifications.webhook_key(viewer.store(), each.id), language=None)


def _unsubscribed(each: Notification) -> None:
    """Name the recipients who get no more mails of it."""
    with viewer.store().connect() as store:
        names = [
            recipient.address
            for recipient in mail.recipients(each.spec.recipients)
            if notifications.is_unsubscribed(store, each.id, recipient.address)
        ]
    if names:
        elements.show_note(_("Unsubscribed: {names}").format(names=", ".join(names)))


def _test_mail(each: Notification) -> None:
    """Draw the button that sends a test mail, and what became of the last one."""
    if common.mail_problem():
        return
    key = f"test_address_{each.id}"
    only = each.spec.recipients[0] if len(each.spec.recipients) == 1 else ""
    st.session_state.setdefault(key, common.own_address() or only)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(_("Address for a test"), key=key, max_chars=300, autocomplete="off")
        elements.action_button(
            _("Send a test mail"), "mail_test", _send_test, each, key, icon="outgoing_mail"
        )
    id, task = authorized.data().get(_TEST, ("", None))
    if task and id == each.id:
        if task.state == "running":
            elements.show_progress(task, what=_("Sending"), key="mail_test_work")
        else:
            elements.show_note(_test_outcome(task))


def _send_test(each: Notification, key: str) -> None:
    """Send a test mail in the background. Raises ``UmamiError``."""
    recipients = common.parse_recipients(str(st.session_state[key] or ""))
    if len(recipients) != 1:
        raise InvalidView(N_("Enter one mail address for the test."), remedy=common.CHECK)
    to = recipients[0].address
    about = common.audited(each.spec.model_copy(update={"recipients": (to,), "webhook": None}))
    book = page_context.reader().notifications
    if all(mine.id != each.id for mine in book.all()):
        raise InvalidView(N_("This was deleted meanwhile."), remedy="")
    if not hourly_limit.reserve(viewer.store(), "test mail", book.account, MOST_TESTS):
        _record("send test of", each, about, done=False)
        raise InvalidView(
            N_("You sent many test mails in the last hour."), remedy=N_("Try again in an hour.")
        )
    client, store = page_context.client(), viewer.store()
    _record("send test of", each, about)

    def send(_progress: ProgressCallback) -> list[mail.Outcome]:
        return due.send_test(client, each, to, store)

    authorized.data()[_TEST] = (each.id, authorized.job(send, "test mail"))


def _test_outcome(task: BackgroundTask[list[mail.Outcome]]) -> str:
    try:
        return " ".join(map(str, task.result(0)))
    except TaskCancelled:
        return _("Cancelled.")
    except UmamiError as problem:
        return texts.sentences(problem)
    except Exception:
        return _("The test mail could not be created.")


def _history(each: Notification) -> None:
    """Draw what was sent, newest first."""
    sent = deliveries.history(viewer.store(), each.id)
    st.subheader(_("History"), anchor=False)
    if not sent:
        st.caption(_("Nothing was sent yet."))
        return
    rows = [
        (
            words.instant(delivery.due, each.spec.timezone),
            _(STATUSES[delivery.status]),
            _(delivery.why),
            _receipts(delivery),
        )
        for delivery in sent
    ]
    frame = pd.DataFrame(rows, columns=["due", "status", "why", "receipts"])
    fields = [
        Field("due", _("Due"), "text"),
        Field("status", _("Status"), "text", note="why"),
        Field("receipts", _("Recipients"), "text", wide=True),
    ]
    draw_blocks.draw(Table(_("History"), frame, fields, "mail_history", shown=20))


def _receipts(delivery: Delivery) -> str:
    return ", ".join(
        f"{receipt.recipient}: {_(RECEIPTS[receipt.status])}"
        + (f" ({_(receipt.why)})" if receipt.why else "")
        for receipt in delivery.receipts
    )
