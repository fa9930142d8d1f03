"""The sample that ``make test`` runs names tests that exist."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.sampling import SHARES, sample

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("file", SHARES)
def test_what_is_sampled_exists(file: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    shares = SHARES[file]
    assert isinstance(shares, int) or shares.keys() <= names


def test_each_nth_case_of_a_matrix_is_run() -> None:
    matrix = [f"tests/pages/test_fault_matrix.py::test_x[{number}]" for number in range(25)]
    other = ["tests/some.py::test_y[1]", "tests/some.py::test_y[2]"]
    run = sample([*matrix, *other])
    assert [number for number, kept in enumerate(run) if kept] == [0, 12, 24, 25, 26]
