"""The last half hour of a website."""

import time
from collections import Counter
from datetime import timedelta
from typing import Any

from umami.embedded.http import Call, Milliseconds, Parameters, Routes, Zone, now
from umami.embedded.queries.sessions import NEWEST_FIRST
from umami.embedded.scope import PAGEVIEW, PERFORMANCE, Scope, bucket, format_bucket
from umami.embedded.wire import camel_case, renamed

routes = Routes()

WINDOW = timedelta(minutes=30)
NEWEST = 100
EVENT = camel_case(
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
    The half hour begins with a minute. ``totals.visitors`` is the sum over minutes, as in Umami."""
    store, end = call.umami.store, now()
    scope = Scope(call.id("website_id"), end.replace(second=0, microsecond=0) - WINDOW, end)
    newest = scope.rows(columns=("country",)).where(f"e.event_type <> {PERFORMANCE}")
    view = scope.rows(PAGEVIEW)
    minutes = store.rows(
        f"SELECT {bucket(scope, 'minute', call.params.timezone)} AS minute, count(*), "
        f"count(DISTINCT e.session_id) {view.sql} GROUP BY 1 ORDER BY 1",
        view.values,
    )
    rows = store.records(
        "SELECT e.session_id, e.event_name, e.created_at, e.url_path, e.referrer_domain, "
        f"e.hostname, s.browser, s.os, s.device, s.country {newest.sql} {NEWEST_FIRST} "
        f"LIMIT {NEWEST}",
        newest.values,
    )
    # Rows are sorted newest first, so the last index of a session is that of its oldest event.
    oldest = {row["session_id"]: index for index, row in enumerate(rows)}
    countries = Counter(filter(None, (rows[index]["country"] for index in oldest.values())))
    urls = Counter(filter(None, (row["url_path"] for row in rows)))
    referrers = Counter(filter(None, (row["referrer_domain"] for row in rows)))
    events = []
    for index, row in enumerate(rows):
        event = renamed(row, EVENT)
        events.append({"__type": "event" if row["event_name"] else "pageview", **event})
        if oldest[row["session_id"]] == index:
            events.append({"__type": "session", **event})
    return {
        "countries": countries,
        "urls": urls,
        "referrers": referrers,
        "events": events,
        "series": {
            name: [{"x": format_bucket(minute[0]), "y": minute[place]} for minute in minutes]
            for place, name in ((1, "views"), (2, "visitors"))
        },
        "totals": {
            "views": sum(views for _, views, _ in minutes),
            "visitors": sum(visitors for _, _, visitors in minutes),
            "events": sum(1 for row in rows if row["event_name"]),
            "countries": len(countries),
        },
        "timestamp": int(time.time() * 1000),
    }
