"""Any report or list gets what plain Python counts over the same random rows.

The counting here uses neither SQL nor the server's code, only Umami's definitions.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import uuid5
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.embedded.random_traffic import SITE, Client, Row, asking, traffic
from tests.embedded.test_arithmetic import ZONES, bucket, grouped, sessions_of
from tests.embedded.test_arithmetic3 import (
    COLUMNS,
    Selection,
    acted,
    answer,
    channel,
    custom,
    matching,
    often,
    questions,
    summed,
    views,
    within,
)
from umami.embedded.definitions import NEWEST, V3_1

pytestmark = pytest.mark.slow

CURRENCIES = ("EUR", "eur", "USD")
BROKEN_DOWN = st.sampled_from(sorted(set(COLUMNS) - {"screen", "domain"}))
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")


class Site(NamedTuple):
    """A client, the rows, the purchases among them, and whether 3.5 defines what is counted."""

    client: Client
    rows: list[Row]
    earned: list[Row]
    newest: bool


@pytest.fixture(scope="module", params=[(3, V3_1), (4, NEWEST)], ids=["3.1", "3.5"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    seed, definitions = request.param
    store, rows = traffic(seed)
    chance = random.Random(seed)
    earned = [
        {**row, "currency": chance.choice(CURRENCIES), "amount": Decimal(chance.randrange(9999))}
        for row in custom(rows)
        if chance.random() < 0.7
    ]
    with store.writing() as cursor:
        for number, row in enumerate(earned):
            cursor.execute(
                "INSERT INTO revenue (revenue_id, website_id, session_id, event_id, event_name, "
                "currency, revenue, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    uuid5(SITE, f"money {number}"), SITE, row["session_id"], row["event_id"],
                    row["event_name"], row["currency"], row["amount"], row["created_at"],
                ],
            )  # fmt: skip
    with asking(store, definitions) as client:
        yield Site(client, rows, earned, definitions is NEWEST)
    store.close()


def alone(selection: Selection) -> Selection:
    """The selection without its filters."""
    return Selection(selection.startAt, selection.endAt)


def local_day(row: Row, zone: str) -> Any:
    return row["at"].astimezone(ZoneInfo(zone)).date()


@often
@given(data=st.data(), kind=st.sampled_from(["path", "event"]), star=st.sampled_from(["", "*"]))
def test_goal_equals_a_recount(site: Site, data: st.DataObject, kind: str, star: str) -> None:
    client, rows, *_ = site
    selection = data.draw(questions(rows))
    column, type_ = ("url_path", 1) if kind == "path" else ("event_name", 2)
    # A wildcard's own signs stay alive beside it, and have their test with filters.
    values = {row[column] or "?" for row in rows} - {"/100%", "/a_b"}
    value = data.draw(st.sampled_from(sorted(values)))
    value = (value or "/")[:3] + star if star else value or "/"

    def reaches(row: Row) -> bool:
        name = row[column] or ""
        hit = name.startswith(value[:-1]) if star else name == value
        return hit and row["event_type"] == type_

    selected = matching(rows, selection)
    assert answer(client, "goals/stats", {**selection.query, "type": kind, "value": value}) == {
        "num": sessions_of([row for row in selected if reaches(row)]),
        "total": sessions_of(selected),
    }


@often
@given(data=st.data(), zone=st.sampled_from(ZONES))
def test_retention_equals_a_recount(site: Site, data: st.DataObject, zone: str) -> None:
    client, rows, *_ = site
    selection = data.draw(questions(rows))
    firsts = {
        session: min(local_day(row, zone) for row in of)
        for session, of in grouped(matching(rows, selection), lambda row: row["session_id"]).items()
    }
    sizes = Counter(firsts.values())
    active = {(row["session_id"], local_day(row, zone)) for row in within(rows, selection)}
    back = Counter(
        (firsts[session], (day - firsts[session]).days)
        for session, day in active
        if session in firsts
    )
    want = {
        (f"{day} 00:00:00", after, sizes[day], count)
        for (day, after), count in back.items()
        if after <= 31
    }
    answered = answer(client, "retention", {**selection.query, "timezone": zone})
    assert {
        (row["date"], row["day"], row["visitors"], row["returnVisitors"]) for row in answered
    } == want
    assert all(
        row["percentage"] == pytest.approx(100 * row["returnVisitors"] / row["visitors"])
        for row in answered
    )


@often
@given(data=st.data(), name=st.sampled_from(UTM))
def test_utm_equals_a_recount(site: Site, data: st.DataObject, name: str) -> None:
    client, rows, *_ = site
    selection = data.draw(questions(rows))
    pages = [row for row in matching(rows, selection) if row["event_type"] == 1]
    want = Counter(row[name] for row in pages if row[name])
    answered = answer(client, "utm/metrics", {**selection.query, "type": name})
    assert {row["utm"]: row["views"] for row in answered} == want


@often
@given(data=st.data(), fields=st.lists(BROKEN_DOWN, min_size=1, max_size=3, unique=True))
def test_breakdown_equals_a_recount(site: Site, data: st.DataObject, fields: list[str]) -> None:
    client, rows, _, newest = site
    selection = data.draw(questions(rows))
    pages = [row for row in matching(rows, selection) if row["event_type"] == 1]
    groups = grouped(pages, lambda row: tuple(row[COLUMNS[field]] for field in fields))
    answered = answer(
        client, "breakdown", {**selection.query, "fields": str(fields).replace("'", '"')}
    )
    have = {tuple(row[field] for field in fields): row for row in answered}
    assert set(have) == set(groups)
    events = acted(rows, selection) if newest else frozenset()
    for key, of in groups.items():
        want = summed(of, events)
        want["views"] = want.pop("pageviews")
        assert {name: int(have[key][name]) for name in want} == want


@often
@given(data=st.data(), steps=st.integers(2, 7), kind=st.sampled_from([None, 1, 2]))
def test_journey_equals_a_recount(
    site: Site, data: st.DataObject, steps: int, kind: int | None
) -> None:
    client, rows, *_ = site
    selection = data.draw(questions(rows))._replace(event_type=kind)
    paths: Counter[tuple[str, ...]] = Counter()
    for visit in grouped(matching(rows, selection), lambda row: row["visit_id"]).values():
        inside = sorted(visit, key=lambda row: row["at"])[:steps]
        names = [row["event_name"] or row["url_path"] for row in inside]
        paths[tuple(name for at, name in enumerate(names) if not at or name != names[at - 1])] += 1
    counts: Counter[tuple[str, ...]] = Counter()
    listed = answer(client, "journeys", {**selection.query, "steps": steps})
    for path in listed:
        counts[tuple(item for item in path["items"] if item is not None)] += path["count"]
    if len(listed) < 100:
        assert counts == paths


@often
@given(
    data=st.data(),
    currency=st.sampled_from(["EUR", "USD", "CHF"]),
    zone=st.sampled_from(ZONES),
    unit=st.sampled_from(["hour", "day", "month"]),
)
def test_revenue_equals_a_recount(
    site: Site, data: st.DataObject, currency: str, zone: str, unit: str
) -> None:
    client, rows, earned, newest = site
    selection = data.draw(questions(rows))._replace(exclude=False)
    bought = [row for row in within(earned, selection) if row["currency"].upper() == currency]
    everybody = within(rows, selection)
    if newest:
        chosen = [row for row in matching(rows, selection) if row["event_type"] != 5]
        sessions = {row["session_id"] for row in chosen}
        money = [row for row in bought if row["session_id"] in sessions]
    else:
        chosen = everybody
        money = matching(bought, selection)
    query = {**selection.query, "currency": currency}

    total = answer(client, "revenue/stats", query)
    amount = sum(row["amount"] for row in money)
    buyers, of = sessions_of(money), sessions_of(chosen)
    assert float(total["sum"] or 0) == pytest.approx(float(amount))
    assert (total["count"], total["unique_count"], total["total_sessions"]) == (
        len(money), buyers, of,
    )  # fmt: skip
    assert total["average"] == pytest.approx(float(amount) / len(money) if money else 0)
    assert total["arpu"] == pytest.approx(float(amount) / of if of else 0)

    firsts = {
        session: min(of, key=lambda row: row["at"])
        for session, of in grouped(everybody, lambda row: row["session_id"]).items()
    }
    named = {
        "country": lambda row: row["country"],
        "region": lambda row: row["region"],
        "referrer": lambda row: firsts[row["session_id"]]["referrer_domain"],
        "channel": lambda row: (
            channel(firsts[row["session_id"]], newest) or ("direct" if newest else "Unknown")
        ),
    }
    for part, name in named.items():
        sums: Counter[Any] = Counter()
        for row in money:
            sums[name(row), row["country"] if part == "region" else None] += row["amount"]
        answered = answer(client, "revenue/metrics", {**query, "type": part})
        assert {(row["name"], row.get("country")): float(row["value"]) for row in answered} == {
            key: pytest.approx(float(value)) for key, value in sums.items()
        }

    chart: Counter[Any] = Counter()
    for row in money:
        chart[row["event_name"], bucket(row["at"], unit, zone)] += row["amount"]
    answered = answer(client, "revenue/chart", {**query, "unit": unit, "timezone": zone})["chart"]
    assert {(row["x"], row["t"]): float(row["y"]) for row in answered} == {
        key: pytest.approx(float(value)) for key, value in chart.items()
    }


@often
@given(data=st.data(), zone=st.sampled_from(ZONES))
def test_sessions_equal_a_recount(site: Site, data: st.DataObject, zone: str) -> None:
    client, rows, *_ = site
    selection = data.draw(questions(rows))
    selected = matching(rows, selection)
    of = grouped(selected, lambda row: (str(row["session_id"]), row["hostname"]))
    listed = answer(client, "sessions", {**selection.query, "pageSize": 1000})
    assert listed["count"] == len(of) == len(listed["data"])
    for session in listed["data"]:
        mine = of[session["id"], session["hostname"]]
        assert (session["visits"], session["views"], session["events"]) == (
            len({row["visit_id"] for row in mine}),
            sum(row["event_type"] == 1 for row in mine),
            sum(row["event_type"] == 2 for row in mine),
        )
    newest = [session["lastAt"] for session in listed["data"]]
    assert newest == sorted(newest, reverse=True)

    week: Counter[tuple[int, int]] = Counter()
    for _session, day, hour in {
        (row["session_id"], local.isoweekday() % 7, local.hour)
        for row in views(selected)
        for local in [row["at"].astimezone(ZoneInfo(zone))]
    }:
        week[day, hour] += 1
    hours_by_day = answer(client, "sessions/weekly", {**selection.query, "timezone": zone})
    assert {
        (day, hour): count
        for day, hours in enumerate(hours_by_day)
        for hour, count in enumerate(hours)
        if count
    } == week


@often
@given(data=st.data(), page=st.integers(1, 3), size=st.sampled_from([1, 7, 50]))
def test_events_equal_a_recount(site: Site, data: st.DataObject, page: int, size: int) -> None:
    client, rows, *_ = site
    selection = data.draw(questions(rows))
    newest_first = sorted(matching(rows, selection), key=lambda row: row["at"], reverse=True)
    listed = answer(client, "events", {**selection.query, "page": page, "pageSize": size})
    assert listed["count"] == len(newest_first)
    times = [f"{row['at'].isoformat(timespec='milliseconds')[:23]}Z" for row in newest_first]
    assert [event["createdAt"] for event in listed["data"]] == times[(page - 1) * size :][:size]
    assert not any(event["hasData"] for event in listed["data"])


def test_random_rows_cover_every_kind(site: Site) -> None:
    _client, rows, earned, _newest = site
    assert {row["event_type"] for row in rows} == {1, 2, 3, 4, 5}
    assert {row["currency"] for row in earned} == set(CURRENCIES)
    assert max(row["at"] for row in rows) - min(row["at"] for row in rows) > timedelta(days=10)
