"""Filters of 3.1, segments and cohorts, and their errors."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.embedded.conftest import DATA
from tests.embedded.golden import END, START, WEBSITE, golden
from tests.embedded.test_refusals import ODD_TEXT
from umami.embedded.filters import (
    FIELDS,
    OPERATORS,
    SWITCHES,
    UNSUPPORTED,
    apply_filters,
    cohort_range,
)
from umami.embedded.parameters import Bucketed
from umami.embedded.queries.totals import totals
from umami.embedded.refusals import BadRequest
from umami.embedded.routes.traffic import Metrics
from umami.embedded.scope import Filter, Scope
from umami.embedded.store import Store

ALL = Scope(WEBSITE, START, END)
RANGE = {"startAt": 1785542400000, "endAt": 1790812799999}

NOWHERE = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def store() -> Iterator[Store]:
    store = golden()
    yield store
    store.close()


def save(store: Store, kind: str, **parameters: Any) -> str:
    """A saved segment or cohort, by its id."""
    id = uuid4()
    with store.writing() as cursor:
        cursor.execute(
            "INSERT INTO segment (segment_id, website_id, type, name, parameters) "
            "VALUES (?, ?, ?, 'Saved', ?)",
            [id, WEBSITE, kind, json.dumps(parameters)],
        )
    return str(id)


def where(name: str, value: Any, operator: str = "eq") -> dict[str, Any]:
    return {"name": name, "operator": operator, "value": value}


def visitors(store: Store, **filters: Any) -> int:
    return totals(store, apply_filters(store, ALL, filters))["visitors"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DE", Filter("country", "eq", ("DE",))),
        ("eq.DE,CH", Filter("country", "eq", ("DE", "CH"))),
        ("neq.DE,CH", Filter("country", "neq", ("DE", "CH"))),
        ("c.a,b", Filter("country", "c", "a,b")),
        ("re.^D", Filter("country", "re", "^D")),
        ("other.DE", Filter("country", "eq", ("other.DE",))),
        ("", Filter("country", "eq", ("",))),
    ],
)
def test_operators_are_parsed(store: Store, text: str, expected: Filter) -> None:
    assert apply_filters(store, ALL, {"country": text}).filters == (expected,)


def test_numbered_names_filter_a_field_again(store: Store) -> None:
    assert visitors(store, country="eq.DE", country1="eq.US") == 0
    assert visitors(store, country="eq.DE", country1="eq.US", match="any") == 3
    assert visitors(store, country="eq.DE", country1="eq.US", match="all") == 0


def test_event_type_is_a_number(store: Store) -> None:
    assert apply_filters(store, ALL, {"eventType": "2"}).event_type == 2


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    "filters",
    [
        *({"referrer": "t.co"}, {"path": "gt.5"}, {"distinctId": "s."}),
        *({"url": "/a"}, {"host": "a"}, {"eventType1": "1"}, {"screen": "1x1"}, {"1": "a"}),
        *({"path": "re.("}, {"path": "nre.a**"}, {"path": "re.(?=a)"}),
        *({"eventType": "two"}, {"eventType": "eq.2"}, {"eventType": "-1"}),
        {"match": "some"},
        *({"segment": "mine"}, {"segment": NOWHERE}, {"cohort": NOWHERE}),
        {f"path{number}": "/" for number in range(101)},
    ],
    ids=str,
)
def test_invalid_filters_are_refused(store: Store, filters: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        apply_filters(store, ALL, filters)


def test_segment_applies_its_filters(store: Store) -> None:
    either = [where("country", ["DE", "US"]), where("path", "account", "c")]
    segment = save(store, "segment", filters=either, match="any")
    assert visitors(store, segment=segment) == 4
    # Its filters replace those on the same field.
    assert visitors(store, segment=segment, country="FR") == 4
    twice = save(store, "segment", filters=[where("country", "DE"), where("country", "US")])
    assert visitors(store, segment=twice) == 0


def test_segment_of_another_website_or_kind_is_refused(store: Store) -> None:
    segment = save(store, "segment", filters=[where("country", "DE")])
    with pytest.raises(BadRequest):
        apply_filters(store, ALL, {"cohort": segment})
    with pytest.raises(BadRequest):
        apply_filters(store, Scope(UUID(int=1), START, END), {"segment": segment})


@pytest.mark.parametrize(
    "parameters",
    [
        {"filters": [{"operator": "eq", "value": "a"}]},
        {"filters": [where("shoe", "a")]},
        {"filters": [where("path", "1", "gt")]},
        {"filters": "all"},
        {"match": "some"},
    ],
    ids=str,
)
def test_malformed_segment_is_refused(store: Store, parameters: dict[str, Any]) -> None:
    segment = save(store, "segment", **parameters)
    with pytest.raises(BadRequest):
        apply_filters(store, ALL, {"segment": segment})


def test_cohort_has_its_own_date_range(store: Store) -> None:
    def cohort(**parameters: Any) -> str:
        return save(store, "cohort", **{"dateRange": "all", **parameters})

    bought = {"type": "event", "value": "purchase"}
    assert visitors(store, cohort=cohort(action=bought)) == 2
    assert visitors(store, cohort=cohort(action=bought, filters=[where("country", "US")])) == 1
    # What a member did when it became one may lie outside the range.
    later = ALL.between(datetime(2026, 11, 11, 12), END)
    assert (
        totals(store, apply_filters(store, later, {"cohort": cohort(action=bought)}))["pageviews"]
        == 3
    )
    first_day = "range:1794268800000:1794355199999"
    assert visitors(store, cohort=cohort(action=bought, dateRange=first_day)) == 1
    seen = {"type": "path", "value": "/blog"}
    either = [where("country", "US"), where("country", "FR")]
    assert visitors(store, cohort=cohort(action=seen, filters=either, match="any")) == 2
    for wrong in ({"dateRange": None}, {"dateRange": "soon"}, {"action": {"type": "shoe"}}):
        with pytest.raises(BadRequest):
            apply_filters(store, ALL, {"cohort": cohort(**wrong)})


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("0day", "2026-11-18", "2026-11-18 23:59:59.999"),
        ("30day", "2026-10-19", "2026-11-18 23:59:59.999"),
        ("24hour", "2026-11-17 15:00", "2026-11-18 15:59:59.999"),
        ("0week", "2026-11-15", "2026-11-21 23:59:59.999"),
        ("12month", "2025-11-01", "2026-11-30 23:59:59.999"),
        ("1year", "2025-01-01", "2026-12-31 23:59:59.999"),
        ("9999year", "1970-01-01", "2026-12-31 23:59:59.999"),
        ("9999week", "1970-01-01", "2026-11-21 23:59:59.999"),
    ],
)
def test_date_range_of_a_cohort_is_parsed(text: str, first: str, last: str) -> None:
    range_ = cohort_range(text, datetime(2026, 11, 18, 15, 30, 12))
    assert range_ == (datetime.fromisoformat(first), datetime.fromisoformat(last))


# Over HTTP

with gzip.open(DATA / "v3.1.0.jsonl.gz", "rt") as lines:
    REFUSED = [
        line
        for line in map(json.loads, lines)
        if line["status"] != 200
        and re.search(r"/(stats|pageviews|metrics|events/series)$", line["path"])
        and "/sessions/" not in line["path"]
    ]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])
def test_errors_equal_the_recorded_ones(umami3: httpx.Client, case: dict[str, Any]) -> None:
    # What 3.1 fails at is the question's fault here, and says so.
    answer = umami3.get(case["path"], params=case["query"])
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["status"]) == ("bad-request", 400)
    assert error["errors"] or error["properties"]


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("stats", {"compare": "last"}),
        ("stats", {"url": "/a"}),
        ("stats", {"browser01x": "a"}),
        ("stats", {"repeated": "a"}),
        ("stats", {"match": "none"}),
        ("pageviews", {"unit": "week"}),
        ("pageviews", {"timezone": "UTc"}),
        ("metrics", {}),
        ("metrics", {"type": "url"}),
        ("metrics", {"type": "path", "limit": "-1"}),
        ("metrics/expanded", {"type": "host"}),
        ("values", {"type": "screen"}),
        ("values", {"type": "path", "path": "/"}),
        ("events/series", {"unit": "day"}),
        ("events/series", {"timezone": "UTC", "limit": "0"}),
        ("events/stats", {"path": "re.["}),
    ],
)
def test_invalid_queries_are_refused(
    umami3: httpx.Client, shop: str, kind: str, query: dict[str, str]
) -> None:
    answer = umami3.get(f"/api/websites/{shop}/{kind}", params={**RANGE, **query})
    assert answer.status_code == 400, answer.text


ASKED = {
    "stats": {"compare": "yoy"},
    "pageviews": {"unit": "day", "timezone": "utc"},
    "metrics": {"type": "path", "search": "a"},
    "metrics/expanded": {"type": "entry"},
    "values": {"type": "country"},
    "events/series": {"timezone": "UTC"},
    "events/stats": {},
}
NAMES = sorted(
    {
        *FIELDS,
        *SWITCHES,
        *Metrics.model_fields,
        *Bucketed.model_fields,
        "path1",
        "os22",
        "type1",
        "epf0",
    }
)
texts = st.sampled_from(ODD_TEXT) | st.text(max_size=20)
operators = st.sampled_from(["", *OPERATORS, *UNSUPPORTED]).map(
    lambda operator: f"{operator}." if operator else ""
)


@given(
    kind=st.sampled_from(sorted(ASKED)),
    added=st.dictionaries(st.sampled_from(NAMES), st.tuples(operators, texts), max_size=3),
)
def test_any_query_is_answered_or_refused_with_reasons(
    umami3: httpx.Client, shop: str, kind: str, added: dict[str, tuple[str, str]]
) -> None:
    odd = {name: plain(operator + value) for name, (operator, value) in added.items()}
    query: dict[str, Any] = {**RANGE, **ASKED[kind], **odd}
    answer = umami3.get(f"/api/websites/{shop}/{kind}", params=query)
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 400:
        error = answer.json()["error"]
        assert error["errors"] or error["properties"]


def plain(text: str) -> str:
    return text.encode(errors="replace").decode()
