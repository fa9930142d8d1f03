"""Sending pageviews, events and identities, as the tracker does."""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Self

from pydantic import Field

from umami.endpoint import RawQuery, write
from umami.normal_forms import uuid_of
from umami.parsing import Record, parse


class Sent(Record):
    """Whether the server counted something, and for which session; servers drop what bots send."""

    counted: bool
    session: Annotated[str | None, Field(alias="sessionId")] = None
    visit: Annotated[str | None, Field(alias="visitId")] = None
    cache: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, answer: Any) -> Self:
        """From ``{cache, sessionId, visitId}``, or ``{"beep": "boop"}`` for a bot."""
        if isinstance(answer, dict) and "beep" in answer:
            return cls(counted=False)
        if not isinstance(answer["cache"], str):
            raise ValueError("no cache")
        return parse(cls, {**answer, "counted": True})


def _sent(kind: str, **payload: Any) -> RawQuery[Sent]:
    fields = {name: value for name, value in payload.items() if value is not None}
    return RawQuery(body={"type": kind, "payload": fields})


@write("POST", "/send")
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


@write("POST", "/send")
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


@write("POST", "/send")
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
