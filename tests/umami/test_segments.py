"""Segments and cohorts in Umami's form and back."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umami.analysis.segments import LONGEST_NAME, RANGES, Definition, definition
from umami.api import segments
from umami.api.segments import Kind, Segment
from umami.client import connect
from umami.compat.emulation import ROWS_AT_ONCE
from umami.compat.generations import V3_1
from umami.compat.v3 import V3
from umami.embedded.filters import Selection, cohort_range, parsed
from umami.embedded.server import serve
from umami.endpoint import Request
from umami.errors import InvalidView
from umami.filters import EVERYTHING, FIELDS, Capabilities, Filter
from umami.period import Period
from umami.settings import Settings
from umami.view import View

TABLES = Path(__file__).parents[1] / "contract" / "data" / "tables"
SHOP = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
VIEW = View(SHOP, Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC"))
BUYERS = Definition("cohort", "Buyers", dates="30day", action=("event", "purchase"))
TEXTS = st.text("ab,|\\%_.$^(é /", min_size=1, max_size=6)


def saved(parameters: Any, kind: Kind = "segment", name: str = "x") -> Segment:
    return Segment("id", kind, name, parameters)


@st.composite
def filters(draw: st.DrawFn) -> tuple[Filter, ...]:
    keys = st.tuples(st.sampled_from(sorted(FIELDS)), st.sampled_from(["eq", "neq", "c", "dnc"]))
    rows = []
    for field, operator in draw(st.lists(keys, min_size=1, max_size=4, unique=True)):
        several = 3 if operator in ("eq", "neq") else 1
        rows.append(Filter(field, operator, *draw(st.lists(TEXTS, min_size=1, max_size=several))))  # type: ignore[arg-type]
    return tuple(rows)


@given(filters(), st.sampled_from(["all", "any"]))
def test_filters_survive_saving(rows: tuple[Filter, ...], match: Any) -> None:
    shown = Definition("segment", "x", rows, match if len(rows) > 1 else "all")
    assert definition(saved(shown.parameters(EVERYTHING))) == shown


@given(filters())
def test_saved_filters_mean_what_filters_of_a_query_mean(rows: tuple[Filter, ...]) -> None:
    """A server merges the conditions of a segment with those of a query."""
    view = View(SHOP, VIEW.period, filters=rows)
    selection = Selection.model_validate(Definition("segment", "x", rows).parameters(EVERYTHING))
    conditions = {name: parsed(rows[0].field, text) for name, text in view.filter_params()}
    merged = {name: parsed(rows[0].field, text) for name, text in selection.filter_params.items()}
    assert sorted(map(repr, merged.values())) == sorted(map(repr, conditions.values()))


def test_all_pages_of_segments_are_listed_where_the_server_has_pages() -> None:
    parameters = {"filters": [{"name": "country", "operator": "eq", "value": "DE"}]}
    with serve(TABLES, password="umami") as running:
        settings = Settings(api=f"{running.url}/api", username="admin", password="umami")
        with connect(settings) as client:
            names = [f"Segment {number:03}" for number in range(ROWS_AT_ONCE + 5)]
            for name in names:
                client.ask(segments.create_segment(SHOP, "segment", name, parameters))
            client.ask(segments.create_segment(SHOP, "cohort", "A cohort", parameters))
            page = client.ask(segments.segments(SHOP))
    assert [row.name for row in page.rows] == names
    assert page.count == len(names)


def test_segments_are_those_of_the_first_page_where_the_server_has_no_others() -> None:
    plan = V3(V3_1).plan(segments.segments(SHOP))
    assert not isinstance(plan, Request)
    first = {"data": [{"id": str(n)} for n in range(20)], "count": 27, "page": 1, "pageSize": 20}
    requests = [next(plan), plan.send([first])]
    assert [dict(request.params)["page"] for (request,) in requests] == ["1", "2"]
    with pytest.raises(StopIteration) as done:
        plan.send([first])
    assert done.value.value == {"data": first["data"], "count": 27}


def test_3_0_takes_one_value_as_it_is() -> None:
    able = Capabilities(operators=frozenset({"eq", "neq", "c", "dnc"}), several=False)
    shown = Definition("segment", "x", (Filter("path", "eq", "/a,b"), Filter("title", "c", "5%")))
    assert shown.parameters(able)["filters"] == [
        {"name": "path", "operator": "eq", "value": "/a,b"},
        {"name": "title", "operator": "c", "value": "5\\%"},
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"name": "country", "operator": "gt", "value": "3"},
        {"name": "colour", "operator": "eq", "value": "red"},
        {"name": "country", "operator": "eq", "value": ["DE", 3]},
        {"name": "country", "operator": "eq"},
        "country",
        {"name": "country", "operator": "re", "value": "("},
    ],
)
def test_unknown_conditions_are_kept(row: Any) -> None:
    parameters = {"filters": [{"name": "country", "operator": "eq", "value": "DE"}, row]}
    shown = definition(saved(parameters))
    assert shown.is_opaque
    assert shown.parameters(EVERYTHING) == parameters
    assert shown.checked() == shown
    assert shown.narrowed(VIEW) is None


def test_properties_of_sessions_survive_a_change() -> None:
    plans = [{"propertyName": "plan", "dataType": 1, "operator": "eq", "value": "plus"}]
    shown = definition(saved({"filters": [], "sessionPropertyFilters": plans}))
    assert not shown.is_opaque
    assert shown.parameters(EVERYTHING)["sessionPropertyFilters"] == plans


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (Definition("segment", " \n", (Filter("country", "eq", "DE"),)), "no name"),
        (Definition("segment", "x" * (LONGEST_NAME + 1)), "at most 200"),
        (Definition("segment", "x"), "at least one filter"),
        (Definition("cohort", "x", dates="30day"), "an action"),
        (Definition("cohort", "x", dates="30day", action=("path", "")), "an action"),
        (Definition("cohort", "x", dates="ever", action=("path", "/")), "needs dates"),
    ],
)
def test_what_servers_refuse_is_not_sent(wrong: Definition, reason: str) -> None:
    with pytest.raises(InvalidView, match=reason):
        wrong.checked()


def test_names_are_tidied() -> None:
    shown = Definition("segment", " a\x00\n  b ", (Filter("country", "eq", "DE"),))
    assert shown.checked().name == "a b"


@pytest.mark.parametrize("text", [*RANGES, "range:1793491200000:1796083199999"])
def test_dates_of_cohorts_are_those_of_the_server(text: str) -> None:
    now = datetime(2026, 11, 30, 15)
    period = Definition("cohort", dates=text).period("UTC", now.date())
    start, end = cohort_range(text, now)
    assert period
    assert period.days == (start.date(), end.date())


def test_cohort_is_previewed_by_its_action() -> None:
    assert BUYERS.narrowed(VIEW) == View(
        SHOP, VIEW.period, filters=(Filter("event", "eq", "purchase"),)
    )
    either = (Filter("country", "eq", "DE"), Filter("browser", "eq", "firefox"))
    joined = Definition("cohort", "x", either, "any", "30day", ("event", "purchase"))
    assert joined.narrowed(VIEW) is None
    twice = Definition("cohort", "x", (Filter("path", "c", "a"),), "all", "7day", ("path", "/"))
    assert twice.narrowed(VIEW) is None
