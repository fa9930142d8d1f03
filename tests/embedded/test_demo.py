"""The demo: deterministic within a day, complete, plausible, and continuing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from datetime import date, datetime, timedelta
from itertools import pairwise

import httpx
import pytest

from umami.embedded.demo import scenario
from umami.embedded.demo.demo import TABLES, Demo
from umami.embedded.demo.tables import generate
from umami.embedded.server import serve
from umami.embedded.store import Store

pytestmark = pytest.mark.slow

TODAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12)
DAY = timedelta(days=1)
SHOP = str(scenario.SHOP.id)
IDS = {
    "website_event": "event_id",
    "session": "session_id",
    "event_data": "event_data_id",
    "session_data": "session_data_id",
    "revenue": "revenue_id",
}


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """The demo as of noon; for reading only."""
    with closing(Store()) as made:
        Demo(made, Clock(NOON))
        yield made


def scalar(store: Store, sql: str, *values: object) -> float:
    row = store.row(sql, list(values))
    assert row
    return float(row[0])


def counted(store: Store) -> dict[str, float]:
    return {table: scalar(store, f"SELECT count(*) FROM {table}") for table in TABLES}


def assert_whole(store: Store) -> None:
    """Ids are unique, and all references exist."""
    for table, id in IDS.items():
        assert scalar(store, f"SELECT count(*) - count(DISTINCT {id}) FROM {table}") == 0, table
    orphans = {
        "events": "website_event e ANTI JOIN session s USING (session_id, website_id)",
        "sessions": "session s ANTI JOIN website_event e USING (session_id, website_id)",
        "data": "event_data d ANTI JOIN website_event e ON e.event_id = d.website_event_id"
        " AND e.event_type = 2 AND e.created_at = d.created_at",
        "money": "revenue r ANTI JOIN website_event e"
        " USING (event_id, session_id, event_name, created_at)",
        "money without data": "revenue r ANTI JOIN event_data d ON d.website_event_id = r.event_id"
        " AND d.data_key = 'revenue' AND d.number_value = r.revenue",
        "money without currency": "revenue r ANTI JOIN event_data d"
        " ON d.website_event_id = r.event_id"
        " AND d.data_key = 'currency' AND d.string_value = r.currency",
        "data without money": "event_data d ANTI JOIN revenue r ON d.website_event_id = r.event_id"
        " WHERE d.data_key = 'revenue'",
        "properties": "session_data d ANTI JOIN session s USING (session_id, website_id)",
        "sessions begun late": "session s JOIN website_event e USING (session_id)"
        " WHERE e.created_at < s.created_at",
    }
    assert {
        name: scalar(store, f"SELECT count(*) FROM {sql}") for name, sql in orphans.items()
    } == (dict.fromkeys(orphans, 0.0))


# The same for a day


def test_demo_day_is_deterministic() -> None:
    first, again = (generate(TODAY - DAY, TODAY, TODAY) for _ in range(2))
    assert all(first[name].equals(again[name]) for name in first)


def test_demo_day_is_independent_of_other_days() -> None:
    alone = generate(TODAY, TODAY, TODAY)["website_event"].to_pylist()
    among = generate(TODAY - 3 * DAY, TODAY + DAY, TODAY)["website_event"].to_pylist()
    visits = {row["visit_id"] for row in alone}
    assert len(alone) > 300
    assert [row for row in among if row["visit_id"] in visits] == alone


@pytest.mark.thorough
def test_demo_starts_with_the_same_rows(store: Store) -> None:
    with closing(Store()) as other:
        Demo(other, Clock(NOON))
        for table in TABLES:
            sql = f"SELECT count(*), bit_xor(hash(t)) FROM {table} t"
            assert other.row(sql) == store.row(sql)


def test_demo_is_stored_compressed(store: Store) -> None:
    """A whole year that waits for one commit takes twice as much."""
    used = "SELECT memory_usage_bytes FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'"
    assert 0 < scalar(store, used) < 50e6


@pytest.mark.thorough
def test_demo_rows_do_not_depend_on_the_start_time(store: Store) -> None:
    with closing(Store()) as other:
        clock = Clock(NOON - timedelta(hours=11))
        demo = Demo(other, clock)
        clock.now = NOON
        demo.catch_up()
        for table in TABLES:
            sql = f"SELECT count(*), bit_xor(hash(t)) FROM {table} t"
            assert other.row(sql) == store.row(sql), table


# Whole


def test_demo_rows_reference_existing_rows(store: Store) -> None:
    assert_whole(store)


@pytest.mark.parametrize("table", TABLES)
def test_demo_covers_a_year_up_to_now(store: Store, table: str) -> None:
    first, last = store.row(f"SELECT min(created_at), max(created_at) FROM {table}") or ()
    assert NOON - 402 * DAY < first < NOON - 360 * DAY
    assert NOON - DAY < last <= NOON


def test_values_are_written_as_umami_writes_them(store: Store) -> None:
    wrong = """
        SELECT count(*) FROM (FROM event_data UNION ALL BY NAME FROM session_data)
        WHERE NOT CASE data_type
            WHEN 1 THEN number_value IS NULL AND date_value IS NULL AND string_value <> ''
            WHEN 2 THEN string_value = number_value::VARCHAR AND date_value IS NULL
            WHEN 3 THEN string_value IN ('true', 'false') AND number_value IS NULL
            WHEN 4 THEN string_value = strftime(date_value, '%Y-%m-%dT%H:%M:%S.%gZ')
            ELSE false END
    """
    assert scalar(store, wrong) == 0
    assert scalar(store, "SELECT count(DISTINCT data_type) FROM event_data") == 4
    assert scalar(store, "SELECT count(*) FROM event_data WHERE data_key = 'form.fields'") > 0


def test_addresses_and_referrers_are_those_a_tracker_sends(store: Store) -> None:
    wrong = """
        SELECT count(*) FROM website_event WHERE NOT coalesce(
            url_path LIKE '/%' AND url_query IS NOT NULL AND page_title <> ''
            AND hostname LIKE '%.example'
            AND event_type BETWEEN 1 AND 5 AND (event_type = 2) = (event_name IS NOT NULL)
            AND (event_type = 5) = (lcp IS NOT NULL AND cls IS NOT NULL)
            AND (utm_source IS NULL) = (url_query NOT LIKE '%utm_source=%')
            AND (gclid IS NULL) = (url_query NOT LIKE '%gclid=%')
            AND (fbclid IS NULL) = (url_query NOT LIKE '%fbclid=%')
            AND (referrer_domain IS NULL) = (referrer_path IS NULL)
            AND (referrer_domain IS NULL OR referrer_domain NOT LIKE 'www.%'), false)
    """
    assert scalar(store, wrong) == 0
    # Each page of a visit but the first was reached from the one before, on the own host.
    broken = """
        WITH pages AS (
            SELECT *, lag(url_path) OVER visit AS earlier
            FROM website_event WHERE event_type = 1
            WINDOW visit AS (PARTITION BY visit_id ORDER BY created_at)
        )
        SELECT count(*) FROM pages JOIN website USING (website_id)
        WHERE earlier IS NOT NULL
          AND NOT coalesce(referrer_path = earlier AND referrer_domain = domain, false)
    """
    assert scalar(store, broken) == 0


# Believable


def test_demo_figures_are_plausible(store: Store) -> None:
    of_pages = "SELECT count(*) FROM website_event WHERE event_type IN (1, 2)"
    assert 150_000 < scalar(store, of_pages) < 200_000
    visits = """
        FROM (SELECT visit_id, count(*) AS views, epoch(max(created_at) - min(created_at)) AS took
              FROM website_event WHERE website_id = ? AND event_type = 1 GROUP BY 1)
    """
    for site in scenario.SITES:
        id = str(site.id)
        assert 0.4 < scalar(store, f"SELECT avg(CAST(views = 1 AS INT)) {visits}", id) < 0.5
        assert 60 < scalar(store, f"SELECT avg(took) {visits}", id) < 240
        assert scalar(store, f"SELECT max(took) {visits}", id) < 2 * 3600
        returning = """
            SELECT avg(CAST(visits > 1 AS INT)) FROM (
                SELECT count(DISTINCT visit_id) AS visits FROM website_event
                WHERE website_id = ? GROUP BY session_id)
        """
        assert 0.15 < scalar(store, returning, id) < 0.4
    steps = [
        scalar(
            store, "SELECT count(DISTINCT session_id) FROM website_event WHERE url_path = ?", path
        )
        for path in ("/products", "/cart", "/checkout", "/thank-you")
    ]
    assert all(more > 1.3 * fewer for more, fewer in pairwise(steps))
    share = "SELECT min(share) FROM (SELECT count(*) / sum(count(*)) OVER () AS share FROM revenue"
    assert scalar(store, "SELECT count(DISTINCT currency) FROM revenue") == 2
    assert scalar(store, f"{share} GROUP BY currency)") > 0.2


def test_demo_pages_have_plausible_web_vitals(store: Store) -> None:
    vital = "SELECT quantile_cont({}::DOUBLE, 0.75) FROM website_event WHERE website_id = ?"
    for name, low, high in (("lcp", 1500, 4000), ("inp", 100, 400), ("cls", 0.02, 0.2)):
        assert low < scalar(store, vital.format(name), SHOP) < high, name
    heavier = TODAY - scenario.HEAVIER_AGO * DAY
    home = f"{vital.format('lcp')} AND url_path = '/' AND created_at"
    assert scalar(store, f"{home} >= ?", SHOP, heavier) > 1.2 * scalar(
        store, f"{home} < ?", SHOP, heavier
    )
    wrong = "SELECT count(*) FROM website_event WHERE ttfb > fcp OR fcp > lcp"
    assert scalar(store, wrong) == 0


def test_demo_has_links_and_pixels_with_clicks(store: Store) -> None:
    clicks = "SELECT count(*) FROM website_event WHERE website_id = ? AND event_type = ?"
    for link in scenario.LINKS:
        assert scalar(store, f"SELECT count(*) FROM {link.table} WHERE slug = ?", link.slug) == 1
        kind = 3 if link.table == "link" else 4
        assert scalar(store, clicks, str(link.site.id), kind) > 1000


def test_demo_has_many_places_and_devices(store: Store) -> None:
    for column, least in (
        ("country", 15),
        ("language", 10),
        ("city", 20),
        ("browser", 8),
        ("os", 5),
        ("screen", 8),
        ("device", 4),
    ):
        assert scalar(store, f"SELECT count(DISTINCT {column}) FROM session") >= least, column
    wrong = "session WHERE NOT (length(country) = 2 AND starts_with(region, country || '-'))"
    assert scalar(store, f"SELECT count(*) FROM {wrong}") == 0


def test_demo_has_sources_of_every_channel(store: Store) -> None:
    domains = {row[0] for row in store.rows("SELECT DISTINCT referrer_domain FROM website_event")}
    assert domains >= {
        *("google.com", "bing.com", "duckduckgo.com", "chatgpt.com", "t.co", "facebook.com"),
        *("linkedin.com", "news.ycombinator.com", "youtube.com", None),
    }
    for column in ("utm_campaign", "gclid", "fbclid", "tag"):
        assert scalar(store, f"SELECT count({column}) FROM website_event") > 500, column
    hosts = {row[0] for row in store.rows("SELECT DISTINCT hostname FROM website_event")}
    assert hosts >= {f"www.{scenario.SHOP.domain}", *(site.domain for site in scenario.SITES)}


def daily(store: Store, first: date, days: int) -> float:
    """Visits a day of the shop, on average."""
    sql = """
        SELECT count(DISTINCT visit_id) / ? FROM website_event
        WHERE website_id = ? AND created_at >= ? AND created_at < ?
    """
    return scalar(store, sql, days, SHOP, first, first + days * DAY)


def test_demo_campaign_raises_visits_and_sales(store: Store) -> None:
    begun = TODAY - scenario.CAMPAIGN_AGO * DAY
    usual = daily(store, begun - 14 * DAY, 14)
    assert max(daily(store, begun + n * DAY, 1) for n in range(3)) > 2 * usual
    tagged = "SELECT session_id FROM website_event WHERE utm_campaign = 'autumn-sale'"
    buyers = f"""
        SELECT count(DISTINCT session_id) FILTER (event_name = 'purchase')
             / count(DISTINCT session_id)
        FROM website_event WHERE website_id = ? AND session_id {{}} IN ({tagged})
    """
    usual = scalar(store, buyers.format("NOT"), SHOP)
    assert 0.005 < usual < 0.05
    assert scalar(store, buyers.format(""), SHOP) > 1.3 * usual


def test_demo_scenario_is_visible_in_the_figures(store: Store) -> None:
    broken = TODAY - scenario.BROKEN_AGO * DAY
    assert daily(store, broken, 7) < 0.6 * daily(store, broken - 14 * DAY, 7)
    assert daily(store, TODAY - 60 * DAY, 28) > 1.2 * daily(store, TODAY - 300 * DAY, 28)
    assert daily(store, date(2025, 12, 1), 14) > 1.2 * daily(store, date(2026, 1, 5), 14)
    weekend = """
        SELECT count(DISTINCT visit_id) FILTER (isodow(created_at) = 6)
             / count(DISTINCT visit_id) FILTER (isodow(created_at) = 1)
        FROM website_event WHERE website_id = ?
    """
    assert scalar(store, weekend, SHOP) < 0.95
    night = """
        SELECT count(*) FILTER (hour = 3) / count(*) FILTER (hour = 20) FROM (
            SELECT hour(timezone(?, timezone('UTC', e.created_at))) AS hour
            FROM website_event e JOIN session s USING (session_id) WHERE country = ?)
    """
    for zone, country in (("Europe/Berlin", "DE"), ("America/New_York", "US")):
        assert scalar(store, night, zone, country) < 0.4


@pytest.mark.parametrize("today", [TODAY, date(2027, 3, 31), date(2027, 8, 12)])
def test_demo_has_active_visitors_at_any_time(today: date) -> None:
    """Also across midnight when each day is generated alone."""
    seen: list[datetime] = []
    for day in (today, today + DAY, today + 2 * DAY):
        table = generate(day, day, today)["website_event"].to_pylist()
        seen += [row["created_at"] for row in table if str(row["website_id"]) == SHOP]
    start = datetime(today.year, today.month, today.day)
    seen = sorted(at for at in seen if at < start + 3 * DAY)
    assert seen[0] < start + timedelta(minutes=1)
    assert max(after - before for before, after in pairwise(seen)) < timedelta(minutes=5)


# Going on


@pytest.mark.thorough
def test_demo_adds_due_rows_once_across_midnight() -> None:
    # Also into another month, in which who comes back is new.
    with closing(Store()) as store:
        clock = Clock(datetime(2026, 11, 29, 23, 50))
        demo, chance = Demo(store, clock), random.Random(1)
        before = counted(store)
        demo.catch_up()
        assert counted(store) == before
        while clock.now < datetime(2026, 12, 2, 1):
            clock.now += timedelta(minutes=chance.randint(30, 300))
            demo.catch_up()
            grown = counted(store)
            demo.catch_up()
            assert counted(store) == grown
            assert grown["website_event"] > before["website_event"]
            before = grown
            late = "SELECT count(*) FROM website_event WHERE created_at > ?"
            assert scalar(store, late, clock.now) == 0
        assert_whole(store)


@pytest.mark.thorough
def test_demo_catches_up_after_a_long_sleep() -> None:
    with closing(Store()) as store, closing(Store()) as step_by_step:
        clock = Clock(NOON)
        asleep, awake = Demo(store, clock), Demo(step_by_step, clock)
        for _ in range(9):
            clock.now += DAY
            awake.catch_up()
        asleep.catch_up()
        assert_whole(store)
        assert counted(store) == counted(step_by_step)
        assert daily(store, TODAY + 2 * DAY, 5) > 100


@pytest.mark.thorough
def test_demo_continues_cleanly_after_a_reset() -> None:
    with closing(Store()) as store:
        clock = Clock(NOON)
        demo = Demo(store, clock)
        with store.writing() as cursor:
            for table in TABLES:
                cursor.execute(f"DELETE FROM {table} WHERE website_id = ?", [SHOP])
        clock.now += timedelta(hours=3)
        demo.catch_up()
        assert_whole(store)
        assert scalar(store, "SELECT count(*) FROM website_event WHERE website_id = ?", SHOP) > 20


@pytest.mark.thorough
def test_catching_up_without_due_rows_takes_no_lock(store: Store) -> None:
    with closing(Store()) as empty:
        clock = Clock(NOON)
        demo = Demo(empty, clock)
        demo.catch_up()
        with ThreadPoolExecutor(1) as pool:
            # Whoever adds rows waits until this transaction is over.
            with empty.writing():
                looks = pool.submit(lambda: [demo.catch_up() for _ in range(1000)])
                assert not wait([looks], timeout=60).not_done
            looks.result()
        clock.now += timedelta(minutes=10)
        before = counted(empty)
        demo.catch_up()
        assert counted(empty)["website_event"] > before["website_event"]


def test_server_answers_from_the_demo() -> None:
    with serve() as running, httpx.Client(base_url=running.url) as client:
        assert running.demo
        signed = client.post(
            "/api/auth/login", json={"username": running.username, "password": running.password}
        )
        client.headers["authorization"] = f"Bearer {signed.raise_for_status().json()['token']}"
        active = client.get(f"/api/websites/{SHOP}/active").raise_for_status().json()
        assert active["visitors"] >= 1
