"""Visitors of several websites, links or pixels in one request, for lists."""

from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator

from umami.embedded.http import Call, Milliseconds, Parameters, Routes, from_milliseconds, now
from umami.embedded.parameters import ZoneOrUtc
from umami.embedded.scope import VIEWS, Scope, wall_clock

routes = Routes()

MOST_IDS = 20
SLOT = timedelta(hours=12)
WEEK = timedelta(days=7)


def _ids(text: str) -> list[UUID]:
    parts = [part.strip() for part in text.split(",")]
    try:
        ids = list(dict.fromkeys(UUID(part) for part in parts if part))
    except ValueError:
        raise ValueError("Invalid uuid") from None
    if not 1 <= len(ids) <= MOST_IDS:
        raise ValueError(f"Expected 1 to {MOST_IDS} ids")
    return ids


class Charts(Parameters):
    """Ids separated by commas, and a range; the last seven days unless both ends are set."""

    ids: Annotated[list[UUID], BeforeValidator(_ids)]
    startAt: Milliseconds | None = None
    endAt: Milliseconds | None = None
    timezone: ZoneOrUtc | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the half days."""
        return ZoneInfo("UTC" if self.timezone in (None, "utc") else str(self.timezone))

    @property
    def range(self) -> tuple[datetime, datetime]:
        """Both ends (naive UTC); today and the six days before unless both ends are set."""
        if self.startAt is not None and self.endAt is not None:
            return from_milliseconds(self.startAt), from_milliseconds(self.endAt)
        tomorrow = now().replace(tzinfo=UTC).astimezone(self.zone).date() + timedelta(days=1)
        start, end = (
            datetime.combine(date, time(), self.zone).astimezone(UTC).replace(tzinfo=None)
            for date in (tomorrow - WEEK, tomorrow)
        )
        return start, end - timedelta(milliseconds=1)


def charts(table: str, call: Call[Charts]) -> Any:
    """Return the visitors of the range and of every 12 hours of it, for each existing id. As in
    Umami, a slot that does not begin at 0:00 or 12:00 local time has no visitors."""
    ids, (start, end), zone = call.params.ids, call.params.range, call.params.zone
    clock = wall_clock(Scope(ids[0], start, max(start, end)), zone.key)
    rows = call.umami.store.rows(
        f"""
        SELECT t.{table}_id, half_day, count(DISTINCT session_id)
        FROM {table} t
        LEFT JOIN (
            SELECT e.*, time_bucket(INTERVAL 12 HOURS, {clock}) AS half_day FROM website_event e
        ) e ON e.website_id = t.{table}_id AND e.created_at BETWEEN ? AND ?
            AND e.event_type IN {VIEWS}
        WHERE t.deleted_at IS NULL AND t.{table}_id IN ({", ".join("?" * len(ids))})
        GROUP BY GROUPING SETS ((t.{table}_id, half_day), (t.{table}_id))
        """,
        [start, end, *ids],
    )
    visitors: dict[UUID, dict[datetime | None, int]] = defaultdict(dict)
    for id, half_day, count in rows:
        visitors[id][half_day] = count
    starts = (start + number * SLOT for number in range((end - start) // SLOT + 1))
    slots = [at.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) for at in starts]
    return {
        "data": {
            str(id): {
                "total": visitors[id].get(None, 0),
                "values": [visitors[id].get(slot, 0) for slot in slots],
            }
            for id in ids
            if id in visitors
        }
    }


for _table in ("website", "link", "pixel"):
    routes("GET", f"/{_table}s/charts", Charts)(partial(charts, _table))
