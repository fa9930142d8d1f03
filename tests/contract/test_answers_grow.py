"""Servers may add members to any answer, and write numbers as text and null for what they lack:
no reader breaks by it, and no number changes.

The answers are those of the recorded servers in the newest form, and samples of the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.asking import Unspoken, query_of
from tests.contract.recordings import VERSIONS, Unrecorded, lines, newest_form, recording
from tests.contract.samples import SAMPLES
from tests.contract.test_generation_blindness import plain
from umami.endpoint import JSON, REGISTRY, Query

ROWS = 4
LONGEST = 2500
"""Characters of an answer; longer ones take long to change and say no more."""
MAPS = frozenset({"parameters", "countries", "urls", "referrers", "utm"})
"""Objects whose keys are data: what is in them is not the server's to add to."""
MAPS_OF = {"website_charts": frozenset({"data"})}
NULLABLE = frozenset(
    {
        "apiKey", "authType", "browser", "city", "country", "createdAt", "deletedAt", "device",
        "description", "distinctId", "domain", "hostname", "language", "logoUrl", "os",
        "pageTitle", "referrerDomain", "referrerPath", "region", "replayConfig", "resetAt",
        "resolvedAt", "screen", "shareId", "tag", "teamId", "updatedAt", "urlPath", "urlQuery",
        "userId",
    }
)  # fmt: skip
"""Members that may be null in the database of Umami, and are no numbers."""
NEEDED = {
    "events": frozenset({"createdAt"}),
    "activity": frozenset({"createdAt"}),
    "realtime": frozenset({"createdAt"}),
}
"""Of those: what the rows of these answers always have."""


def answers() -> Iterator[tuple[Query[Any], JSON]]:
    """Questions with good answers in the newest form."""
    for version in VERSIONS:
        server = recording(version)
        for line in lines(version):
            if line["status"] != 200:
                continue
            try:
                question = query_of(line, version)
                if server.dialect.refusal(question) is None:
                    answer = newest_form(question, server.dialect, server.ask)
                    yield question, shortened(answer)
            except (Unspoken, Unrecorded):
                continue
    yield from SAMPLES.values()


def shortened(answer: JSON) -> JSON:
    """The answer with the first rows of its list."""
    if isinstance(answer, dict) and isinstance(answer.get("data"), list):
        return {**answer, "data": answer["data"][:ROWS]}
    if isinstance(answer, list) and all(isinstance(row, dict) for row in answer):
        return answer[:ROWS]
    return answer


@cache
def longest_of_each() -> dict[str, tuple[Query[Any], JSON]]:
    """The longest answer of each endpoint, up to a limit."""
    longest: dict[str, tuple[int, Query[Any], JSON]] = {}
    for question, answer in answers():
        size = len(json.dumps(answer))
        best = longest.get(question.name, (-1, question, answer))[0]
        if best < size <= LONGEST or best == -1 or size <= LONGEST < best:
            longest[question.name] = (size, question, answer)
    return {name: (question, answer) for name, (_size, question, answer) in longest.items()}


FEW = settings(max_examples=settings().max_examples // 4)
NEW_KEYS = st.text("abcxyz_", min_size=1, max_size=6).map("new_{}".format)
NEW_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
ADDITIONS = st.dictionaries(NEW_KEYS, NEW_VALUES, max_size=2)
Change = Callable[[str, JSON], JSON]
"""Another value for a member; lists hand their name on to what is in them."""


def changed(answer: JSON, change: Change, maps: frozenset[str], name: str = "") -> JSON:
    """The answer with each of its values changed, from the inside out."""
    if name in maps:
        return answer
    if isinstance(answer, dict):
        inner = {key: changed(value, change, maps, key) for key, value in answer.items()}
        return change(name, inner)
    if isinstance(answer, list):
        return [changed(value, change, maps, name) for value in answer]
    return change(name, answer)


def maps_of(name: str) -> frozenset[str]:
    return MAPS | MAPS_OF.get(name, frozenset())


def model(question: Query[Any], answer: JSON) -> Any:
    return plain(question, question.read(answer))


@cache
def model_of_good_answer(name: str) -> Any:
    return model(*longest_of_each()[name])


def numbers(value: Any) -> list[float]:
    """All numbers of a model."""
    if isinstance(value, dict):
        return [number for member in value.values() for number in numbers(member)]
    if isinstance(value, list):
        return [number for member in value for number in numbers(member)]
    return [float(value)] if isinstance(value, int | float) else []


def test_every_endpoint_has_an_answer() -> None:
    assert set(longest_of_each()) == set(REGISTRY)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(REGISTRY))
@FEW
@given(data=st.data())
def test_additional_members_are_ignored(name: str, data: st.DataObject) -> None:
    question, good = longest_of_each()[name]

    def grown(_name: str, value: JSON) -> JSON:
        return {**value, **data.draw(ADDITIONS)} if isinstance(value, dict) else value

    assert model(question, changed(good, grown, maps_of(name))) == model_of_good_answer(name)


@pytest.mark.parametrize("name", sorted(REGISTRY))
@FEW
@given(data=st.data())
def test_numbers_as_text_are_parsed_as_numbers(name: str, data: st.DataObject) -> None:
    question, good = longest_of_each()[name]

    def written(_name: str, value: JSON) -> JSON:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        texts = [str(value), f"{value}.0000"] if isinstance(value, int) else [str(value)]
        return data.draw(st.sampled_from([value, *texts]))

    assert model(question, changed(good, written, MAPS)) == model_of_good_answer(name)


@pytest.mark.parametrize("name", sorted(REGISTRY))
@FEW
@given(data=st.data())
def test_null_members_change_no_number(name: str, data: st.DataObject) -> None:
    question, good = longest_of_each()[name]
    nullable = NULLABLE - NEEDED.get(name, frozenset())

    def emptied(member: str, value: JSON) -> JSON:
        if member not in nullable or isinstance(value, dict):
            return value
        return data.draw(st.sampled_from([value, None]))

    less = changed(good, emptied, maps_of(name))
    # Rows may be in another order: what they are sorted by may be null now.
    assert sorted(numbers(model(question, less))) == sorted(numbers(model_of_good_answer(name)))
