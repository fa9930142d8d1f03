"""What follows from answers is worked out once, and never from another answer."""

from __future__ import annotations

import gc

import pandas as pd
import pytest

from umami.analysis import marketing as analysis
from umami.api.reports import Utm
from umami.memoize import memoize


def _utm(views: int) -> Utm:
    return Utm(pd.DataFrame({"parameter": ["source"], "value": ["news"], "views": [views]}))


def test_one_answer_is_worked_out_once() -> None:
    answer = _utm(3)
    assert analysis.utm_table(answer, None, "source") is analysis.utm_table(answer, None, "source")
    assert analysis.utm_table(answer, None, "medium").empty


def test_answers_that_say_the_same_are_others_all_the_same() -> None:
    now, before = _utm(3), _utm(4)
    assert list(analysis.utm_table(now, None, "source")["views"]) == [3]
    assert list(analysis.utm_table(before, None, "source")["views"]) == [4]
    assert list(analysis.utm_table(now, before, "source")["before"]) == [4]


def test_an_answer_in_the_place_of_one_that_went_is_another() -> None:
    for views in range(200):
        assert list(analysis.utm_table(_utm(views), None, "source")["views"]) == [views]
        gc.collect(0)


def test_what_says_the_same_is_worked_out_once() -> None:
    made: list[tuple[str, ...]] = []

    @memoize
    def joined(words: tuple[str, ...], *, by: str) -> str:
        made.append(words)
        return by.join(words)

    assert joined(("a", "b"), by="-") == joined(("a", "b"), by="-") == "a-b"
    assert joined(("a", "b"), by="+") == "a+b"
    assert len(made) == 2


def test_failures_are_not_kept() -> None:
    tries = iter((None, "there"))

    @memoize
    def fails(name: str) -> str:
        value = next(tries)
        if value is None:
            raise LookupError(name)
        return value

    with pytest.raises(LookupError):
        fails("x")
    assert fails("x") == "there"
