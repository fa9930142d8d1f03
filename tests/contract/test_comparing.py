"""The comparison ignores other spellings of equal answers, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.comparing import as_sets, differences, ordered_by


def count(row: dict[str, Any]) -> Any:
    return row["y"]


@pytest.mark.parametrize(
    ("answer", "recorded"),
    [
        ({"a": 1}, {"a": 1.0}),
        ({"sum": 5}, {"sum": "5"}),
        ({"sum": "5.50"}, {"sum": 5.5}),
        ({"a": 0.1 + 0.2}, {"a": 0.3}),
        ([{"sum": "1"}], [{"sum": 1}]),
    ],
)
def test_equal_answers_have_no_differences(answer: Any, recorded: Any) -> None:
    assert differences(answer, recorded, numeric=("sum",)) == []


@pytest.mark.parametrize(
    ("answer", "recorded"),
    [
        ({}, {"a": None}),
        ({"a": None, "b": 1}, {"a": None}),
        ({"a": 0}, {"a": None}),
        ({"a": 1}, {"a": True}),
        ({"a": "1"}, {"a": 1}),
        ({"sum": "x"}, {"sum": "y"}),
        ({"sum": None}, {"sum": 0}),
        ({"a": 1.00001}, {"a": 1}),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ({"a": []}, {"a": {}}),
    ],
)
def test_different_answers_have_differences(answer: Any, recorded: Any) -> None:
    assert differences(answer, recorded, numeric=("sum",))


def test_tied_rows_may_swap_but_not_change() -> None:
    recorded = [{"x": "a", "y": 3}, {"x": "b", "y": 2}, {"x": "c", "y": 2}, {"x": "d", "y": 1}]
    swapped = [recorded[0], recorded[2], recorded[1], recorded[3]]
    assert ordered_by(swapped, recorded, count) == []
    assert ordered_by(list(reversed(recorded)), recorded, count)
    assert ordered_by([*recorded[:3], {"x": "e", "y": 1}], recorded, count)


def test_limit_may_cut_through_ties() -> None:
    complete = [{"x": name, "y": 1 if name > "a" else 2} for name in "abcd"]
    recorded = [complete[0], complete[1]]
    other = [complete[0], complete[3]]
    assert ordered_by(other, recorded, count, cut=True, complete=complete) == []
    assert ordered_by(other, recorded, count)
    invented = [complete[0], {"x": "z", "y": 1}]
    assert ordered_by(invented, recorded, count, cut=True, complete=complete)


def test_sets_are_compared_without_order_but_with_size() -> None:
    assert as_sets([1, 2, 2], [2, 1, 2]) == []
    assert as_sets([1, 2], [2, 1, 2])
