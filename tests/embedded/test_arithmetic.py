"""Any query about traffic gets what plain Python counts over the same rows.

The counting here uses neither SQL nor the server's code, only Umami's definitions.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umami.embedded.importing import load
from umami.embedded.store import Store

pytestmark = [pytest.mark.sample(6), pytest.mark.slow]

Row = dict[str, Any]
FIELDS = {
    "url": "url_path",
    "referrer": "referrer_domain",
    "title": "page_title",
    "query": "url_query",
    "host": "hostname",
    "event": "event_name",
    "tag": "tag",
    "os": "os",
    "browser": "browser",
    "device": "device",
    "country": "country",
    "region": "region",
    "city": "city",
    "language": "language",
}
EVENTS_COUNT = {"url", "entry", "exit", "title", "query", "tag", "event"}
FIRST, LAST = datetime(2026, 7, 31, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC)
ZONES = (
    *("UTC", "Europe/Zurich", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu"),
    *("Australia/Lord_Howe", "Pacific/Auckland", "America/St_Johns", "Africa/Casablanca"),
)


@pytest.fixture(scope="module")
def rows(tables: Path) -> dict[str, list[Row]]:
    """Events with the attributes of their sessions, by website."""
    store = Store()
    load(store, tables)
    sessions = {row["session_id"]: row for row in store.records("SELECT * FROM session")}
    by_website: dict[str, list[Row]] = defaultdict(list)
    for event in store.records("SELECT * FROM website_event"):
        row = {**sessions[event["session_id"]], **event}
        row["at"] = row["created_at"].replace(tzinfo=UTC)
        by_website[str(row["website_id"])].append(row)
    store.close()
    return by_website


# Umami's definitions, in plain Python


def matches(pattern: str, text: str) -> bool:
    """Whether a text is like a pattern, as PostgreSQL's ILIKE has it."""
    spelled, characters = "", iter(pattern)
    for character in characters:
        if character == "\\":
            spelled += re.escape(next(characters))
        else:
            spelled += {"%": ".*", "_": "."}.get(character, re.escape(character))
    return re.fullmatch(spelled, text, re.IGNORECASE | re.DOTALL) is not None


def passes(row: Row, name: str, text: str) -> bool:
    value = row[FIELDS[name]]
    if value is None or (name == "referrer" and value == row["hostname"]):
        return False
    if text.startswith("!~"):
        return not matches(f"%{text[2:]}%", value)
    if text.startswith("~"):
        return matches(f"%{text[1:]}%", value)
    if text.startswith("!"):
        return bool(value != text[1:])
    return bool(value == text)


def matching(rows: Iterable[Row], query: dict[str, Any]) -> list[Row]:
    start, end = (datetime.fromtimestamp(query[at] / 1000, UTC) for at in ("startAt", "endAt"))
    return [
        row
        for row in rows
        if start <= row["at"] <= end
        and all(passes(row, name, query[name]) for name in FIELDS if name in query)
    ]


def views(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["event_type"] == 1]


def grouped(rows: Iterable[Row], key: Callable[[Row], Hashable]) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def sessions_of(rows: Iterable[Row]) -> int:
    return len({row["session_id"] for row in rows})


