"""The diagram of journeys."""

from __future__ import annotations

import json

import pytest

from components.charts.flows import height, labels, least_width, names, sankey_spec, table
from components.theme import PALETTES, Mode
from umami.analysis.activity import Flow, Node, flow
from umami.api.reports import Path

MODES: tuple[Mode, ...] = ("light", "dark")
LONG = "/" + "x" * 499


def drawn(*paths: tuple[tuple[str, ...], int]) -> Flow:
    return flow([Path(steps, visits) for steps, visits in paths])


def test_node_names_are_complete_and_labels_are_shortened() -> None:
    paths = drawn(((LONG, "/b"), 1_234))
    assert names(paths)[0] == f"Step 1: {LONG}"
    label = labels(paths)[0]
    assert label.endswith("…  1,234")
    assert len(label) < 40


def test_labels_get_shorter_with_more_steps() -> None:
    three = drawn(((LONG, "/b", "/c"), 1))
    seven = drawn(((LONG, *"bcdefg"), 1))
    assert len(labels(seven)[0]) < len(labels(three)[0])
    assert least_width(three) < least_width(seven) <= 940


def test_node_names_are_unique() -> None:
    paths = drawn((("/", "/a", "/"), 1), *(((f"/{n}", "/a"), 1) for n in range(20)))
    assert len(set(names(paths))) == len(paths.nodes)


def test_page_named_like_the_folded_node_stays_separate() -> None:
    """ECharts identifies nodes by their names alone."""
    nodes = (Node(1, "(visit ended)", 3), Node(1, "(visit ended)", 2), Node(1, "a", 1, 14))
    alike = names(Flow((*nodes, *nodes), (), ("After",)))
    assert len(set(alike)) == 6
    assert [name.rstrip("\u200b") for name in alike[1:3]] == [
        "After: (visit ended)",
        "After, 14 more",
    ]


def test_table_has_every_link_in_the_order_of_the_steps() -> None:
    paths = drawn((("/", "/a", "/"), 2), (("/", "/b"), 3), (("/b", "/a"), 1))
    assert table(paths).to_numpy().tolist() == [
        ["Step 1: /", "Step 2: /b", 3],
        ["Step 1: /", "Step 2: /a", 2],
        ["Step 1: /b", "Step 2: /a", 1],
        ["Step 2: /a", "Step 3: /", 2],
    ]


def test_chosen_page_is_highlighted_at_every_step() -> None:
    paths = drawn((("/", "/a"), 3), (("/a", "/"), 2))
    (series,) = sankey_spec(paths, "/a", "light")["series"]
    chosen = PALETTES["light"].categorical[1]
    marked = {node["name"] for node in series["data"] if node["itemStyle"]["color"] == chosen}
    assert marked == {"Step 1: /a", "Step 2: /a"}


@pytest.mark.parametrize("mode", MODES)
def test_sankey_specification_is_valid_and_escaped(mode: Mode) -> None:
    tail = [(("/", f"/{n}"), 1) for n in range(20)]
    spec = sankey_spec(drawn((("/", "/a{b}"), 30), *tail), "/", mode)
    json.dumps(spec)
    (series,) = spec["series"]
    colours = {row["name"]: row["itemStyle"]["color"] for row in series["data"]}
    palette = PALETTES[mode]
    assert colours["Step 1: /"] == palette.categorical[1]
    assert colours["Step 2: /a{b}"] == palette.categorical[0]
    assert palette.muted in colours.values()
    assert series["data"][0]["value"] == 50
    labels = [row["label"]["formatter"] for row in series["data"]]
    # Braces are templates there.
    assert "/a(b)  30" in labels
    assert {link["source"] for link in series["links"]} == {"Step 1: /"}
    assert sum(link["value"] for link in series["links"]) == 50


def test_no_paths_give_an_empty_diagram() -> None:
    nothing = flow([])
    assert sankey_spec(nothing, "", "light")["series"][0]["data"] == []
    assert height(nothing) == 220
    assert least_width(nothing) > 0
