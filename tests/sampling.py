"""Which tests run: all, the sample of ``make test``, or the first cases of ``make test-quick``.

Marks on the tests decide; docs/testing.md describes them. Tests that are named on the command line
run in full.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a test: the test's name without the parameters, and what its marks say."""

    test: str
    every: int = 1
    """``sample(8)``: every eighth case of the test runs."""
    thorough: bool = False
    slow: bool = False


def sampled(cases: Iterable[Case], *, quick: bool = False) -> list[bool]:
    """Whether each case runs; the first case of every test that is not left out always does."""
    seen: Counter[str] = Counter()
    runs = []
    for case in cases:
        left_out = case.thorough or (quick and (case.slow or seen[case.test] > 0))
        runs.append(not left_out and seen[case.test] % case.every == 0)
        seen[case.test] += 1
    return runs
