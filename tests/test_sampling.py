"""The marks of tests decide which cases run."""

from __future__ import annotations

from tests.sampling import Case, sampled

MATRIX = [Case("matrix", every=12) for _ in range(25)]
OTHER = [Case("other"), Case("other")]
LEFT = [Case("journey", thorough=True), Case("journey", every=3, thorough=True)]
SLOW = [Case("slow", slow=True), Case("slow", slow=True)]
LONG = [Case("long") for _ in range(17)]


def chosen(*, quick: bool) -> list[int]:
    runs = sampled([*MATRIX, *OTHER, *LEFT, *SLOW, *LONG], quick=quick)
    return [number for number, run in enumerate(runs) if run]


def test_make_test_runs_each_nth_case_of_a_matrix_and_at_most_two_of_other_tests() -> None:
    assert chosen(quick=False) == [0, 12, 24, 25, 26, 29, 30, 31, 40]


def test_make_test_quick_runs_the_first_case_of_what_is_not_slow() -> None:
    assert chosen(quick=True) == [0, 25, 31]
