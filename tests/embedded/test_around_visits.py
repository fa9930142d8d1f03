"""Steps around a page and attribution, counted again over random and recorded rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.embedded.random_traffic import SITE, Client, Row, asking, purchases, traffic
from tests.embedded.test_arithmetic import grouped, ranges
from tests.embedded.test_arithmetic3 import Selection, custom, questions, views, visit, within
from tests.embedded.test_whole_visits import names, whole
from umami.embedded.importing import load
from umami.embedded.store import Store

pytestmark = pytest.mark.sample(4)
few = settings(max_examples=settings().max_examples // 4)
EVER = Selection(0, 4_102_444_800_000)


class Shop:
    """A client of a server, its rows, and its purchases: event id to currency and amount."""

    def __init__(self, client: Client, site: str, rows: list[Row], money: dict[Any, Any]) -> None:
        self.client, self.site, self.rows, self.money = client, site, rows, money

    def get(self, path: str, query: dict[str, Any]) -> Any:
        response = self.client.get(f"/api/x/websites/{self.site}/{path}", params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def selections(self) -> st.SearchStrategy[Selection]:
        """A range of the rows, with filters where the rows are random."""
        if self.site == str(SITE):
            return questions(self.rows)
        return st.just(EVER) | ranges().map(lambda query: Selection(**query))


@pytest.fixture(scope="module", params=["random", "recorded"])
def shop(request: pytest.FixtureRequest, tables: Path, websites: dict[str, str]) -> Iterator[Shop]:
    if request.param == "random":
        store, rows = traffic(7)
        site, money = str(SITE), purchases(store, rows, 7)
    else:
        store, site = Store(), websites["shop"]
        load(store, tables)
        rows = [
            {**row, "at": row["created_at"].replace(tzinfo=UTC)}
            for row in store.records("SELECT * FROM website_event WHERE website_id = ?", [site])
        ]
        paid = store.rows("SELECT event_id, upper(currency), revenue FROM revenue")
        money = {event: (currency, Decimal(amount)) for event, currency, amount in paid}
    with asking(store) as client:
        yield Shop(client, site, rows, money)
    store.close()


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["at"], row["event_id"]))


def recounted(rows: list[Row], path: str, events: bool) -> dict[str, Counter[Any]]:
    """The steps before and after the first view of a page, and how many visits have them."""
    sides: dict[str, Counter[Any]] = {"before": Counter(), "after": Counter()}
    for steps in grouped(in_order([*views(rows), *custom(rows) * events]), visit).values():
        named = [
            ("event", row["event_name"]) if row["event_type"] == 2 else ("path", row["url_path"])
            for row in steps
        ]
        page = ("path", path)
        if page in named:
            first = named.index(page)
            later = [step for step in named[first:] if step != page]
            sides["before"][named[first - 1] if first else None] += 1
            sides["after"][later[0] if later else None] += 1
    return sides


@few
@given(data=st.data(), events=st.booleans())
def test_steps_around_a_page_equal_a_recount(shop: Shop, data: st.DataObject, events: bool) -> None:
    question = data.draw(shop.selections())
    path = data.draw(st.sampled_from(sorted({row["url_path"] or "/" for row in shop.rows})))
    answered = shop.get("steps", {**question.query, "around": path, "events": str(events).lower()})
    expected = recounted(whole(shop.rows, question), path, events)
    for side, edge in (("before", "began"), ("after", "ended")):
        counted = {(row["kind"], row["name"]): row["visits"] for row in answered[side]}
        edges: dict[Any, int] = {None: 0}
        assert counted | {None: answered[edge]} == edges | expected[side]
        assert sum(counted.values()) + answered[edge] == answered["visits"]
        assert sorted(counted.values(), reverse=True) == list(counted.values())


TAGS = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")


def links(rows: list[Row]) -> Counter[tuple[str, str]]:
    """The visits that followed a tagged link from one path to another."""
    followed: Counter[tuple[str, str]] = Counter()
    for steps in grouped(in_order(views(rows)), visit).values():
        seen: set[tuple[str, ...]] = set()
        pairs: set[tuple[str, str]] = set()
        before: str | None = None
        for row in steps:
            tags, path = tuple(row[name] or "" for name in TAGS), row["url_path"]
            referrer, host = row["referrer_domain"], (row["hostname"] or "").removeprefix("www.")
            foreign = bool(referrer) and referrer != host
            moved = before is not None and path is not None and before != path
            if moved and any(tags) and tags not in seen and not foreign:
                pairs.add((before, path))
            seen.add(tags)
            before = path
        followed.update(pairs)
    return followed


@few
@given(data=st.data())
def test_tagged_links_within_a_website_equal_a_recount(shop: Shop, data: st.DataObject) -> None:
    question = data.draw(shop.selections())
    answered = shop.get("internal-tags", question.query)
    counted = {(row["source"], row["name"]): row["visits"] for row in answered}
    assert counted == links(whole(shop.rows, question))
    assert [row["visits"] for row in answered] == sorted(counted.values(), reverse=True)
    assert all(row["visitors"] <= row["visits"] <= row["pageviews"] for row in answered)


def test_rare_steps_are_cut_off_and_the_page_keeps_its_visits(shop: Shop) -> None:
    full, cut = (shop.get("steps", {**EVER.query, "around": "/", "limit": n}) for n in (500, 2))
    assert cut["after"] == full["after"][:2]
    assert len(full["after"]) > 2
    assert [cut[name] for name in ("visits", "began", "ended")] == [
        full[name] for name in ("visits", "began", "ended")
    ]


@pytest.mark.parametrize("path", ["/nowhere", "' OR 1=1 --", "%", "*", "/ü😀"])
def test_a_page_nobody_viewed_has_no_steps(shop: Shop, path: str) -> None:
    answered = shop.get("steps", {**EVER.query, "around": path})
    assert answered == {"visits": 0, "began": 0, "ended": 0, "before": [], "after": []}


def test_steps_need_a_page(shop: Shop) -> None:
    response = shop.client.get(f"/api/x/websites/{shop.site}/steps", {**EVER.query, "around": ""})
    assert response.status_code == 400


MODELS = ("first", "last", "lastKnown", "linear", "timeDecay", "position")
WEEK = timedelta(days=7)
GOALS = (("event", "purchase"), ("event", "s*"), ("path", "/"), (None, None))


def weights(touches: list[tuple[datetime, str]], unknown: str) -> dict[str, list[float]]:
    """By each model, the weights of the touches (time and value) of one visit, oldest first."""
    count, times = len(touches), [time for time, _ in touches]
    known = [at for at, (_, value) in enumerate(touches) if value != unknown]
    decays = [0.5 ** ((times[-1] - time) / WEEK) for time in times]
    position = [0.2 / max(1, count - 2)] * count
    position[0] = position[-1] = 0.4
    if count < 3:
        position = [1 / count] * count
    return {
        "first": [float(at == 0) for at in range(count)],
        "last": [float(at == count - 1) for at in range(count)],
        "lastKnown": [float(at == [count - 1, *known][-1]) for at in range(count)],
        "linear": [1 / count] * count,
        "timeDecay": [decay / sum(decays) for decay in decays],
        "position": position,
    }


def outcomes(
    shop: Shop, question: Selection, goal: tuple[str | None, str | None], currency: str | None
) -> tuple[set[Any], dict[Any, float]]:
    """The visits that converted, and the money of visits."""
    kind, value = goal
    converted: set[Any] = set()
    amounts: dict[Any, float] = defaultdict(float)
    for row in within(shop.rows, question):
        code, amount = shop.money.get(row["event_id"], (None, 0))
        if currency and code == currency:
            amounts[visit(row)] += float(amount)
        name = (row["event_name"] if kind == "event" else row["url_path"]) or ""
        fits = name.startswith("s") if value == "s*" else name == value
        if fits and row["event_type"] == (2 if kind == "event" else 1):
            converted.add(visit(row))
    return converted if kind else set(amounts), amounts


@few
@given(data=st.data(), goal=st.sampled_from(GOALS), currency=st.sampled_from(["EUR", "USD", None]))
def test_credit_equals_a_recount(
    shop: Shop, data: st.DataObject, goal: Any, currency: str | None
) -> None:
    question = data.draw(shop.selections())
    # The recount knows the channels of random rows only.
    of_random = ["channel"] if shop.site == str(SITE) else []
    field = data.draw(st.sampled_from(["referrer", "utmSource", "utmCampaign", *of_random]))
    converted, amounts = outcomes(shop, question, goal, currency)
    seen = whole(shop.rows, question)
    sources = {key: name for name, keys in names(seen, field).items() for key in keys}
    visits = grouped(views(seen), visit)
    starts = {key: min(row["at"] for row in rows) for key, rows in visits.items()}
    oldest_first = sorted(starts, key=lambda key: (starts[key], key[1].int))
    history: dict[Any, list[tuple[datetime, str]]] = defaultdict(list)
    expected: dict[Any, float] = defaultdict(float)
    for key in oldest_first:
        touches = history[key[0]]
        touches.append((starts[key], sources[key]))
        credited = weights(touches, "direct" if field == "channel" else "")
        for model in MODELS:
            for (_, name), weight in zip(touches, credited[model], strict=True):
                expected["conversions", model, name] += weight * (key in converted)
                expected["revenue", model, name] += weight * amounts.get(key, 0)
    query = {**question.query, "type": field, "currency": currency}
    query |= {"goal": goal[0], "value": goal[1]}
    answered = shop.get("credit", {name: text for name, text in query.items() if text is not None})
    totals = {
        "conversions": len(starts.keys() & converted),
        "revenue": sum(amounts.get(key, 0) for key in starts),
    }
    rows = {row["name"]: row for row in answered["rows"]}
    assert len(rows) == len(answered["rows"])
    for (part, model, name), amount in expected.items():
        row = rows.get(name, {}).get(part, {})
        assert row.get(model, 0) == pytest.approx(amount, abs=1e-4), (part, model, name)
    for part, total in totals.items():
        assert answered[part] == pytest.approx(total, abs=1e-4)
        for model in MODELS:
            assert sum(row[part][model] for row in rows.values()) == pytest.approx(total, abs=1e-3)


@pytest.mark.parametrize(
    "query", [{}, {"type": "path"}, {"type": "x"}, {"type": "channel", "goal": "event"}]
)
def test_credit_needs_a_field_with_one_value_for_each_visit(
    shop: Shop, query: dict[str, str]
) -> None:
    response = shop.client.get(f"/api/x/websites/{shop.site}/credit", {**EVER.query, **query})
    assert response.status_code == 400


def test_conversions_without_a_match_are_none(shop: Shop) -> None:
    query = {**EVER.query, "type": "referrer", "goal": "event", "value": "' OR 1=1 --"}
    assert shop.get("credit", query) == {"conversions": 0, "revenue": 0, "rows": []}
