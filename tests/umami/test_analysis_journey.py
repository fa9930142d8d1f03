"""Paths as a flow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umami.analysis.activity import MOST_NODES, Side, flow, path_table, step_table, steps_around
from umami.api.reports import Path

SIDES: tuple[Side, ...] = ("before", "after")
PATHS = (
    Path(("/", "/pricing", "signup"), 6),
    Path(("/", "/pricing"), 3),
    Path(("/blog",), 2),
    Path(("/", "/blog"), 1),
)


def test_nodes_count_the_visits_that_came_by() -> None:
    graph = flow(PATHS)
    assert [(node.step, node.name, node.visits) for node in graph.nodes] == [
        (1, "/", 10),
        (1, "/blog", 2),
        (2, "/pricing", 9),
        (2, "/blog", 1),
        (3, "signup", 6),
    ]
    assert {
        (graph.nodes[link.source].name, graph.nodes[link.target].name): link.visits
        for link in graph.links
    } == {("/", "/pricing"): 9, ("/", "/blog"): 1, ("/pricing", "signup"): 6}


def test_a_name_is_another_node_at_each_step() -> None:
    graph = flow([Path(("/", "/a", "/"), 1)])
    assert [(node.step, node.name) for node in graph.nodes] == [(1, "/"), (2, "/a"), (3, "/")]


def test_exactly_as_many_as_are_kept_are_not_folded() -> None:
    graph = flow([Path((f"/{at}",), 1) for at in range(MOST_NODES)])
    assert len(graph.nodes) == MOST_NODES
    assert not any(node.folded for node in graph.nodes)


def test_a_long_tail_is_one_node_with_its_count() -> None:
    graph = flow([Path(("/", f"/{at}"), 100 - at) for at in range(20)])
    second = [node for node in graph.nodes if node.step == 2]
    assert len(second) == MOST_NODES
    assert (second[-1].name, second[-1].folded) == ("", 20 - MOST_NODES + 1)
    assert second[-1].visits == sum(100 - at for at in range(MOST_NODES - 1, 20))
    into_the_rest = [link for link in graph.links if graph.nodes[link.target] == second[-1]]
    assert [link.visits for link in into_the_rest] == [second[-1].visits]


def test_nothing_is_no_flow() -> None:
    assert flow([]).nodes == ()
    assert path_table([]).empty
    assert list(path_table([]).columns) == ["path", "length", "visits", "share"]


def test_the_table_has_shares_of_these_paths() -> None:
    frame = path_table(PATHS)
    assert frame["path"].iloc[0] == "/  →  /pricing  →  signup"
    assert frame["length"].tolist() == [3, 2, 1, 2]
    assert frame["share"].tolist() == [0.5, 0.25, pytest.approx(1 / 6), pytest.approx(1 / 12)]


STEPS = st.sampled_from([*(f"/{at}" for at in range(5)), "signup"])
ROUTES = st.lists(
    st.builds(Path, st.lists(STEPS, min_size=1, max_size=7).map(tuple), st.integers(1, 50)),
    max_size=30,
)


def test_steps_around_a_page_skip_its_reloads() -> None:
    paths = [
        Path(("/", "/a", "/a", "/b", "/a", "/c"), 3),
        Path(("/a", "signup"), 2),
        Path(("/b", "/a"), 1),
        Path(("/b", "/c"), 9),
    ]
    around = steps_around(paths, "/a")
    assert (around.visits, around.began, around.ended) == (6, 2, 1)
    assert around.before.values.tolist() == [["path", "/", 3], ["path", "/b", 1]]
    assert around.after.values.tolist() == [["path", "/b", 3], ["event", "signup", 2]]


@given(ROUTES, STEPS, st.integers(1, 4), st.booleans())
def test_both_sides_of_a_page_add_up_to_its_visits(
    paths: list[Path], page: str, most: int, events: bool
) -> None:
    around = steps_around(paths, page, events)
    assert around.visits == sum(path.visits for path in paths if page in path.steps)
    for side in SIDES:
        table = step_table(around, side, most)
        assert table["visits"].sum() == around.visits
        assert table["share"].sum() == pytest.approx(1 if around.visits else 0)
        assert page not in table["name"].tolist()
        assert events or "event" not in table["kind"].tolist()
        steps = table[table["kind"].isin(("path", "event"))]
        assert len(steps) <= most
        assert (table["visits"] > 0).all()


@given(
    st.lists(
        st.builds(
            Path,
            st.lists(st.sampled_from([f"/{at}" for at in range(14)]), min_size=1, max_size=7).map(
                tuple
            ),
            st.integers(1, 50),
        ),
        max_size=40,
    )
)
def test_no_visit_is_lost_or_made(paths: list[Path]) -> None:
    graph = flow(paths)
    for step in range(1, 8):
        came = sum(path.visits for path in paths if len(path.steps) >= step)
        nodes = [node for node in graph.nodes if node.step == step]
        assert sum(node.visits for node in nodes) == came
        assert len(nodes) <= MOST_NODES
        inward = [link for link in graph.links if graph.nodes[link.target].step == step]
        assert sum(link.visits for link in inward) == (came if step > 1 else 0)
    for at, node in enumerate(graph.nodes):
        assert sum(link.visits for link in graph.links if link.source == at) <= node.visits
