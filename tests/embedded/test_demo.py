"""The demo: the same for a day, whole, believable, and going on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from umami.embedded.demo import story
from umami.embedded.demo.demo import Demo
from umami.embedded.demo.tables import generate
from umami.embedded.store import Store

TODAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12)
DAY = timedelta(days=1)
SHOP = str(story.SHOP.id)


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """The demo as it stands at noon."""
    made = Store()
    Demo(made, Clock(NOON))
    yield made
    made.close()


def one(store: Store, sql: str, *values: object) -> float:
    row = store.row(sql, list(values))
    assert row
    return float(row[0])


def test_a_day_is_always_the_same() -> None:
    first, again = (generate(TODAY - DAY, TODAY, TODAY) for _ in range(2))
    assert all(first[name].equals(again[name]) for name in first)


def test_a_day_does_not_depend_on_its_neighbours() -> None:
    alone = generate(TODAY, TODAY, TODAY)["website_event"]
    among = generate(TODAY - 3 * DAY, TODAY, TODAY)["website_event"]
    have = set(alone.column("visit_id").to_pylist())
    assert have <= set(among.column("visit_id").to_pylist())


def test_it_starts_the_same_twice(store: Store) -> None:
    other = Store()
    Demo(other, Clock(NOON))
    sql = (
        "SELECT count(*), sum(hash(event_id, session_id, created_at, url_path)) FROM website_event"
    )
    assert other.row(sql) == store.row(sql)
    other.close()


@pytest.mark.parametrize(
    ("table", "id"),
    [
        ("website_event", "event_id"),
        ("session", "session_id"),
        ("event_data", "event_data_id"),
        ("session_data", "session_data_id"),
        ("revenue", "revenue_id"),
    ],
)
def test_ids_are_unique_and_nothing_is_in_the_future(store: Store, table: str, id: str) -> None:
    assert one(store, f"SELECT count(*) - count(DISTINCT {id}) FROM {table}") == 0
    assert one(store, f"SELECT count(*) FROM {table} WHERE created_at > ?", NOON) == 0
    assert one(store, f"SELECT count(*) FROM {table}") > 500


def test_rows_belong_together(store: Store) -> None:
    orphans = {
        "events": "website_event e ANTI JOIN session s USING (session_id, website_id)",
        "data": "event_data d ANTI JOIN website_event e ON e.event_id = d.website_event_id",
        "money": "revenue r ANTI JOIN website_event e USING (event_id, session_id)",
        "money without data": "revenue r ANTI JOIN event_data d ON d.website_event_id = r.event_id"
        " AND d.data_key = 'revenue' AND d.number_value = r.revenue",
        "properties": "session_data d ANTI JOIN session s USING (session_id)",
    }
    assert {name: one(store, f"SELECT count(*) FROM {sql}") for name, sql in orphans.items()} == (
        dict.fromkeys(orphans, 0.0)
    )
    early = "SELECT count(*) FROM session s JOIN website_event e USING (session_id) WHERE e.created_at < s.created_at"  # noqa: E501
    assert one(store, early) == 0


def test_a_marketer_nods(store: Store) -> None:
    visits = """
        FROM (SELECT visit_id, count(*) AS views, epoch(max(created_at) - min(created_at)) AS took
              FROM website_event WHERE website_id = ? AND event_type = 1 GROUP BY 1)
    """
    assert 0.25 < one(store, f"SELECT avg(CAST(views = 1 AS INT)) {visits}", SHOP) < 0.6
    assert 60 < one(store, f"SELECT avg(took) {visits}", SHOP) < 300
    assert one(store, "SELECT count(DISTINCT country) FROM session") >= 15
    assert one(store, "SELECT count(DISTINCT currency) FROM revenue") == 2
    assert one(store, "SELECT count(DISTINCT device) FROM session") == 4
    returning = """
        SELECT avg(CAST(visits > 1 AS INT)) FROM (
            SELECT count(DISTINCT visit_id) AS visits FROM website_event
            WHERE website_id = ? GROUP BY session_id)
    """
    assert one(store, returning, SHOP) > 0.1
    for path, below in (("/cart", "/checkout"), ("/checkout", "/thank-you")):
        sql = "SELECT count(DISTINCT session_id) FROM website_event WHERE url_path = ?"
        assert one(store, sql, path) > one(store, sql, below) > 500


def daily(store: Store, first: date, days: int) -> float:
    """Visits a day of the shop, on average."""
    sql = """
        SELECT count(DISTINCT visit_id) / ? FROM website_event
        WHERE website_id = ? AND created_at BETWEEN ? AND ?
    """
    return one(store, sql, days, SHOP, first, first + days * DAY)


def test_the_story_shows(store: Store) -> None:
    campaign = TODAY - story.CAMPAIGN_AGO * DAY
    tagged = """
        SELECT count(DISTINCT visit_id) FROM website_event
        WHERE utm_campaign = 'autumn-sale' AND created_at BETWEEN ? AND ?
    """
    days = story.CAMPAIGN_DAYS * DAY
    usual = one(store, tagged, campaign - days, campaign)
    assert one(store, tagged, campaign, campaign + days) > 10 * max(usual, 1)
    assert daily(store, campaign, 3) > 1.3 * daily(store, campaign - 14 * DAY, 7)
    broken = TODAY - story.BROKEN_AGO * DAY
    assert daily(store, broken, 7) < 0.6 * daily(store, broken - 14 * DAY, 7)
    assert daily(store, TODAY - 60 * DAY, 28) > 1.2 * daily(store, TODAY - 360 * DAY, 28)
    weekend = """
        SELECT count(DISTINCT visit_id) FILTER (isodow(created_at) = 6)
             / count(DISTINCT visit_id) FILTER (isodow(created_at) = 1)
        FROM website_event WHERE website_id = ?
    """
    assert one(store, weekend, SHOP) < 0.95
    night = """
        SELECT count(*) FILTER (hour(created_at) = 3) / count(*) FILTER (hour(created_at) = 18)
        FROM website_event WHERE website_id = ?
    """
    assert one(store, night, SHOP) < 0.6


def test_somebody_is_there_at_any_time() -> None:
    table = generate(TODAY - DAY, TODAY + DAY, TODAY)["website_event"]
    shop = table.filter([one == SHOP for one in table.column("website_id").to_pylist()])
    seen = sorted(shop.column("created_at").to_pylist())
    of_day = [one for one in seen if NOON - timedelta(hours=12) <= one <= NOON + DAY]
    longest = max(after - before for before, after in pairwise(of_day))
    assert longest <= timedelta(minutes=5)


def test_what_is_due_comes_once_and_midnight_is_no_end() -> None:
    store, clock = Store(), Clock(datetime(2026, 11, 23, 23, 50))
    demo = Demo(store, clock)
    chance = random.Random(1)
    counted = one(store, "SELECT count(*) FROM website_event")
    while clock.now < datetime(2026, 11, 26, 1):
        clock.now += timedelta(minutes=chance.randint(30, 300))
        demo.advance()
        demo.advance()
        grown = one(store, "SELECT count(*) FROM website_event")
        assert grown > counted
        counted = grown
        assert one(store, "SELECT count(*) FROM website_event WHERE created_at > ?", clock.now) == 0
    for table, id in (("website_event", "event_id"), ("session", "session_id")):
        assert one(store, f"SELECT count(*) - count(DISTINCT {id}) FROM {table}") == 0
    orphans = "website_event e ANTI JOIN session s USING (session_id)"
    assert one(store, f"SELECT count(*) FROM {orphans}") == 0
    store.close()
