"""Filters that keep whole visits, and conversions by visit: plain Python counts the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.embedded.random_traffic import SITE, Client, Row, asking, purchases, traffic
from tests.embedded.test_arithmetic import grouped, matches, sessions_of
from tests.embedded.test_arithmetic3 import (
    Selection,
    acted,
    by_channel,
    custom,
    elsewhere,
    matching,
    questions,
    stats,
    views,
    visit,
    within,
)
from umami.embedded.definitions import NEWEST, V3_1, V3_2, Definitions
from umami.embedded.queries.conversions import by_field
from umami.embedded.scope import Scope
from umami.embedded.store import Store

few = settings(max_examples=settings().max_examples // 2)
FIRST = {
    "hostname": "hostname",
    "utmSource": "utm_source",
    "utmMedium": "utm_medium",
    "utmCampaign": "utm_campaign",
    "utmContent": "utm_content",
    "utmTerm": "utm_term",
}
OVERLAPPING = {"path": "url_path", "title": "page_title", "query": "url_query", "tag": "tag"}
OF_SESSION = ("browser", "os", "device", "country", "distinctId")
PARTITIONS = ("entry", "exit", "channel", "referrer", *FIRST, *OF_SESSION)


class Shop:
    """A client of a server, its rows, and its purchases: event id to currency and amount."""

    def __init__(self, client: Client, rows: list[Row], money: dict[Any, tuple[str, Decimal]]):
        self.client, self.rows, self.money = client, rows, money

    def get(self, path: str, query: dict[str, Any]) -> Any:
        response = self.client.get(f"/api/x/websites/{SITE}/{path}", params=query)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    store, rows = traffic(5)
    money = purchases(store, rows, 5)
    assert len(money) > 5
    with asking(store) as client:
        yield Shop(client, rows, money)
    store.close()


def whole(rows: list[Row], question: Selection) -> list[Row]:
    """All rows in the range of the visits that have a row that passes the filters, and none that
    matches what they are to lack."""

    def passing(*filters: tuple[str, str, str]) -> set[Any]:
        selection = question._replace(filters=filters, exclude=False)
        return {visit(row) for row in matching(rows, selection)}

    every = {visit(row) for row in within(rows, question)}
    lacking = [each for each in question.filters if each[1] == "lacks"]
    others = [each for each in question.filters if each not in lacking]
    unmatched = []
    for name, _, text in lacking:
        selection = Selection(question.startAt, question.endAt, ((name, "re", text),))
        unmatched.append(every - {visit(row) for row in matching(rows, selection)})
    if question.either and lacking:
        passed = set().union(*unmatched, passing(*others) if others else ()) & passing()
    else:
        passed = passing(*others).intersection(*unmatched)
    rest = matching(rows, Selection(question.startAt, question.endAt, exclude=question.exclude))
    return [row for row in rest if visit(row) in passed]


@pytest.mark.slow
@few
@given(data=st.data())
def test_totals_and_series_are_those_of_whole_visits(shop: Shop, data: st.DataObject) -> None:
    question = data.draw(questions(shop.rows))
    rows = whole(shop.rows, question)
    everything = Selection(question.startAt, question.endAt, exclude=question.exclude)
    expected = stats(rows, everything, newest=False)
    events = {visit(row) for row in custom(within(shop.rows, question))}
    visits = grouped(views(rows), visit)
    if not question.exclude:
        expected["bounces"] = sum(
            len(seen) == 1 and key not in events for key, seen in visits.items()
        )
    answered = shop.get("stats", question.query)
    answered.pop("comparison")
    assert answered == expected
    series = shop.get("pageviews", {**question.query, "unit": "day", "timezone": "UTC"})
    assert sum(bucket["y"] for bucket in series["pageviews"]) == len(views(rows))


@few
@given(data=st.data(), search=st.sampled_from(["", "a", "docs"]))
def test_rows_are_those_of_whole_visits(shop: Shop, data: st.DataObject, search: str) -> None:
    question = data.draw(questions(shop.rows))
    seen = [row for row in views(whole(shop.rows, question)) if row["url_path"]]
    if search:
        seen = [row for row in seen if matches(f"%{search}%", row["url_path"])]
    pages = grouped(seen, lambda row: row["url_path"])
    query = {**question.query, "type": "path", "limit": 1000}
    answered = shop.get("metrics", {**query, **({"search": search} if search else {})})
    assert {row["x"]: row["y"] for row in answered} == {
        path: sessions_of(rows) for path, rows in pages.items()
    }


def test_visits_that_lack_a_row_pass_what_applies_beside_any_filter(shop: Shop) -> None:
    lacking = {"startAt": 0, "endAt": 4_102_444_800_000, "path": "lacks.^/nowhere$", "eventType": 2}
    either = {**lacking, "path1": "eq./nowhere", "match": "any"}
    every = shop.get("stats", {**lacking, "eventType": 1})
    assert shop.get("stats", either) == shop.get("stats", lacking)
    assert 0 < shop.get("stats", either)["visits"] < every["visits"]


def test_a_filter_by_source_keeps_the_pages_after_the_first(shop: Shop) -> None:
    ever = {"startAt": 0, "endAt": 4_102_444_800_000, "referrer": "google.de"}
    of_rows = shop.client.get(f"/api/websites/{SITE}/stats", ever).json()
    of_visits = shop.get("stats", ever)
    assert of_visits["visits"] >= of_rows["visits"] > 0
    assert of_visits["pageviews"] > of_rows["pageviews"]


def names(rows: list[Row], kind: str) -> dict[Any, set[Any]]:
    """The visits of each value of a field, by the definitions of the conversions."""
    seen = sorted(views(rows), key=lambda row: (row["at"], row["event_id"]))
    if kind == "channel":
        return {
            name: set(map(visit, answered)) for name, answered in by_channel(seen, True).items()
        }
    values: dict[Any, set[Any]] = {}
    if kind in OVERLAPPING:
        for row in seen:
            values.setdefault(row[OVERLAPPING[kind]] or "", set()).add(visit(row))
        return values
    for key, answered in grouped(seen, visit).items():
        if kind in ("entry", "exit"):
            name = answered[0 if kind == "entry" else -1]["url_path"]
        elif kind == "referrer":
            name = next(
                (
                    row["referrer_domain"]
                    for row in answered
                    if elsewhere(row) and row["referrer_domain"]
                ),
                "",
            )
        elif kind in FIRST:
            name = next((row[FIRST[kind]] for row in answered if row[FIRST[kind]]), "")
        else:
            name = answered[0]["distinct_id" if kind == "distinctId" else kind] or ""
        values.setdefault(name, set()).add(key)
    return values


@pytest.mark.sample(3)
@pytest.mark.parametrize("kind", [*PARTITIONS, *OVERLAPPING])
@settings(max_examples=settings().max_examples // 5)
@given(
    data=st.data(),
    goal=st.sampled_from(
        [("event", "purchase"), ("event", "s*"), ("path", "/a*"), ("path", "/"), ("revenue", None)]
    ),
    currency=st.sampled_from([None, "EUR", "USD"]),
)
def test_conversions_by_field(
    shop: Shop,
    data: st.DataObject,
    kind: str,
    goal: tuple[str, str | None],
    currency: str | None,
) -> None:
    question = data.draw(questions(shop.rows))
    if goal[0] == "revenue":
        currency = currency or "EUR"
    rows = whole(shop.rows, question)
    present = within(shop.rows, question)

    def reaches(row: Row) -> bool:
        if goal[0] == "revenue":
            return shop.money.get(row["event_id"], ("",))[0] == currency
        text, name = str(goal[1]), row["event_name" if goal[0] == "event" else "url_path"]
        fits = (name or "").startswith(text[:-1]) if text.endswith("*") else name == text
        return fits and (goal[0] == "path" or row["event_type"] == 2)

    times = Counter(visit(row) for row in present if reaches(row))
    converted = {
        visit(row)
        for row in present
        if reaches(row) and (goal[0] != "path" or row["event_type"] == 1)
    }
    amounts: dict[Any, Decimal] = {}
    orders: Counter[Any] = Counter()
    for row in present:
        code, amount = shop.money.get(row["event_id"], ("", Decimal(0)))
        if code == currency:
            amounts[visit(row)] = amounts.get(visit(row), Decimal(0)) + amount
            orders[visit(row)] += 1
    of_visit = grouped(views(rows), visit)
    events = acted(shop.rows, question)
    query = {
        **question.query,
        "type": kind,
        **({"goal": goal[0], "value": goal[1]} if goal[1] else {}),
        **({"currency": currency} if currency else {}),
    }
    answered = {row["name"]: row for row in shop.get("conversions", query)}
    expected = names(rows, kind)
    assert answered.keys() == expected.keys()
    for name, keys in expected.items():
        lengths = [
            max(row["at"] for row in of_visit[key]) - min(row["at"] for row in of_visit[key])
            for key in keys
        ]
        row = answered[name]
        assert row["visitors"] == len({session for session, _ in keys})
        assert row["visits"] == len(keys)
        assert row["bounces"] == sum(len(of_visit[k]) == 1 and k not in events for k in keys)
        assert row["totaltime"] == sum(length // timedelta(seconds=1) for length in lengths)
        assert row["conversions"] == len(keys & converted)
        assert row["revenue"] == pytest.approx(float(sum(amounts.get(k, Decimal(0)) for k in keys)))
        assert row["orders"] == sum(orders[k] for k in keys)
        assert row["times"] == sum(times[k] for k in keys)
        assert row["converters"] == len({session for session, _ in keys & converted})
        assert row["buyers"] == len({session for session, _ in keys & orders.keys()})
    if kind in PARTITIONS:
        (total,) = shop.get("conversions", {k: v for k, v in query.items() if k != "type"}) or [{}]
        sums = ("visits", "bounces", "totaltime", "conversions", "times", "revenue", "orders")
        for measure in sums:
            assert sum(row[measure] for row in answered.values()) == pytest.approx(
                total.get(measure, 0)
            )


def test_a_purchase_counts_at_its_own_time() -> None:
    """Its event can be outside of the range, as after an import, and its visit within."""
    website, session, bought = uuid4(), uuid4(), uuid4()
    start = datetime(2026, 9, 2)
    with closing(Store()) as store:
        with store.writing() as cursor:
            for event, at, kind in ((uuid4(), start, 1), (bought, start - timedelta(days=1), 2)):
                cursor.execute(
                    "INSERT INTO website_event (event_id, website_id, session_id, visit_id, "
                    "created_at, event_type, url_path) VALUES (?, ?, ?, ?, ?, ?, '/')",
                    [event, website, session, session, at, kind],
                )
            cursor.execute(
                "INSERT INTO revenue (revenue_id, website_id, event_id, currency, revenue, "
                "created_at) VALUES (uuid(), ?, ?, 'EUR', 12.5, ?)",
                [website, bought, start],
            )
        scope = Scope(website, start, start + timedelta(days=1))
        (total,) = by_field(store, scope, None, None, "EUR", limit=10)
    assert (total["visits"], total["conversions"], total["orders"]) == (1, 1, 1)
    assert total["revenue"] == 12.5


@pytest.mark.parametrize("definitions", [NEWEST, V3_2, V3_1])
def test_a_visit_counts_once_in_a_channel(definitions: Definitions) -> None:
    """Before 3.3, a visit is in the channel of each of its referrers, which can be the same."""
    website, session, start = uuid4(), uuid4(), datetime(2026, 9, 2)
    with closing(Store()) as store:
        with store.writing() as cursor:
            for minute, referrer in enumerate(("google.com", "bing.com")):
                bought, at = uuid4(), start + timedelta(minutes=minute)
                cursor.execute(
                    "INSERT INTO website_event (event_id, website_id, session_id, visit_id, "
                    "created_at, event_type, url_path, url_query, hostname, referrer_domain) "
                    "VALUES (?, ?, ?, ?, ?, 1, '/', '', 'a.example', ?)",
                    [
                        bought,
                        website,
                        session,
                        session,
                        start + timedelta(minutes=minute),
                        referrer,
                    ],
                )
            cursor.execute(
                "INSERT INTO revenue (revenue_id, website_id, event_id, currency, revenue, "
                "created_at) VALUES (uuid(), ?, ?, 'EUR', 12.5, ?)",
                [website, bought, at],
            )
        scope = Scope(website, start, start + timedelta(days=1), definitions=definitions)
        (row,) = by_field(store, scope, "channel", None, "EUR", limit=10)
    assert row["name"] == "organicSearch"
    assert (row["visits"], row["pageviews"], row["totaltime"]) == (1, 2, 60)
    assert (row["conversions"], row["orders"], row["revenue"]) == (1, 1, 12.5)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"goal": "event"}, "A goal needs a value"),
        ({"value": "purchase"}, "A goal needs a value"),
        ({"goal": "order", "value": "x"}, "goal"),
        ({"goal": "event", "value": "x", "type": "event"}, "Invalid type"),
        ({"goal": "event", "value": "x", "steps": "1"}, "steps"),
    ],
)
def test_incomplete_conversions_are_refused(shop: Shop, query: dict[str, str], reason: str) -> None:
    ever = {"startAt": 0, "endAt": 4_102_444_800_000}
    response = shop.client.get(f"/api/x/websites/{SITE}/conversions", {**ever, **query})
    assert response.status_code == 400
    assert reason in response.text


def test_nothing_else_is_answered_beside_the_api(shop: Shop) -> None:
    assert shop.client.get("/api/x/me", {}).status_code == 404
