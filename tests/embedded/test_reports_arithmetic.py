"""Reports of any traffic, counted again in plain Python by Umami's definitions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.doubles.umami.v2.queries.retention import retention
from umami.embedded.definitions import V3_1
from umami.embedded.queries.reports import Step, attribution, conversion_counts, funnel, journey
from umami.embedded.queries.totals import breakdown
from umami.embedded.scope import Scope, format_bucket
from umami.embedded.store import Store

pytestmark = pytest.mark.slow
few = settings(max_examples=settings().max_examples // 2)

SITE = UUID(int=1)
BEGIN = datetime(2026, 10, 23, 20)
END = BEGIN + timedelta(days=6)
ZONES = ("UTC", "Europe/Zurich", "America/New_York", "Asia/Kolkata")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the event table."""

    session: int
    visit: int
    at: datetime
    path: str
    event: str | None
    referrer: str | None
    source: str | None

    @property
    def item(self) -> str:
        return self.event or self.path

    def meets(self, step: Step) -> bool:
        value = self.path if step.kind == "path" else self.event
        return value is not None and fnmatchcase(value, step.value)


PATHS, EVENTS = ("/", "/a", "/a/b", "/cart"), ("signup", "buy")


@st.composite
def traffic(draw: st.DrawFn) -> list[Row]:
    """Rows of some sessions; no session has two at the same moment."""
    rows = []
    for session in range(draw(st.integers(1, 5))):
        offsets = draw(st.lists(st.integers(0, 9 * 24 * 60), min_size=1, max_size=9, unique=True))
        for minute in offsets:
            rows.append(
                Row(
                    session,
                    session * 100 + minute // 600,
                    BEGIN - timedelta(days=1) + timedelta(minutes=minute),
                    draw(st.sampled_from(PATHS)),
                    draw(st.sampled_from([None, None, *EVENTS])),
                    draw(st.sampled_from([None, "own.example", "a.example", "b.example"])),
                    draw(st.sampled_from([None, "", "news", "ads"])),
                )
            )
    return sorted(rows, key=lambda row: (row.session, row.at))


def stored(rows: list[Row]) -> Store:
    """The rows in a store; a session is made with its first."""
    store = Store()
    with store.writing() as cursor:
        for _, group in groupby(rows, key=lambda row: row.session):
            first = next(group)
            cursor.execute(
                "INSERT INTO session BY NAME SELECT ?::UUID AS session_id, ?::UUID AS website_id, "
                "?::TIMESTAMP AS created_at",
                [UUID(int=1000 + first.session), SITE, first.at],
            )
        for number, row in enumerate(rows):
            cursor.execute(
                """
                INSERT INTO website_event BY NAME SELECT ?::UUID AS event_id, ?::UUID AS website_id,
                    ?::UUID AS session_id, ?::UUID AS visit_id, ?::TIMESTAMP AS created_at,
                    ? AS url_path, ? AS event_name, ? AS event_type, ? AS referrer_domain,
                    'own.example' AS hostname, ? AS utm_source
                """,
                [
                    *(UUID(int=value) for value in (5000 + number, 1)),
                    *(UUID(int=value) for value in (1000 + row.session, 9000 + row.visit)),
                    row.at,
                    row.path,
                    row.event,
                    2 if row.event else 1,
                    row.referrer,
                    row.source,
                ],
            )
    return store


SCOPE = Scope(SITE, BEGIN, END, definitions=V3_1)
STEPS = st.one_of(
    st.builds(Step, st.just("path"), st.sampled_from([*PATHS, "/a*", "*b", "*a*", "*"])),
    st.builds(Step, st.just("event"), st.sampled_from([*EVENTS, "s*"])),
)


def inside(rows: list[Row]) -> list[Row]:
    return [row for row in rows if BEGIN <= row.at <= END]


@few
@given(traffic(), st.lists(STEPS, min_size=2, max_size=4), st.integers(1, 2000))
def test_funnel_equals_a_recount(rows: list[Row], steps: list[Step], window: int) -> None:
    reached = {(row.session, row.at) for row in inside(rows) if row.meets(steps[0])}
    want = [len({session for session, _ in reached})]
    for step in steps[1:]:
        reached = {
            (row.session, row.at)
            for row in inside(rows)
            if row.meets(step)
            and any(
                session == row.session and at <= row.at <= at + timedelta(minutes=window)
                for session, at in reached
            )
        }
        want.append(len({session for session, _ in reached}))
    store = stored(rows)
    assert funnel(store, SCOPE, steps, window) == want
    store.close()


