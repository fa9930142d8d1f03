"""Whatever a server answers, a query returns a model or raises an ``UmamiError``."""

from __future__ import annotations

import contextlib
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.asking import Unspoken, query_of
from tests.contract.recordings import VERSIONS, answered, lines
from tests.contract.samples import SAMPLES
from umami.compat.generations import Generation
from umami.connection import dialect
from umami.endpoint import REGISTRY, Query
from umami.errors import UmamiError, UnexpectedAnswer

pytestmark = pytest.mark.sample(12)


@cache
def examples() -> dict[str, tuple[Query[Any], Any]]:
    """A question of each endpoint, with a good answer."""
    questions: dict[str, tuple[Query[Any], Any]] = {}
    recorded = [(version, line) for version in VERSIONS for line in lines(version)]
    for version, line in recorded:
        if line["status"] != 200:
            continue
        try:
            question = query_of(line, version)
        except Unspoken:
            continue
        if question.name not in questions or len(json.dumps(line["answer"])) < 400:
            questions[question.name] = (question, line["answer"])
    return {**questions, **SAMPLES}


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["9e999", "NaN", "-1", "2026-08-01 00:00:00", "2026-13-01", "\0", "null"]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_every_endpoint_has_an_example() -> None:
    assert set(examples()) == set(REGISTRY)


def read(question: Query[Any], answer: Any) -> None:
    """Parse as the client does, in every dialect; errors of a plan become errors of the client."""
    for generation in Generation:
        with contextlib.suppress(
            UmamiError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError
        ):
            answered(question, dialect(generation), lambda _request: answer)
    with contextlib.suppress(UmamiError):
        question.read(answer)


@pytest.mark.parametrize("name", sorted(REGISTRY))
@given(data=st.data())
def test_random_answers_are_parsed_or_refused(name: str, data: st.DataObject) -> None:
    question, _good = examples()[name]
    read(question, data.draw(ANYTHING))


def spoiled(good: Any, data: st.DataObject) -> Any:
    """A valid answer with one part replaced by anything."""
    if isinstance(good, dict) and good and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(good)))
        return {**good, key: spoiled(good[key], data)}
    if isinstance(good, list) and good and data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(good) - 1))
        return [*good[:place], spoiled(good[place], data), *good[place + 1 :]]
    return data.draw(ANYTHING)


@pytest.mark.parametrize("name", sorted(REGISTRY))
@given(data=st.data())
def test_damaged_answers_are_parsed_or_refused(name: str, data: st.DataObject) -> None:
    question, good = examples()[name]
    read(question, spoiled(good, data))


def test_a_list_whose_pages_repeat_ends() -> None:
    question, _good = examples()["websites"]
    row = {"id": "7d1f6a30-0000-4000-8000-000000000001", "name": "Shop"}
    read(question, {"data": [row], "count": 10**9, "page": 1, "pageSize": 10})


@pytest.mark.parametrize("name", sorted(set(REGISTRY) - {"website", "report", "session"}))
def test_unexpected_answer_names_its_endpoint(name: str) -> None:
    question, _good = examples()[name]
    with pytest.raises(UnexpectedAnswer) as refused:
        question.read("nonsense")
    assert name in str(refused.value)
    assert refused.value.endpoint == name
