"""Visitors of several websites, links or pixels in one request, for lists."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import field_validator

from umami.embedded.http import Call, Milliseconds, Parameters, Routes, Text, from_milliseconds, now
from umami.embedded.parameters import ZoneOrUtc
from umami.embedded.queries import websites as queries
from umami.embedded.routes.traffic import VIEWS

routes = Routes()

MOST_IDS = 20
SLOT = timedelta(hours=12)
WEEK = timedelta(days=7)


class Charts(Parameters):
    """Ids separated by commas, and a range; the last seven days unless both ends are set."""

    ids: Text
    startAt: Milliseconds | None = None
    endAt: Milliseconds | None = None
    timezone: ZoneOrUtc | None = None

    @field_validator("ids")
    @classmethod
    def _check(cls, text: str) -> str:
        if not 1 <= len(_ids(text)) <= MOST_IDS:
            raise ValueError(f"Expected 1 to {MOST_IDS} ids")
        return text

    @property
    def zone(self) -> str:
        """The time zone of the half days."""
        return "UTC" if self.timezone in (None, "utc") else str(self.timezone)

    @property
    def range(self) -> tuple[datetime, datetime]:
        """Both ends (naive UTC); today and the six days before unless both ends are set."""
        if self.startAt is not None and self.endAt is not None:
            return from_milliseconds(self.startAt), from_milliseconds(self.endAt)
        zone = ZoneInfo(self.zone)
        tomorrow = now().replace(tzinfo=UTC).astimezone(zone).date() + timedelta(days=1)
        start, end = (
            datetime.combine(date, time(), zone).astimezone(UTC).replace(tzinfo=None)
            for date in (tomorrow - WEEK, tomorrow)
        )
        return start, end - timedelta(milliseconds=1)


def _ids(text: str) -> list[UUID]:
    parts = [part.strip() for part in text.split(",")]
    try:
        return list(dict.fromkeys(UUID(part) for part in parts if part))
    except ValueError:
        raise ValueError("Invalid uuid") from None


def _declare(table: str) -> None:
    @routes("GET", f"/{table}s/charts", Charts)
    def charts(call: Call[Charts]) -> Any:
        """Return the visitors of the range and of every 12 hours of it, for each existing id. As in
        Umami, a slot that does not begin at 0:00 or 12:00 local time has no visitors."""
        params, store = call.params, call.umami.store
        ids = _ids(params.ids)
        existing = store.rows(
            f"SELECT {table}_id FROM {table} WHERE deleted_at IS NULL "
            f"AND {table}_id IN ({', '.join('?' * len(ids))})",
            ids,
        )
        ids = [id for id in ids if (id,) in existing]
        start, end = params.range
        visitors = queries.charts(store, ids, start, end, params.zone, VIEWS)
        slots = _slots(start, end, ZoneInfo(params.zone))
        return {
            "data": {
                str(id): {
                    "total": counts.get(None, 0),
                    "values": [counts.get(slot, 0) for slot in slots],
                }
                for id, counts in visitors.items()
            }
        }


def _slots(start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the start (wall clock) of every 12 hours of the range."""
    starts = (start + number * SLOT for number in range((end - start) // SLOT + 1))
    return [at.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) for at in starts]


for _table in ("website", "link", "pixel"):
    _declare(_table)
