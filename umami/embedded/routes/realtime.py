"""The last half hour of a website."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from umami.embedded.http import Call, Milliseconds, Parameters, Routes, Zone, now
from umami.embedded.parameters import json_row
from umami.embedded.queries.events import realtime
from umami.embedded.routes import records
from umami.embedded.scope import format_bucket

routes = Routes()

EVENT = records.camel_case(
    *("session_id", "event_name", "created_at", "browser", "os", "device", "country"),
    *("url_path", "referrer_domain", "hostname"),
)


class Realtime(Parameters):
    """The time zone of the minutes; a range is accepted but has no effect."""

    timezone: Zone = "UTC"
    startAt: Milliseconds | None = None
    endAt: Milliseconds | None = None


@routes("GET", "/realtime/{website_id}", Realtime)
def last_half_hour(call: Call[Realtime]) -> Any:
    """Return the newest hundred events, counts of their values, and views and visitors by minute.

    ``totals.visitors`` is the sum over minutes, as in Umami.
    """
    rows, minutes = realtime(call.umami.store, call.id("website_id"), call.params.timezone, now())
    # Rows are sorted newest first, so the last index of a session is that of its oldest event.
    oldest = {row["session_id"]: index for index, row in enumerate(rows)}
    countries = Counter(rows[index]["country"] for index in oldest.values())
    urls = Counter(row["url_path"] for row in rows)
    referrers = Counter(row["referrer_domain"] for row in rows)
    for counts in (countries, urls, referrers):
        counts.pop(None, None)
        counts.pop("", None)
    events = []
    for index, row in enumerate(rows):
        event = json_row(row, EVENT)
        events.append({"__type": "event" if row["event_name"] else "pageview", **event})
        if oldest[row["session_id"]] == index:
            events.append({"__type": "session", **event})
    starts = [format_bucket(start) for start, _, _ in minutes]
    views = [views for _, views, _ in minutes]
    visitors = [visitors for _, _, visitors in minutes]
    return {
        "countries": countries,
        "urls": urls,
        "referrers": referrers,
        "events": events,
        "series": {
            name: [{"x": start, "y": count} for start, count in zip(starts, counts, strict=True)]
            for name, counts in (("views", views), ("visitors", visitors))
        },
        "totals": {
            "views": sum(views),
            "visitors": sum(visitors),
            "events": sum(1 for row in rows if row["event_name"]),
            "countries": len(countries),
        },
        "timestamp": int(time.time() * 1000),
    }
