"""Which tests run: all, the sample of ``make test``, or the first cases of ``make test-quick``.

Marks on the tests decide; docs/testing.md describes them. Tests that are named on the command line
run in full.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Final

MOST: Final = 2
"""Cases of a parametrised test that run in ``make test`` unless a mark says otherwise."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a test: the test's name without the parameters, and what its marks say."""

    test: str
    every: int | None = None
    """``sample(8)``: every eighth case of the test runs. By default, ``MOST`` of them do."""
    thorough: bool = False
    slow: bool = False


def sampled(cases: Iterable[Case], *, quick: bool = False) -> list[bool]:
    """Whether each case runs; the first case of every test that is not left out always does."""
    cases = list(cases)
    number, seen = Counter(case.test for case in cases), Counter[str]()
    runs = []
    for case in cases:
        every = case.every or ceil(number[case.test] / MOST)
        left_out = case.thorough or (quick and (case.slow or seen[case.test] > 0))
        runs.append(not left_out and seen[case.test] % every == 0)
        seen[case.test] += 1
    return runs
