"""Sending pageviews, events and identities, as the tracker does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from umami.endpoint import Access, Freshness, RawQuery, endpoint
from umami.endpoints.params import uuid_of
from umami.models.sending import Sent


def _sent(kind: str, **payload: Any) -> RawQuery[Sent]:
    fields = {name: value for name, value in payload.items() if value is not None}
    return RawQuery(Sent.read, body={"type": kind, "payload": fields})


@endpoint("POST", "/send", fresh=Freshness.NEVER, access=Access.WRITES)
def send_pageview(
    website: str,
    url: str,
    hostname: str,
    *,
    title: str | None = None,
    referrer: str | None = None,
    language: str | None = None,
    screen: str | None = None,
    tag: str | None = None,
) -> RawQuery[Sent]:
    """Count a pageview. ``url`` is the path with its query, ``screen`` as ``1920x1080``."""
    return _sent(
        "event",
        website=uuid_of(website),
        url=url,
        hostname=hostname,
        title=title,
        referrer=referrer,
        language=language,
        screen=screen,
        tag=tag,
    )


@endpoint("POST", "/send", fresh=Freshness.NEVER, access=Access.WRITES)
def send_event(
    website: str,
    name: str,
    url: str,
    hostname: str,
    *,
    data: Mapping[str, Any] | None = None,
    title: str | None = None,
) -> RawQuery[Sent]:
    """Count a custom event, with its data; ``revenue`` and ``currency`` among them are money."""
    return _sent(
        "event",
        website=uuid_of(website),
        name=name,
        url=url,
        hostname=hostname,
        title=title,
        data=None if data is None else dict(data),
    )


@endpoint("POST", "/send", fresh=Freshness.NEVER, access=Access.WRITES)
def send_identity(
    website: str,
    hostname: str,
    *,
    distinct_id: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> RawQuery[Sent]:
    """Say who the session is: an id of yours, properties, or both."""
    return _sent(
        "identify",
        website=uuid_of(website),
        url="/",
        hostname=hostname,
        id=distinct_id,
        data=dict(data or {}),
    )
