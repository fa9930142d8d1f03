"""Segments on Umami 2.19 and 2.20, which only store them: the client applies their filters."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from access.permissions import AuthorizedClient, Forbidden, Grant, Permissions, ViewFilters
from tests.doubles.umami import serve as serve_version
from tests.support.fault_proxy import Between, between
from tests.support.waiting import eventually
from umami.analysis.segments import Definition, definition
from umami.api import events, reports, revenue, segments, sessions, traffic
from umami.api.segments import Segment
from umami.client import Client, connect
from umami.compat.generations import V2_18, V2_20
from umami.compat.v2 import V2
from umami.compat.v2_segments import restore_segment
from umami.endpoint import Query
from umami.errors import NotFound, NotOffered
from umami.filters import EVERYTHING, FIELDS, Filter
from umami.period import Period
from umami.settings import Settings
from umami.view import View

TABLES = Path(__file__).parents[1] / "contract" / "data" / "tables"
SHOP = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
DOCS = "31e8662e-b0ee-4259-b469-24ee0ae1d001"
VIEW = View(SHOP, Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC"))
GERMANS = Filter("country", "eq", "DE")
BERLIN = Filter("city", "eq", "Berlin")
PRODUCTS = Filter("path", "c", "/products")


@pytest.fixture(scope="module")
def proxy() -> Iterator[Between]:
    with serve_version("2.20", TABLES) as running, between(running.url) as way:
        yield way


@pytest.fixture
def client(proxy: Between) -> Iterator[Client]:
    settings = Settings(api=f"{proxy.url}/api", username="admin", password="umami")
    with connect(settings) as client:
        client.recognise()
        proxy.passed.clear()
        yield client


def save(client: Client, parameters: Any, kind: segments.Kind = "segment") -> str:
    return client.ask(segments.create_segment(SHOP, kind, "Line", parameters)).id


def parameters(*filters: Filter) -> dict[str, Any]:
    return Definition("segment", "x", filters).parameters(V2(V2_20).capabilities)


def within(segment: str, *filters: Filter) -> View:
    return replace(VIEW, filters=filters, segment=segment)


def visitors(client: Client, view: View) -> int:
    return client.ask(traffic.stats(view)).current.visitors


ASKED = {
    "stats": traffic.stats,
    "pageviews": traffic.pageviews,
    "metrics": lambda view: traffic.metrics(view, "browser"),
    "groups": lambda view: traffic.groups(view, "path"),
    "series": events.series,
    "event_stats": events.event_stats,
    "session_stats": sessions.session_stats,
    "breakdown": lambda view: reports.breakdown(view, ("browser", "country")),
    "goal": lambda view: reports.goal(view, "event", "purchase"),
}


@pytest.mark.parametrize("name", ASKED)
def test_figures_are_those_of_the_plain_filters(client: Client, name: str) -> None:
    saved = save(client, parameters(GERMANS, PRODUCTS))
    make: Any = ASKED[name]
    selected, plain, everybody = (
        client.ask(make(view))
        for view in (within(saved), replace(VIEW, filters=(GERMANS, PRODUCTS)), VIEW)
    )
    assert repr(selected) == repr(plain)
    assert repr(selected) != repr(everybody)
    beside = client.ask(make(within(saved, Filter("browser", "eq", "chrome"))))
    assert repr(beside) != repr(selected)


def test_segment_is_saved_listed_changed_and_deleted(client: Client) -> None:
    saved = save(client, parameters(GERMANS))
    assert saved in [row.id for row in client.ask(segments.segments(SHOP)).rows]
    assert client.ask(segments.segment(SHOP, saved)).parameters == {
        "filters": [{"name": "country", "operator": "eq", "value": "DE"}]
    }
    before = visitors(client, within(saved))
    assert before == visitors(client, VIEW.filtered("country", "DE"))
    changed = parameters(Filter("country", "eq", "CH"))
    client.ask(segments.update_segment(SHOP, saved, "segment", "Line", changed))
    after = visitors(client, within(saved))
    assert after == visitors(client, VIEW.filtered("country", "CH"))
    assert after != before
    client.ask(segments.delete_segment(SHOP, saved))
    with pytest.raises(NotFound, match="no such segment or cohort: it may have been deleted"):
        visitors(client, within(saved))


def test_segments_are_read_once_for_all_queries(client: Client, proxy: Between) -> None:
    saved = save(client, parameters(GERMANS))
    client.forget()
    proxy.passed.clear()
    for reply in client.ask_all(*(ASKED[name](within(saved)) for name in ("stats", "metrics"))):
        reply.result()
    visitors(client, within(saved, Filter("browser", "eq", "chrome")))
    listings = [passed for passed in proxy.passed if "/segments" in passed.target]
    assert len(listings) == 1
    assert not any("segment=" in passed.target for passed in proxy.passed)


def test_refresh_shows_a_segment_that_was_changed_in_umami(client: Client, proxy: Between) -> None:
    saved = save(client, parameters(GERMANS))
    before = visitors(client, within(saved))
    settings = Settings(api=f"{proxy.url}/api", username="admin", password="umami")
    with connect(settings) as other:
        swiss = parameters(Filter("country", "eq", "CH"))
        other.ask(segments.update_segment(SHOP, saved, "segment", "Line", swiss))
    query, now = traffic.stats(within(saved)), time.time()
    refreshed = client.submit(query, since=now)
    assert refreshed.stale
    assert refreshed.result().current.visitors == before
    eventually(lambda: not client.submit(query, since=now).stale)
    after = client.ask(query).current.visitors
    assert after == visitors(client, VIEW.filtered("country", "CH")) != before


def test_value_with_a_comma_survives_and_is_one_value(client: Client) -> None:
    odd = Filter("path", "eq", "/a,b")
    saved = save(client, parameters(odd))
    row = client.ask(segments.segment(SHOP, saved))
    assert definition(row).filters == (odd,)
    assert row.parameters == Definition("segment", "x", (odd,)).parameters(EVERYTHING)
    assert visitors(client, within(saved)) == 0


@pytest.mark.parametrize(
    ("flat", "filters"),
    [
        ({"url": "/"}, (Filter("path", "eq", "/"),)),
        ({"url": "eq./"}, (Filter("path", "eq", "/"),)),
        ({"path": "neq./", "country": "DE"}, (Filter("path", "neq", "/"), GERMANS)),
        ({"host": "!~shop"}, (Filter("hostname", "dnc", "shop"),)),
        ({"url": "~/products", "country": "!DE"}, (PRODUCTS, Filter("country", "neq", "DE"))),
    ],
    ids=str,
)
def test_parameters_of_a_request_are_read(
    client: Client, flat: dict[str, str], filters: tuple[Filter, ...]
) -> None:
    saved = save(client, flat)
    assert set(definition(client.ask(segments.segment(SHOP, saved))).filters) == set(filters)
    plain = replace(VIEW, filters=filters)
    assert visitors(client, within(saved)) == visitors(client, plain)


@pytest.mark.parametrize(
    "unknown",
    [
        {"url": "/", "startAt": "1"},
        {"url": ["/"]},
        {"host": "c.example"},
        {"host": "re.example"},
        {"query": {"country": "DE"}},
        {"filters": "country=DE"},
        {"filters": {"country": "DE"}},
        {"filters": [{"name": "colour", "operator": "eq", "value": "red"}]},
        {"filters": [{"name": "country", "operator": "gt", "value": "3"}]},
        {"filters": [], "match": "one"},
        {"filters": [], "sessionPropertyFilters": [{"propertyName": "plan"}]},
        {"filters": [], "action": {"type": "path", "value": "/"}},
    ],
    ids=str,
)
def test_conditions_that_cannot_be_read_are_refused(client: Client, unknown: Any) -> None:
    saved = save(client, unknown)
    with pytest.raises(NotOffered, match="conditions that this server cannot apply") as refused:
        visitors(client, within(saved))
    assert "Change the segment" in refused.value.remedy
    assert client.ask(segments.segment(SHOP, saved)).parameters == unknown


@pytest.mark.parametrize("value", ["text", ["a", "list"], 3])
def test_parameters_that_are_no_object_do_not_hide_the_others(value: Any) -> None:
    row = {"id": SHOP, "websiteId": SHOP, "type": "segment", "name": "x", "parameters": value}
    page = segments.segments(SHOP).read({"data": [restore_segment(row)], "count": 1})
    assert definition(page.rows[0]).is_opaque


REFUSED = {
    "field": ({"utmSource": "eq.x"}, "cannot filter by UTM source"),
    "pattern": ({"path": "re.^/a"}, "no filter that “matches”"),
    "values": ({"country": "eq.DE,CH"}, "takes one value in a filter of Country"),
    "twice": ({"country": "neq.DE", "country1": "neq.CH"}, "takes one filter of Country"),
    "sign": ({"path": "eq.!a"}, "treats a sign"),
    "any": ({"country": "eq.DE", "browser": "eq.chrome"}, "never by “any”"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_filters_without_a_parameter_are_refused(client: Client, name: str) -> None:
    texts, reason = REFUSED[name]
    rows = [
        dict(zip(("name", "operator", "value"), (field, *text.split(".", 1)), strict=True))
        for field, text in texts.items()
    ]
    saved = save(client, {"filters": rows, **({"match": "any"} if name == "any" else {})})
    with pytest.raises(NotOffered, match=reason) as refused:
        visitors(client, within(saved))
    assert str(refused.value).startswith("This segment cannot be applied. ")


def test_filter_of_the_view_is_never_replaced(client: Client) -> None:
    saved = save(client, parameters(GERMANS))
    for mine in (Filter("country", "eq", "CH"), Filter("country", "neq", "FR")):
        with pytest.raises(NotOffered, match="takes one filter of Country"):
            visitors(client, within(saved, mine))
    assert visitors(client, within(saved, GERMANS)) == visitors(client, within(saved))


def test_locked_filters_hold_beside_a_segment(client: Client) -> None:
    germans, berlin, swiss = (
        save(client, parameters(filter_))
        for filter_ in (GERMANS, BERLIN, Filter("country", "eq", "CH"))
    )

    def locked(*filters: Filter, segment: str | None = None) -> AuthorizedClient:
        fixed = ViewFilters(filters, segment=segment)
        grant = Grant(None, None, None, filters=False, fixed_filters=fixed)
        return AuthorizedClient(client, Permissions((grant,)))

    for segment in (germans, berlin, swiss):
        with pytest.raises(Forbidden):
            locked(GERMANS).ask(traffic.stats(within(segment, GERMANS)))
    both = locked(GERMANS, segment=berlin).ask(traffic.stats(within(berlin, GERMANS)))
    plain = replace(VIEW, filters=(GERMANS, BERLIN))
    assert both.current.visitors == visitors(client, plain)
    with pytest.raises(NotOffered, match="takes one filter of Country"):
        locked(GERMANS, segment=swiss).ask(traffic.stats(within(swiss, GERMANS)))
    # Who is locked to a segment may not read it, but sees what it selects, also after a change.
    reader = locked(segment=germans)
    with pytest.raises(Forbidden):
        reader.ask(segments.segments(SHOP))
    before = reader.ask(traffic.stats(within(germans))).current.visitors
    changed = parameters(Filter("country", "eq", "CH"))
    client.ask(segments.update_segment(SHOP, germans, "segment", "Line", changed))
    assert reader.ask(traffic.stats(within(germans))).current.visitors != before


def test_segment_of_another_website_is_unknown(client: Client) -> None:
    other = client.ask(segments.create_segment(DOCS, "segment", "Docs", parameters(GERMANS))).id
    with pytest.raises(NotFound):
        visitors(client, within(other))
    # The server finds it by its id alone.
    grant = Grant(frozenset({SHOP}), None, None, filters=True, saves=True)
    mine = AuthorizedClient(client, Permissions((grant,)))
    for change in (
        segments.update_segment(SHOP, other, "segment", "Mine", {}),
        segments.delete_segment(SHOP, other),
    ):
        with pytest.raises(NotFound):
            mine.ask(change)
    assert client.ask(segments.segment(DOCS, other)).name == "Docs"


def test_cohorts_are_listed_and_deleted_but_not_applied(client: Client) -> None:
    action = {"type": "event", "value": "purchase"}
    cohort = save(client, {"filters": [], "dateRange": "30day", "action": action}, "cohort")
    assert [row.id for row in client.ask(segments.segments(SHOP, "cohort")).rows] == [cohort]
    with pytest.raises(NotOffered, match="cannot filter by a cohort: it has no filter"):
        client.ask(traffic.stats(replace(VIEW, cohort=cohort)))
    # As a segment, it is none.
    with pytest.raises(NotFound):
        visitors(client, within(cohort))
    client.ask(segments.delete_segment(SHOP, cohort))
    assert client.ask(segments.segments(SHOP, "cohort")).rows == ()


def test_what_takes_no_filters_takes_no_segment(client: Client, proxy: Between) -> None:
    saved = save(client, parameters(GERMANS))
    proxy.passed.clear()
    queries: list[Query[Any]] = [
        reports.retention(within(saved)),
        sessions.weekly(within(saved)),
        revenue.revenue(within(saved), "EUR"),
    ]
    for query in queries:
        with pytest.raises(NotOffered, match="cannot filter this"):
            client.ask(query)
    assert proxy.passed == []


def test_2_18_has_no_segments() -> None:
    old = V2(V2_18)
    assert old.capabilities.saved_kinds == ()
    for query in (segments.segments(SHOP), segments.create_segment(SHOP, "segment", "x", {})):
        refusal = old.refusal(query)
        assert refusal
        assert "has no segments" in str(refusal)
    refusal = old.refusal(traffic.stats(within(SHOP)))
    assert refusal
    assert "cannot filter by a segment or a cohort" in str(refusal)


def test_every_filter_of_2_20_is_applied() -> None:
    """No filter of a segment is lost on the way into the request."""
    able = V2(V2_20).capabilities
    for field in FIELDS:
        for operator in ("eq", "neq", "c", "dnc"):
            filter_ = Filter(field, operator, "x")
            if able.refused(filter_):
                continue
            row = Segment(SHOP, "segment", "x", parameters(filter_))
            expanded = V2(V2_20).expand(traffic.stats(within(SHOP)), (row,))
            plain = traffic.stats(replace(VIEW, filters=(filter_,)))
            assert expanded == plain
            assert V2(V2_20).plan(expanded) is not None


@pytest.mark.parametrize("version", ["3.1", "3.5"])
def test_segment_keeps_its_meaning_when_the_server_is_upgraded(
    tmp_path: Path, version: str
) -> None:
    store = tmp_path / "store.duckdb"
    with ExitStack() as stack:
        old = stack.enter_context(serve_version("2.20", TABLES, store))
        way = stack.enter_context(between(old.url))
        settings = Settings(api=f"{way.url}/api", username="admin", password="umami")
        client = stack.enter_context(connect(settings))
        saved = save(client, parameters(GERMANS, PRODUCTS, Filter("title", "neq", "a,b")))
        assert client.server.generation is V2_20
        before = visitors(client, within(saved))
        old.stop()
        with serve_version(version, TABLES, store) as new:
            way.behind = new.url
            client.forget()
            assert visitors(client, within(saved)) == before
            assert client.server.generation is not V2_20