def stats(rows: list[Row]) -> dict[str, int]:
    visits = grouped(views(rows), lambda row: (row["session_id"], row["visit_id"]))
    lengths = (
        max(row["at"] for row in group) - min(row["at"] for row in group)
        for group in visits.values()
    )
    return {
        "pageviews": len(views(rows)),
        "visitors": sessions_of(views(rows)),
        "visits": len({row["visit_id"] for row in views(rows)}),
        "bounces": sum(1 for group in visits.values() if len(group) == 1),
        "totaltime": sum(length // timedelta(seconds=1) for length in lengths),
    }


def bucket(time: datetime, unit: str, zone: str) -> str:
    local = time.astimezone(ZoneInfo(zone))
    return {
        "year": f"{local:%Y}-01-01 00:00:00",
        "month": f"{local:%Y-%m}-01 00:00:00",
        "day": f"{local:%Y-%m-%d} 00:00:00",
        "hour": f"{local:%Y-%m-%d %H}:00:00",
        "minute": f"{local:%Y-%m-%d %H:%M}:00",
    }[unit]


def answered_unit(query: dict[str, Any]) -> str:
    """The unit a 2.x server answers in, by the length of the range."""
    start, end = (datetime.fromtimestamp(query[at] / 1000, UTC) for at in ("startAt", "endAt"))
    units: list[str] = ["minute", "hour", "day", "month", "year"]
    minutes = (end - start) // timedelta(minutes=1)
    finest = "minute" if minutes <= 60 else "hour" if minutes // 60 <= 48 else "day"
    return max(str(query["unit"]), finest, key=units.index)


def metrics(rows: list[Row], everything: list[Row], name: str) -> Counter[Any]:
    counted = views(rows)
    if name == "event":
        counted = [row for row in rows if row["event_type"] == 2]
    if name == "referrer":
        counted = [
            row
            for row in counted
            if row["referrer_domain"]
            and row["hostname"]
            and row["referrer_domain"] != row["hostname"]
        ]
    if name in ("entry", "exit"):
        extreme = min if name == "entry" else max
        edges = {
            visit: extreme(row["at"] for row in group)
            for visit, group in grouped(views(everything), lambda row: row["visit_id"]).items()
        }
        counted = [row for row in counted if row["at"] == edges[row["visit_id"]]]
    column = {**FIELDS, "screen": "screen"}.get(name, "url_path")

    def key(row: Row) -> Any:
        return (row[column], row["country"]) if name in ("region", "city") else row[column]

    count = len if name in EVENTS_COUNT else sessions_of
    counts = Counter({value: count(group) for value, group in grouped(counted, key).items()})
    if name != "language":
        return counts
    merged: Counter[Any] = Counter()
    for value, number in counts.items():
        merged[str(value or "null").lower().split("-")[0]] += number
    return merged


# Questions


@st.composite
def ranges(draw: st.DrawFn, longest: timedelta = LAST - FIRST) -> dict[str, Any]:
    start = draw(
        st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None), timezones=st.just(UTC))
    )
    length = draw(
        st.timedeltas(timedelta(0), longest)
        | st.timedeltas(timedelta(0), timedelta(days=3))
        | st.sampled_from([timedelta(hours=48), timedelta(minutes=60), timedelta(days=7)])
    )
    begins = int(start.timestamp()) * 1000 + draw(st.sampled_from([0, 1, 999]))
    return {"startAt": begins, "endAt": begins + length // timedelta(milliseconds=1)}


@st.composite
def filters(draw: st.DrawFn, rows: list[Row], *always: str) -> dict[str, str]:
    names = {*always, *draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=2))}
    return {name: draw(filtered_by(rows, name)) for name in sorted(names)}


@st.composite
def filtered_by(draw: st.DrawFn, rows: list[Row], name: str) -> str:
    known = sorted({row[FIELDS[name]] or "" for row in rows})
    value = draw(st.sampled_from(known or [""]))
    sign = draw(st.sampled_from(["", "", "!", "~", "!~"]))
    if "~" in sign and value:
        first = draw(st.integers(0, len(value) - 1))
        value = value[first : first + draw(st.integers(1, 6))]
        if draw(st.integers(0, 3)) == 0:
            value = value.swapcase()
        if draw(st.integers(0, 3)) == 0:
            value = draw(st.sampled_from(["%", "_", "\\", "a%o", "_r"])) + value
    elif draw(st.integers(0, 9)) == 0:
        value += "?"
    # A value that begins with a sign would be read as one.
    return sign + value.lstrip("!~")