@few
@given(traffic(), st.sampled_from(ZONES))
def test_retention_equals_a_recount(rows: list[Row], zone: str) -> None:
    def day(moment: datetime) -> datetime:
        wall = moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone))
        return datetime(wall.year, wall.month, wall.day)

    cohort = {}
    for session, group in groupby(rows, key=lambda row: row.session):
        made = next(group).at
        if BEGIN <= made <= END:
            cohort[session] = day(made)
    sizes = Counter(cohort.values())
    back = Counter(
        (cohort[session], (on - cohort[session]).days)
        for session, on in {(row.session, day(row.at)) for row in inside(rows)}
        if session in cohort
    )
    want = [
        (format_bucket(first), after, sizes[first], count)
        for (first, after), count in sorted(back.items())
    ]
    store = stored(rows)
    cells = retention(store, SCOPE, zone)
    assert [tuple(cell.values())[:4] for cell in cells] == want
    store.close()


@few
@given(
    traffic(),
    st.integers(3, 7),
    st.sampled_from([None, *PATHS, *EVENTS]),
    st.sampled_from([None, *PATHS, *EVENTS]),
)
def test_journey_equals_a_recount(
    rows: list[Row], steps: int, first: str | None, last: str | None
) -> None:
    visits: dict[int, list[Row]] = {}
    for row in inside(rows):
        visits.setdefault(row.visit, []).append(row)
    want: Counter[tuple[str | None, ...]] = Counter()
    for seen in visits.values():
        path = [row.item for row in sorted(seen, key=lambda row: row.at)][:steps]
        if (first is None or path[0] == first) and (last is None or path[-1] == last):
            want[(*path, *[None] * (steps - len(path)))] += 1
    store = stored(rows)
    paths = journey(store, SCOPE, steps, first, last)
    assert {tuple(path): count for path, count in paths} == want
    assert [count for _, count in paths] == sorted(want.values(), reverse=True)
    store.close()


@pytest.mark.parametrize("model", ["first-click", "last-click"])
@few
@given(data=st.data())
def test_attribution_equals_a_recount(model: str, data: st.DataObject) -> None:
    rows = data.draw(traffic())
    step = data.draw(
        st.sampled_from([Step("event", "buy"), Step("path", "/cart"), Step("path", "/")])
    )
    sources: dict[str, set[int]] = {}
    referrers: dict[str, set[int]] = {}
    conversions = [
        row
        for row in inside(rows)
        if (row.event == step.value)
        or (step.kind == "path" and row.path == step.value and row.event is None)
    ]
    for session in {row.session for row in conversions}:
        at = max(row.at for row in conversions if row.session == session)
        rows_of_session = [row for row in inside(rows) if row.session == session]
        before = (
            rows_of_session
            if model == "first-click"
            else [row for row in rows_of_session if row.at < at]
        )
        if before:
            edge = min if model == "first-click" else max
            touch = edge(before, key=lambda row: row.at)
            if touch.source:
                sources.setdefault(touch.source, set()).add(session)
            if touch.referrer and touch.referrer != "own.example":
                referrers.setdefault(touch.referrer, set()).add(session)
    store = stored(rows)
    parts = attribution(store, SCOPE, model, step)  # type: ignore[arg-type]
    for part, want in (("utm_source", sources), ("referrer", referrers)):
        credit = {row["name"]: row["value"] for row in parts[part]}
        assert credit == {name: len(who) for name, who in want.items()}
    counts = conversion_counts(store, SCOPE, step)
    assert (counts["pageviews"], counts["visitors"]) == (
        len(conversions),
        len({row.session for row in conversions}),
    )
    store.close()


@few
@given(traffic())
def test_breakdown_equals_a_recount(rows: list[Row]) -> None:
    groups: dict[tuple[str, str | None], list[Row]] = {}
    for row in inside(rows):
        if row.event is None:
            groups.setdefault((row.path, row.referrer), []).append(row)
    want = {}
    for key, seen in groups.items():
        visits: dict[tuple[int, int], list[datetime]] = {}
        for row in seen:
            visits.setdefault((row.session, row.visit), []).append(row.at)
        want[key] = (
            len(seen),
            len({row.session for row in seen}),
            len({row.visit for row in seen}),
            sum(len(times) == 1 for times in visits.values()),
            sum(int((max(times) - min(times)).total_seconds()) for times in visits.values()),
        )
    store = stored(rows)
    broken_down = breakdown(store, SCOPE, ["path", "referrer"])
    measures = ("views", "visitors", "visits", "bounces", "totaltime")
    assert {
        (row["path"], row["referrer"]): tuple(int(row[name]) for name in measures)
        for row in broken_down
    } == want
    store.close()
