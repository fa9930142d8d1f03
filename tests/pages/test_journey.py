"""The Journey page, without a browser."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components import umami_server
from tests.pages.conftest import SHOP, Open, unescaped
from umami.analysis.activity import Through
from umami.api import reports
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
    return f"{sum(path.visits for path in paths):,} visits on {len(paths):,} paths"


def captions(app: AppTest) -> list[str]:
    return [unescaped(element.value) for element in app.caption]


def nodes(app: AppTest) -> list[dict[str, Any]]:
    (chart,) = app.get("echarts_chart")
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
        assert not app.get("echarts_chart")


def test_paths_are_limited_to_a_node(opened: Open) -> None:
    app = opened("journey", through="2./pricing")
    leading = [path for path in answered() if Through(2, "/pricing").leads(path)]
    assert leading
    assert any(caption.startswith(f"{summary(leading)}, ") for caption in captions(app))
    assert [node["name"] for node in nodes(app) if node["depth"] == 1] == ["Step 2: /pricing"]
    app.button(key="all_paths").click().run()
    assert f"{summary(answered())}." in captions(app)


def test_node_is_chosen_by_name(opened: Open) -> None:
    app = opened("journey")
    app.selectbox(key="pick_through").select("1./").run()
    assert app.session_state["through"] == "1./"
    leading = [path for path in answered() if Through(1, "/").leads(path)]
    assert any(caption.startswith(f"{summary(leading)}, ") for caption in captions(app))


def test_changing_the_steps_clears_the_node(opened: Open) -> None:
    app = opened("journey", through="5./thank-you")
    app.selectbox(key="pick_steps").select(3).run()
    assert app.session_state["steps"] == "3"
    assert app.session_state["through"] == ""
    assert not app.exception


def test_invalid_parameters_are_explained(opened: Open) -> None:
    app = opened("journey", steps="12", through="nonsense")
    assert any("not a number of steps from 3 to 7" in caption for caption in captions(app))
    assert f"{summary(answered())}." in captions(app)


def test_node_without_visits_is_explained(opened: Open) -> None:
    app = opened("journey", through="2./*nowhere* <b>$x$")
    assert not app.exception
    assert "None of the paths goes through there." in captions(app)
    assert app.button(key="all_paths")


def test_start_without_visits_is_explained(opened: Open) -> None:
    app = opened("journey", start="/nowhere")
    assert not app.exception
    assert any("No visit took such a path" in caption for caption in captions(app))
    assert not app.get("echarts_chart")
