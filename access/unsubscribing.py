"""The links by which a recipient of mails ends them, without an account.

A link contains the id of a subscription or alert and the recipient's address, signed with a key of
this dashboard. The link in the text of a mail is ``{address}/?unsubscribe=TOKEN``, which works with
``asgi.py`` and with plain ``app.py``. Only ``asgi.py`` can answer the POST request by which mail
providers unsubscribe with one click (RFC 8058), at ``{address}/unsubscribe?token=TOKEN``; so a mail
announces it only if its sender knows that ``asgi.py`` serves the dashboard.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import Engine

from access import notifications
from access.database import exclusive
from access.notifications import Notification

PARAMETER: Final = "unsubscribe"
PATH: Final = "/unsubscribe"
_SALT: Final = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Links:
    """What a recipient unsubscribes with: a page, and the URL of a POST request, which is empty
    where the dashboard cannot answer one."""

    page: str
    one_click: str = ""


@dataclass(frozen=True, slots=True)
class Mailing:
    """A subscription or alert, and one recipient of its mails."""

    notification: Notification
    recipient: str


def links(key: str, notification: Notification, recipient: str, *, one_click: bool) -> Links:
    """The links for the mails to one address; ``key`` is ``notifications.signing_key``."""
    token = URLSafeSerializer(key, _SALT).dumps([notification.id, recipient])
    return Links(
        f"{notification.address}/?{urlencode({PARAMETER: token})}",
        f"{notification.address}{PATH}?{urlencode({'token': token})}" if one_click else "",
    )


def find(engine: Engine, token: str) -> Mailing | None:
    """What a token is for; ``None`` if it is invalid, or if the mails exist no more."""
    try:
        id, recipient = URLSafeSerializer(notifications.signing_key(engine), _SALT).loads(token)
    except (BadData, ValueError, TypeError):
        return None
    with engine.connect() as store:
        notification = notifications.by_id(store, id)
    return Mailing(notification, recipient) if notification else None


def is_unsubscribed(engine: Engine, mailing: Mailing) -> bool:
    """Whether the recipient gets no more of these mails."""
    with engine.connect() as store:
        return notifications.is_unsubscribed(store, mailing.notification.id, mailing.recipient)


def unsubscribe(engine: Engine, mailing: Mailing) -> None:
    """Send the recipient no more of these mails."""
    with exclusive(engine) as store:
        notifications.unsubscribe(store, mailing.notification.id, mailing.recipient)
