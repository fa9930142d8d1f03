"""No page can tell the generation: every server's answer makes the same model.

Each question that a recording holds is asked of a server of each version and of all four
recordings, where they hold it. The answers of older versions and of 3.5 are compared with those of
3.1.0, and the answers of 3.3 and 3.4 with those of 3.5, which differ in less. What
differs is stated in ``docs.differences.csv``; ``docs/compatibility.md`` shows it.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import httpx
import pandas as pd
import pytest

from docs.differences import DIFFERENCES, differs
from tests.contract.asking import Unspoken, query_of
from tests.contract.recordings import DATA, VERSIONS, Ask, Unrecorded, answered, lines, recording
from tests.contract.samples import SAMPLES
from tests.doubles.umami import serve as serve_version
from tests.embedded.conftest import signed_in
from umami.api import account, realtime, reports, websites
from umami.compat.dialect import Dialect
from umami.compat.generations import Generation
from umami.connection import dialect
from umami.endpoint import JSON, REGISTRY, Access, Query, Request
from umami.errors import NotFound, NotOffered

SHOP = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
SERVED = {
    "2.18": Generation.V2_18,
    "2.20": Generation.V2_20,
    "3.1": Generation.V3_1,
    "3.2": Generation.V3_2,
    "3.3": Generation.V3_3,
    "3.4": Generation.V3_4,
    "3.5": Generation.V3_5,
}
"""Versions that a running server stands for."""
OLD_REFERENCE = ("v3.1.0", "3.1")
NEW_REFERENCE = ("3.5",)
"""Where the answer that others are compared with is taken from: the first source that has it."""
PAIRS = [
    *(
        (source, OLD_REFERENCE)
        for source in ("2.18", "2.20", "3.1", "3.2", "3.5", "v2.18.1", "v2.20.2")
    ),
    ("v3.0.3", OLD_REFERENCE),
    *((source, NEW_REFERENCE) for source in ("3.3", "3.4")),
]
MOST_PATHS = 100
"""Servers tell no more of a journey, and which of equals are the last is theirs."""


def questions() -> dict[str, list[Query[Any]]]:
    """Every query that was recorded of any server, and some that were not."""
    questions: dict[str, Query[Any]] = {}
    for version in VERSIONS:
        for line in lines(version):
            if line["status"] == 200:
                try:
                    question = query_of(line, version)
                except Unspoken:
                    continue
                questions.setdefault(question.key, question)
    for question in (
        websites.websites(),
        websites.websites(search="docs"),
        websites.website(SHOP),
        realtime.realtime(SHOP),
        reports.reports(SHOP),
        account.verify(),
    ):
        questions[question.key] = question
    by_name: dict[str, list[Query[Any]]] = {}
    for question in questions.values():
        by_name.setdefault(question.name, []).append(question)
    return by_name


QUESTIONS = questions()
UNASKED = {
    **{
        name: "no recorded server offers it; test_newer_endpoints.py reads it in each generation"
        for name, (question, _answer) in SAMPLES.items()
        if question.endpoint.access is Access.READS and name not in QUESTIONS
    },
    "login": "a token is another each time; test_unrecorded.py signs in on both faces",
    "report": "needs a report to be saved, as test_unrecorded.py does on both faces",
    "segments": "2.18 has none; test_unrecorded.py saves one on the others",
}


@pytest.fixture(scope="module")
def sources() -> Iterator[dict[str, tuple[Dialect, Ask]]]:
    with ExitStack() as stack:
        served = {
            version: stack.enter_context(
                signed_in(stack.enter_context(serve_version(version, DATA / "tables")))
            )
            for version in SERVED
        }
        yield {
            **{
                version: (dialect(generation), http(served[version]))
                for version, generation in SERVED.items()
            },
            **{
                version: (recording(version).dialect, recording(version).ask)
                for version in VERSIONS
            },
        }


def http(client: httpx.Client) -> Ask:
    """Asks a running server."""

    def ask(request: Request) -> JSON:
        content = None if request.body is None else request.body.encode()
        answer = client.request(
            request.method, f"/api{request.path}", params=request.params, content=content
        )
        if answer.status_code == 404:
            raise NotFound(answer.text)
        return answer.raise_for_status().json()

    return ask


@pytest.mark.slow
@pytest.mark.sample(48)
@pytest.mark.parametrize(
    ("source", "references"), PAIRS, ids=[f"{source} as {named[-1]}" for source, named in PAIRS]
)
@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_model_is_the_same_for_every_generation(
    name: str, source: str, references: Sequence[str], sources: dict[str, tuple[Dialect, Ask]]
) -> None:
    compared = 0
    for question in QUESTIONS[name]:
        speaks, ask = sources[source]
        try:
            have = outcome(question, speaks, ask)
        except Unrecorded:
            continue
        want, other = reference(question, references, sources)
        stated = differs(question, speaks.generation, other)
        if isinstance(have, NotOffered):
            assert stated is not None, f"{source} refuses, which is not stated: {have}"
            continue
        if isinstance(have, NotFound) or isinstance(want, NotFound):
            assert type(have) is type(want)
            continue
        if stated is not None:
            have, want = (without(model, stated.members) for model in (have, want))
        assert have == want, (source, question)
        compared += 1
    if source in SERVED and not any(name in difference.endpoints for difference in DIFFERENCES):
        assert compared


KNOWN: dict[tuple[Query[Any], Sequence[str]], tuple[Any, Generation]] = {}


def reference(
    question: Query[Any], names: Sequence[str], sources: dict[str, tuple[Dialect, Ask]]
) -> tuple[Any, Generation]:
    """The answer of the first of these sources that has one, asked once, and its generation."""
    if (question, names) in KNOWN:
        return KNOWN[question, names]
    for source in names:
        speaks, ask = sources[source]
        try:
            KNOWN[question, names] = outcome(question, speaks, ask), speaks.generation
            return KNOWN[question, names]
        except Unrecorded:
            continue
    raise AssertionError("no source has an answer")


def outcome(question: Query[Any], speaks: Dialect, ask: Ask) -> Any:
    """The model as plain values in an order of their own, or that there is none."""
    cut: list[Request] = []

    def noting(request: Request) -> JSON:
        answer = ask(request)
        if isinstance(answer, list) and len(answer) == MOST_PATHS:
            cut.append(request)
        return answer

    try:
        model = answered(question, speaks, noting)
        if question.name == "journey" and cut:
            return "cut among equals"
        return plain(question, model)
    except (NotOffered, NotFound) as problem:
        return problem


def plain(question: Query[Any], model: Any) -> Any:
    """A model as plain values; lists whose order servers do not promise are in one of ours."""
    values = _plain(model)
    if part := {"metrics": "rows", "groups": "frame"}.get(question.name):
        return {**values, part: above_the_cut(values[part], question.arguments["limit"])}
    if question.name == "event_data_fields" and len(values) >= 100:
        return "a hundred of more, in no order"
    if question.name == "values" and len(values) == 10:
        least = min(item["count"] for item in values)
        return ordered([item for item in values if item["count"] > least])
    if question.name == "realtime":
        return {key: item for key, item in values.items() if key not in ("at", "minutes")}
    return ordered(values)


def above_the_cut(rows: list[Any], limit: int) -> Any:
    """The rows of a limited list that are in it whatever the order of equals."""
    measure = "count" if rows and "count" in rows[0] else "visitors"
    if len(rows) >= limit:
        least = min(row[measure] for row in rows)
        rows = [row for row in rows if row[measure] > least]
    return ordered(rows)


def _plain(value: Any) -> Any:
    if isinstance(value, pd.DataFrame):
        names = [str(name) for name in value.columns]
        rows = value.astype(object).itertuples(index=False, name=None)
        return [dict(zip(names, map(_plain, row), strict=True)) for row in rows]
    if isinstance(value, pd.Series):
        return [_plain(item) for item in value.astype(object)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 9)
    return value if isinstance(value, int | str) else str(value)


def ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: ordered(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((ordered(item) for item in value), key=repr)
    return value


def without(value: Any, members: frozenset[str]) -> Any:
    """A model without the members that differ; ``None`` where all do."""
    if "*" in members:
        return None
    if isinstance(value, dict):
        members_left = {
            key: without(item, members) for key, item in value.items() if key not in members
        }
        return ordered(members_left)
    if isinstance(value, list):
        return ordered([without(item, members) for item in value])
    return value


def test_every_reading_endpoint_is_compared() -> None:
    reading = {name for name, endpoint in REGISTRY.items() if endpoint.access is Access.READS}
    assert set(QUESTIONS) | set(UNASKED) == reading


def test_every_stated_difference_occurs() -> None:
    """An unused statement would hide new differences."""
    names = Counter(name for difference in DIFFERENCES for name in difference.endpoints)
    assert set(names) <= set(REGISTRY)
    assert all(difference.reason.endswith(".") for difference in DIFFERENCES)
