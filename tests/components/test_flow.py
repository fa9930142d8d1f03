"""The flow of journeys as it is drawn."""

from __future__ import annotations

import json

import pytest

from components.charts.flows import name, sankey, sankey_spec
from components.theme import PALETTES, Mode
from umami.analysis.journey import Flow, Through, flow
from umami.api.reports import Path

MODES: tuple[Mode, ...] = ("light", "dark")
LONG = "/" + "x" * 499


def drawn(*paths: tuple[tuple[str, ...], int]) -> Flow:
    return flow([Path(steps, visits) for steps, visits in paths])


def test_names_are_whole_and_labels_are_cut() -> None:
    data = sankey(drawn(((LONG, "/b"), 1_234)), None)
    assert data.names[0] == f"Step 1: {LONG}"
    assert data.labels[0].endswith("…  1,234")
    assert len(data.labels[0]) < 40


def test_more_steps_leave_less_room() -> None:
    three = sankey(drawn(((LONG, "/b", "/c"), 1)), None)
    seven = sankey(drawn(((LONG, *"bcdefg"), 1)), None)
    assert len(seven.labels[0]) < len(three.labels[0])
    assert three.least_width < seven.least_width <= 940


def test_no_two_nodes_are_called_alike() -> None:
    data = sankey(drawn((("/", "/a", "/"), 1), *(((f"/{n}", "/a"), 1) for n in range(20))), None)
    assert len(set(data.names)) == len(data.names)


def test_a_page_called_like_the_rest_is_not_the_rest() -> None:
    """ECharts knows nodes by their names alone."""
    many = [((f"/{n}",), 2) for n in range(20)]
    paths = drawn((("14 others",), 50), *many)
    names = [name(node) for node in paths.nodes]
    assert len(set(names)) == len(names)


def test_the_node_looked_through_stands_out() -> None:
    data = sankey(drawn((("/", "/a"), 3), (("/a", "/"), 2)), Through(2, "/a"))
    assert [one for one, chosen in zip(data.names, data.chosen, strict=True) if chosen] == [
        "Step 2: /a"
    ]


@pytest.mark.parametrize("mode", MODES)
def test_what_echarts_is_told(mode: Mode) -> None:
    tail = [(("/", f"/{n}"), 1) for n in range(20)]
    data = sankey(drawn((("/", "/a{b}"), 30), *tail), Through(1, "/"))
    spec = sankey_spec(data, mode)
    json.dumps(spec)
    (series,) = spec["series"]
    colours = {one["name"]: one["itemStyle"]["color"] for one in series["data"]}
    palette = PALETTES[mode]
    assert colours["Step 1: /"] == palette.categorical[1]
    assert colours["Step 2: /a{b}"] == palette.categorical[0]
    assert palette.muted in colours.values()
    assert series["data"][0]["value"] == 50
    labels = [one["label"]["formatter"] for one in series["data"]]
    # Braces are templates there.
    assert "/a(b)  30" in labels
    assert {one["source"] for one in series["links"]} == {"Step 1: /"}
    assert sum(one["value"] for one in series["links"]) == 50


def test_nothing_is_fine() -> None:
    data = sankey(flow([]), None)
    assert sankey_spec(data, "light")["series"][0]["data"] == []
    assert data.height == 220
    assert data.least_width > 0
