"""Visitors of several websites, links or pixels in one request, for lists."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import field_validator

from umami.embedded.http import Call, Milliseconds, Parameters, Routes, Text, from_milliseconds, now
from umami.embedded.parameters import ZoneOrUtc
from umami.embedded.queries.charts import charts
from umami.embedded.routes.traffic import VIEWS

routes = Routes()

MOST_IDS = 20
SLOT = timedelta(hours=12)
WEEK = timedelta(days=7)


class Charted(Parameters):
    """Ids, separated by commas; the last seven days unless both ends of a range are given."""

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
        """The zone whose clock divides days."""
        return "UTC" if self.timezone in (None, "utc") else str(self.timezone)

    @property
    def range(self) -> tuple[datetime, datetime]:
        """Both ends, naive UTC; today and the six days before it unless both were given."""
        if self.startAt is not None and self.endAt is not None:
            return from_milliseconds(self.startAt), from_milliseconds(self.endAt)
        zone = ZoneInfo(self.zone)
        local = now().replace(tzinfo=UTC).astimezone(zone).date() + timedelta(days=1)
        end = datetime.combine(local, time(), zone)
        start = datetime.combine(local - WEEK, time(), zone)
        return _utc(start), _utc(end) - timedelta(milliseconds=1)


def _utc(local: datetime) -> datetime:
    return local.astimezone(UTC).replace(tzinfo=None)


def _ids(text: str) -> list[UUID]:
    parts = [part.strip() for part in text.split(",")]
    try:
        return list(dict.fromkeys(UUID(part) for part in parts if part))
    except ValueError:
        raise ValueError("Invalid uuid") from None


def _declare(table: str) -> None:
    @routes("GET", f"/{table}s/charts", Charted)
    def chart(call: Call[Charted]) -> Any:
        """Visitors of the whole range and of each 12 hours from its start, for each id that
        exists. As in Umami, a slot has a value only where it begins at 0:00 or 12:00 local time.
        """
        asked, store = call.params, call.umami.store
        asked_for = _ids(asked.ids)
        existing = store.rows(
            f"SELECT {table}_id FROM {table} WHERE deleted_at IS NULL "
            f"AND {table}_id IN ({', '.join('?' * len(asked_for))})",
            asked_for,
        )
        ids = [id for id in asked_for if (id,) in set(existing)]
        start, end = asked.range
        slots = _slots(start, end, asked.zone)
        found = charts(store, ids, start, end, asked.zone, VIEWS)
        return {
            "data": {
                str(id): {
                    "total": one.total,
                    "values": [one.half_days.get(slot, 0) for slot in slots],
                }
                for id, one in found.items()
            }
        }


def _slots(start: datetime, end: datetime, timezone: str) -> list[datetime]:
    """The wall clock at the start of each slot."""
    zone, found = ZoneInfo(timezone), []
    while start <= end:
        found.append(start.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None))
        start += SLOT
    return found


for _table in ("website", "link", "pixel"):
    _declare(_table)
