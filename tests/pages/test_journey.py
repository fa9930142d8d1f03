"""The Journey page, without a browser."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components import umami_server
from tests.pages.conftest import SHOP, Open, table, unescaped
from umami.analysis.activity import MOST_PATHS, Side, steps_around
from umami.api import conversions, reports, traffic
from umami.api.reports import Path
from umami.errors import NotOffered
from umami.filters import Filter
from umami.period import Period
from umami.view import View

VIEW = View(SHOP, Period.of_days(date(2026, 8, 1), date(2026, 9, 30), "UTC"))


def answered(view: View = VIEW, steps: int = 5, **edges: str) -> tuple[Path, ...]:
    """The client's answer from the server that the app has just asked."""
    return umami_server.umami().ask(reports.journey(view, steps, **edges))


def summary(paths: tuple[Path, ...] | list[Path]) -> str:
    top = "the top " if len(paths) == MOST_PATHS else ""
    return f"{sum(path.visits for path in paths):,} visits on {top}{len(paths):,} paths"


def captions(app: AppTest) -> list[str]:
    return [unescaped(element.value) for element in app.caption]


def nodes(app: AppTest) -> list[dict[str, Any]]:
    *_, chart = app.get("echarts_chart")
    data: list[dict[str, Any]] = json.loads(chart.proto.spec)["series"][0]["data"]
    return data


def test_all_paths_are_summarised_and_drawn(opened: Open) -> None:
    app = opened("journey")
    assert not app.exception
    paths = answered()
    assert len(paths) > 10
    assert f"{summary(paths)}." in captions(app)
    first = sum(path.visits for path in paths)
    assert sum(node["value"] for node in nodes(app) if node["depth"] == 0) == first


@pytest.mark.parametrize("steps", ["3", "7"])
def test_number_of_steps_is_that_of_the_url(opened: Open, steps: str) -> None:
    app = opened("journey", steps=steps)
    paths = answered(steps=int(steps))
    assert any(caption.startswith(summary(paths)) for caption in captions(app))
    assert max(node["depth"] for node in nodes(app)) == int(steps) - 1


def test_paths_start_and_end_at_the_chosen_pages(opened: Open) -> None:
    app = opened("journey", start="/", end="/cart", steps="3")
    paths = answered(steps=3, start="/", end="/cart")
    assert paths
    assert any(caption.startswith(summary(paths)) for caption in captions(app))
    assert [node["name"] for node in nodes(app) if node["depth"] == 0] == ["Step 1: /"]
    assert app.selectbox(key="pick_start").value == "/"


def test_filter_narrows_the_paths_or_is_reported_as_unsupported(opened: Open) -> None:
    app = opened("journey", filter="country.eq.DE")
    assert not app.exception
    view = replace(VIEW, filters=(Filter("country", "eq", "DE"),))
    problem = umami_server.umami().submit(reports.journey(view)).exception()
    if problem is None:
        paths = answered(view)
        assert paths != answered()
        assert any(caption.startswith(summary(paths)) for caption in captions(app))
    else:
        assert isinstance(problem, NotOffered)
        assert str(problem) in captions(app)
        assert len(app.get("echarts_chart")) < 2


@pytest.mark.parametrize(("side", "events"), [("after", True), ("before", True), ("after", False)])
def test_steps_of_a_page_add_up_to_its_visits(opened: Open, side: Side, events: bool) -> None:
    app = opened("journey", at="/cart", side=side, kinds="" if events else "pages")
    assert not app.exception
    rows = table(app, f"steps_{side}")
    client = umami_server.umami()
    if client.capabilities.whole_visits:
        around = client.ask(conversions.steps_around(VIEW, "/cart", events))
        ends = {"after": "(visit ended)", "before": "(visit began here)"}
    else:
        around = steps_around(answered(steps=7), "/cart", events)
        ends = {"after": "(no further step)", "before": "(visit began here)"}
    assert around.visits > 50
    counts = {name: int(visits.replace(",", "")) for name, visits, _ in rows}
    assert sum(counts.values()) == around.visits
    edge = around.ended if side == "after" else around.began
    assert counts.get(ends[side], 0) == edge
    steps = around.after if side == "after" else around.before
    for name, visits in zip(steps["name"][:12], steps["visits"][:12], strict=True):
        assert counts[name] == visits
    assert sum(float(share.rstrip("%")) for *_, share in rows) == pytest.approx(100, abs=0.7)
    (around_page, _) = app.get("echarts_chart")
    drawn = json.loads(around_page.proto.spec)["series"][0]["data"]
    assert {node["value"] for node in drawn if node["depth"] == 1} == {around.visits}


def test_page_of_a_filter_is_the_page_of_the_question(opened: Open) -> None:
    app = opened("journey", filter=["path.eq./cart"])
    assert app.selectbox(key="pick_at").value == "/cart"
    client = umami_server.umami()
    if client.capabilities.whole_visits:
        around = client.ask(conversions.steps_around(VIEW, "/cart"))
        counts = [int(visits.replace(",", "")) for _, visits, _ in table(app, "steps_after")]
        assert sum(counts) == around.visits > 50
    other = opened("journey", filter=["path.eq./cart"], at="/pricing")
    assert other.selectbox(key="pick_at").value == "/pricing"


def test_coverage_of_the_paths_is_stated(opened: Open) -> None:
    said = " ".join(captions(opened("journey", at="/cart")))
    exact = umami_server.umami().capabilities.whole_visits
    assert ("visits with this page (" in said) != exact
    assert ("Each counts once" in said) == exact


def test_default_page_is_the_most_frequent(opened: Open) -> None:
    app = opened("journey")
    first = umami_server.umami().ask(traffic.values(VIEW, "path"))[0].value
    assert app.selectbox(key="pick_at").value == first


def test_page_and_side_are_chosen(opened: Open) -> None:
    app = opened("journey")
    other = app.selectbox(key="pick_at").options[1]
    app.selectbox(key="pick_at").select(other).run()
    assert app.session_state["at"] == other
    app.segmented_control(key="pick_side").select("before").run()
    assert app.session_state["side"] == "before"
    assert table(app, "steps_before")


def test_page_without_visits_offers_others_and_keeps_the_controls(opened: Open) -> None:
    app = opened("journey", at="/*nowhere* <b>$x$")
    assert not app.exception
    assert "No visit in this period has this page." in " ".join(captions(app))
    assert app.segmented_control(key="pick_side")
    app.button(key="frequent_pages_0").click().run()
    assert app.selectbox(key="pick_at").value == app.session_state["at"]
    assert table(app, "steps_after")


def test_invalid_parameters_are_explained(opened: Open) -> None:
    app = opened("journey", steps="12")
    assert any("not a number of steps from 3 to 7" in caption for caption in captions(app))
    assert f"{summary(answered())}." in captions(app)


def test_start_without_visits_keeps_the_controls(opened: Open) -> None:
    app = opened("journey", start="/nowhere")
    assert not app.exception
    assert any("No visit took such a path" in caption for caption in captions(app))
    assert app.selectbox(key="pick_start").value == "/nowhere"
    app.button(key="paths_0").click().run()
    assert f"{summary(answered())}." in captions(app)