def fetch(umami: httpx.Client, website: str, kind: str, query: dict[str, Any]) -> Any:
    answer = umami.get(f"/api/websites/{website}/{kind}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


few = settings(max_examples=settings().max_examples // 4)
website_of = st.sampled_from(["shop", "docs"])


@pytest.mark.parametrize("field", FIELDS)
@few
@given(data=st.data(), name=website_of, within=ranges())
def test_stats_equal_a_recount(
    umami: httpx.Client,
    rows: dict[str, list[Row]],
    websites: dict[str, str],
    field: str,
    data: st.DataObject,
    name: str,
    within: dict[str, Any],
) -> None:
    site = websites[name]
    query = {**within, **data.draw(filters(rows[site], field))}
    compare = data.draw(st.sampled_from([None, "prev", "yoy"]))
    minutes = (query["endAt"] - query["startAt"]) // 60_000
    before = {**query, "startAt": query["startAt"] - minutes * 60_000}
    before["endAt"] = query["endAt"] - minutes * 60_000
    earlier = [] if compare == "yoy" else matching(rows[site], before)
    answer = fetch(umami, site, "stats", {**query, **({"compare": compare} if compare else {})})
    now, then = stats(matching(rows[site], query)), stats(earlier)
    assert answer == {key: {"value": now[key], "prev": then[key]} for key in now}


@given(
    data=st.data(),
    name=website_of,
    within=ranges(),
    unit=st.sampled_from(["minute", "hour", "day", "month", "year"]),
    zone=st.sampled_from(ZONES),
)
def test_series_equal_a_recount(
    umami: httpx.Client,
    rows: dict[str, list[Row]],
    websites: dict[str, str],
    data: st.DataObject,
    name: str,
    within: dict[str, Any],
    unit: str,
    zone: str,
) -> None:
    site = websites[name]
    query = {**within, **data.draw(filters(rows[site])), "unit": unit, "timezone": zone}
    selected = matching(rows[site], query)

    def start(row: Row) -> str:
        return bucket(row["at"], answered_unit(query), zone)

    buckets = sorted(grouped(views(selected), start).items())
    assert fetch(umami, site, "pageviews", query) == {
        "pageviews": [{"x": at, "y": len(group)} for at, group in buckets],
        "sessions": [{"x": at, "y": sessions_of(group)} for at, group in buckets],
    }
    custom = [row for row in selected if row["event_type"] == 2]
    series = grouped(custom, lambda row: (start(row), row["event_name"]))
    assert fetch(umami, site, "events/series", query) == [
        {"x": event, "t": at, "y": len(group)} for (at, event), group in sorted(series.items())
    ]


@pytest.mark.parametrize("kind", [*FIELDS, "screen", "entry", "exit"])
@few
@given(data=st.data(), name=website_of, within=ranges())
def test_metrics_equal_a_recount(
    umami: httpx.Client,
    rows: dict[str, list[Row]],
    websites: dict[str, str],
    kind: str,
    data: st.DataObject,
    name: str,
    within: dict[str, Any],
) -> None:
    site = websites[name]
    # Which view is the first of a visit must not depend on what is filtered.
    always = ("url",) if kind in ("entry", "exit") else ()
    query = {**within, **data.draw(filters(rows[site], *always))}
    expected = metrics(matching(rows[site], query), matching(rows[site], within), kind)
    answer = fetch(umami, site, "metrics", {**query, "type": kind, "limit": 10_000})
    placed = kind in ("region", "city")
    assert Counter(
        {(row["x"], row["country"]) if placed else row["x"]: row["y"] for row in answer}
    ) == Counter({value: count for value, count in expected.items() if count})
    if kind != "language":
        counts = [row["y"] for row in answer]
        assert counts == sorted(counts, reverse=True)
        offset, limit = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 5))
        part = {**query, "type": kind, "limit": limit, "offset": offset}
        assert fetch(umami, site, "metrics", part) == answer[offset : offset + limit]


@given(data=st.data(), name=website_of, within=ranges(), zone=st.sampled_from(ZONES))
def test_session_totals_and_hours_equal_a_recount(
    umami: httpx.Client,
    rows: dict[str, list[Row]],
    websites: dict[str, str],
    data: st.DataObject,
    name: str,
    within: dict[str, Any],
    zone: str,
) -> None:
    site = websites[name]
    query = {**within, **data.draw(filters(rows[site]))}
    selected = matching(rows[site], query)
    assert fetch(umami, site, "sessions/stats", query) == {
        "pageviews": {"value": len(selected)},
        "visitors": {"value": sessions_of(selected)},
        "visits": {"value": len({row["visit_id"] for row in selected})},
        "countries": {"value": len({row["country"] for row in selected} - {None})},
        "events": {"value": sum(1 for row in selected if row["event_type"] == 2)},
    }
    hours: dict[tuple[int, int], set[Any]] = defaultdict(set)
    for row in matching(rows[site], within):
        local = row["at"].astimezone(ZoneInfo(zone))
        hours[local.isoweekday() % 7, local.hour].add(row["session_id"])
    assert fetch(umami, site, "sessions/weekly", {**within, "timezone": zone}) == [
        [len(hours[weekday, hour]) for hour in range(24)] for weekday in range(7)
    ]


@given(data=st.data(), name=website_of, within=ranges(), kind=st.sampled_from([*FIELDS, "screen"]))
def test_values_equal_a_recount(
    umami: httpx.Client,
    rows: dict[str, list[Row]],
    websites: dict[str, str],
    data: st.DataObject,
    name: str,
    within: dict[str, Any],
    kind: str,
) -> None:
    site = websites[name]
    column = {**FIELDS, "screen": "screen"}[kind]
    selected = [
        row
        for row in matching(rows[site], within)
        if kind != "referrer" or (row[column] and row[column] != row["hostname"])
    ]
    known = sorted({row[column] for row in selected} - {None, ""})
    query = {**within, "type": kind}
    if known and data.draw(st.booleans()):
        query["search"] = data.draw(st.sampled_from(known)).replace(",", "")[:4].upper()
        search = f"%{query['search']}%"
        selected = [row for row in selected if row[column] and matches(search, row[column])]
    expected = Counter(row[column] for row in selected)
    answer = fetch(umami, site, "values", query)
    assert all(expected[row["value"]] == row["count"] for row in answer)
    assert [row["count"] for row in answer] == sorted(expected.values(), reverse=True)[:10]
