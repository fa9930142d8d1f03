"""What happens just now."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime
from typing import Any

from umami.embedded.http import Call, Milliseconds, Parameters, Routes, Zone, now, to_iso
from umami.embedded.queries.realtime import Realtime, realtime
from umami.embedded.scope import format_bucket

routes = Routes()


class Now(Parameters):
    """The zone of the minutes; a range may be sent but is always the last half hour."""

    timezone: Zone = "UTC"
    startAt: Milliseconds | None = None
    endAt: Milliseconds | None = None


@routes("GET", "/realtime/{website_id}", Now)
def last_half_hour(call: Call[Now]) -> Any:
    """The newest hundred events, what they count up to, and views and visitors by minute.

    ``totals.visitors`` is the sum over minutes, as Umami's is.
    """
    return answer(call, with_hostname=True)


def answer(call: Call[Now], *, with_hostname: bool) -> dict[str, Any]:
    """The last half hour as JSON."""
    found = realtime(call.umami.store, call.id("website_id"), call.params.timezone, now())
    firsts = found.first_of_session
    countries = Counter(found.rows[place]["country"] for place in firsts)
    urls = Counter(row["url_path"] for row in found.rows)
    referrers = Counter(row["referrer_domain"] for row in found.rows)
    for one in (countries, urls, referrers):
        one.pop(None, None)
        one.pop("", None)
    return {
        "countries": countries,
        "urls": urls,
        "referrers": referrers,
        "events": _events(found, with_hostname=with_hostname),
        "series": {"views": _series(found.views), "visitors": _series(found.visitors)},
        "totals": {
            "views": sum(count for _, count in found.views),
            "visitors": sum(count for _, count in found.visitors),
            "events": sum(1 for row in found.rows if row["event_name"]),
            "countries": len(countries),
        },
        "timestamp": int(time.time() * 1000),
    }


def _events(found: Realtime, *, with_hostname: bool) -> list[dict[str, Any]]:
    """Newest first; a session has an entry of its own, older than its oldest event."""
    events, firsts = [], set(found.first_of_session)
    for place, row in enumerate(found.rows):
        one = {
            "sessionId": str(row["session_id"]),
            "eventName": row["event_name"],
            "createdAt": to_iso(row["created_at"]),
            "browser": row["browser"],
            "os": row["os"],
            "device": row["device"],
            "country": row["country"],
            "urlPath": row["url_path"],
            "referrerDomain": row["referrer_domain"],
        }
        if with_hostname:
            one["hostname"] = row["hostname"]
        events.append({"__type": "event" if row["event_name"] else "pageview", **one})
        if place in firsts:
            events.append({"__type": "session", **one})
    return events


def _series(series: list[tuple[datetime, int]]) -> list[dict[str, Any]]:
    return [{"x": format_bucket(minute), "y": count} for minute, count in series]
