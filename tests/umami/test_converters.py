"""Conversions on servers of Umami equal a recount of the recorded rows."""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from components import converters
from components.areas import overview
from components.blocks import Card, Columns, Section, Table, Tabs
from components.converters import FieldTable
from components.loading import Collector
from tests.contract.recordings import DATA
from tests.contract.samples import SITE
from tests.doubles.umami import serve as serve_version
from tests.support.fault_proxy import between
from umami.analysis import converters as analysis
from umami.api import sessions
from umami.api.conversions import visit_groups
from umami.client import Client, connect
from umami.conversion import Conversion, FunnelStep
from umami.embedded.server import serve
from umami.period import Period
from umami.settings import Settings
from umami.view import View

pytestmark = pytest.mark.slow

PURCHASE = Conversion(FunnelStep("event", "purchase"), "EUR")
VIEW = View(SITE, Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC"))
Row = dict[str, str]


def client_of(running: object) -> Client:
    url, username, password = (getattr(running, name) for name in ("url", "username", "password"))
    return connect(Settings(api=f"{url}/api", username=username, password=password))


@pytest.fixture(
    scope="module",
    params=["2.18", "3.0", "3.1", pytest.param("3.3", marks=pytest.mark.thorough), "3.5"],
)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with serve_version(request.param, DATA / "tables") as running, client_of(running) as client:
        client.capabilities  # noqa: B018  # detects the version
        yield client


@pytest.fixture(scope="module")
def embedded() -> Iterator[Client]:
    with serve(DATA / "tables") as running, client_of(running) as client:
        yield client


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """The shop's rows of September, oldest first."""
    with gzip.open(DATA / "tables" / "website_event.csv.gz", "rt", newline="") as file:
        listed = [row for row in csv.DictReader(file) if row["website_id"] == SITE]
    first, last = VIEW.period.start, VIEW.period.end
    return sorted(
        (row for row in listed if first <= at(row) <= last), key=lambda row: row["created_at"]
    )


def at(row: Row) -> datetime:
    return datetime.fromisoformat(row["created_at"]).replace(tzinfo=UTC)


def converted(rows: list[Row]) -> set[str]:
    return {row["session_id"] for row in rows if row["event_name"] == "purchase"}


def shown(section: Section) -> dict[str, dict[str, float]]:
    """The rows of the table of a section by label."""
    table, _ = section.make(*(answer.result() for answer in section.answers))
    assert isinstance(table, Table)
    return table.frame.set_index("label").to_dict("index")


def table(field: str) -> FieldTable:
    return FieldTable(field, field, "rows", field, "(other)")


@pytest.mark.parametrize(
    ("field", "column"), [("utmCampaign", "utm_campaign"), ("utmSource", "utm_source")]
)
def test_conversions_count_for_the_first_touch(
    client: Client, rows: list[Row], field: str, column: str
) -> None:
    first: dict[str, str] = {}
    for row in rows:
        first.setdefault(row["session_id"], row[column])
    buyers = converted(rows)
    expected = Counter(first[session] or "(other)" for session in buyers)
    table_rows = shown(table(field).section(Collector(client), VIEW, PURCHASE))
    counts = {name: row["conversions"] for name, row in table_rows.items() if row["conversions"]}
    assert counts == expected
    assert sum(counts.values()) == len(buyers)


def test_conversions_by_place_and_device_are_those_of_visitors(
    client: Client, rows: list[Row]
) -> None:
    with gzip.open(DATA / "tables" / "session.csv.gz", "rt", newline="") as file:
        known = {row["session_id"]: row for row in csv.DictReader(file)}
    listed = converters.ask(Collector(client), VIEW, PURCHASE).result()
    buyers = converted(rows)
    if client.capabilities.fields and listed is None:
        # Lists of sessions take no filters there.
        assert client.server.generation is not None
        assert client.server.generation.major == 2
        return
    for field in ("country", "device", "browser"):
        frame = converters.by_field(listed, field)
        assert frame is not None
        counts = dict(zip(frame["name"], frame["conversions"], strict=True))
        assert counts == Counter(known[session][field] for session in buyers)


def test_channels_of_visits_are_those_of_the_embedded_server(embedded: Client) -> None:
    listed = converters.ask(Collector(embedded), VIEW, PURCHASE).result()
    assert listed is not None
    domain = "shop.example.com"
    step = PURCHASE.step
    assert step is not None
    counts: Counter[str] = Counter()
    for session in listed.rows:
        visits = defaultdict(list)
        for taken in embedded.ask(sessions.activity(VIEW, session.id))[::-1]:
            visits[taken.visit].append(taken)
        counts.update(
            analysis.channel_of_visit(visit, domain)
            for visit in visits.values()
            if any(analysis.converts(taken, step) for taken in visit)
        )
    groups = embedded.ask(visit_groups(VIEW, "channel", step)).frame
    brought = dict(zip(groups["name"], groups["conversions"], strict=True))
    assert counts == {name: count for name, count in brought.items() if count}


def test_channels_show_conversions(client: Client, rows: list[Row]) -> None:
    table_rows = shown(table("channel").section(Collector(client), VIEW, PURCHASE))
    if "conversions" in next(iter(table_rows.values())):
        assert sum(row["conversions"] for row in table_rows.values()) >= len(converted(rows))
    else:
        assert client.server.generation is not None
        assert client.server.generation.major == 2


def test_no_conversions_under_filters_of_rows(client: Client) -> None:
    view = VIEW.filtered("path", "/products")
    assert converters.ask(Collector(client), view, PURCHASE).result() is None
    table_rows = shown(table("channel").section(Collector(client), view, PURCHASE))
    assert all("conversions" not in row for row in table_rows.values())


def test_overview_with_a_conversion_sends_few_more_requests(embedded: Client) -> None:
    def sent(view: View) -> int:
        query = Collector(embedded)
        for item in overview.ask(query, view, {}):
            opened(item)
        return len(query.sent)

    def opened(item: object) -> None:
        """Send the queries of the open tabs, as a page does."""
        if isinstance(item, Tabs):
            item.tabs[0].section()
        elif isinstance(item, Card | Columns):
            for inner in item.items:
                opened(inner)

    view = replace(VIEW, comparison="previous", preset="custom")
    chosen = replace(view, whole_visits=True, conversion="event.purchase", currency="EUR")
    assert sent(view) < sent(chosen) <= 1.6 * sent(view)


@pytest.mark.parametrize("value", ["/products*", "*"])
def test_wildcards_are_unknown_instead_of_zero(client: Client, value: str) -> None:
    conversion = Conversion(FunnelStep("path", value), "EUR")
    table_rows = shown(table("channel").section(Collector(client), VIEW, conversion))
    assert all("conversions" not in row for row in table_rows.values())
    assert not conversion.is_exact


def test_channels_are_unknown_where_a_visitor_cannot_be_read(rows: list[Row]) -> None:
    first = min(converted(rows))
    with serve_version("3.5", DATA / "tables") as running, between(running.url) as proxy:
        proxy.breaks = lambda target: f"{first}/activity" in target
        settings = Settings(
            api=f"{proxy.url}/api", username=running.username, password=running.password
        )
        with connect(settings) as client:
            table_rows = shown(table("channel").section(Collector(client), VIEW, PURCHASE))
    assert table_rows
    assert all("conversions" not in row for row in table_rows.values())
