"""The steps around a page, counted again in plain Python over random and recorded rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.embedded.random_traffic import SITE, Client, Row, asking, purchases, traffic
from tests.embedded.test_arithmetic import grouped, ranges
from tests.embedded.test_arithmetic3 import Selection, custom, questions, views, visit
from tests.embedded.test_whole_visits import whole
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
    answered = shop.get("steps", {**question.query, "path": path, "events": str(events).lower()})
    expected = recounted(whole(shop.rows, question), path, events)
    for side, edge in (("before", "began"), ("after", "ended")):
        counted = {(row["kind"], row["name"]): row["visits"] for row in answered[side]}
        assert {**counted, None: answered[edge]} == {None: 0, **expected[side]}
        assert sum(counted.values()) + answered[edge] == answered["visits"]
        assert sorted(counted.values(), reverse=True) == list(counted.values())


def test_rare_steps_are_cut_off_and_the_page_keeps_its_visits(shop: Shop) -> None:
    full, cut = (shop.get("steps", {**EVER.query, "path": "/", "limit": n}) for n in (500, 2))
    assert cut["after"] == full["after"][:2]
    assert len(full["after"]) > 2
    assert [cut[name] for name in ("visits", "began", "ended")] == [
        full[name] for name in ("visits", "began", "ended")
    ]


@pytest.mark.parametrize("path", ["/nowhere", "' OR 1=1 --", "%", "*", "/ü😀"])
def test_a_page_nobody_viewed_has_no_steps(shop: Shop, path: str) -> None:
    answered = shop.get("steps", {**EVER.query, "path": path})
    assert answered == {"visits": 0, "began": 0, "ended": 0, "before": [], "after": []}


def test_steps_need_a_page(shop: Shop) -> None:
    response = shop.client.get(f"/api/x/websites/{shop.site}/steps", {**EVER.query, "path": ""})
    assert response.status_code == 400
