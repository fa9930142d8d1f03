"""The embedded server's 3.x face answers every recorded question about traffic as 3.1.0 did."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.contract.comparing import differences, ordered_by
from tests.embedded.conftest import DATA

KINDS = re.compile(
    r"/api/websites/[^/]+/(stats|pageviews|metrics(/expanded)?|values|events/(series|stats))"
)
NUMERIC = ("pageviews", "totaltime")
"""What 3.1 writes as text in ``metrics/expanded``, though it is a number."""
MOST_VALUES = 10

with gzip.open(DATA / "v3.1.0.jsonl.gz", "rt") as lines:
    RECORDED = [
        one
        for one in map(json.loads, lines)
        if KINDS.fullmatch(one["path"]) and one["status"] == 200
    ]


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["name"])
def test_recorded_answer(umami3: httpx.Client, case: dict[str, Any]) -> None:
    answer = umami3.get(case["path"], params=case["query"])
    assert answer.status_code == 200, answer.text

    def whole() -> Any:
        return umami3.get(case["path"], params={**case["query"], "limit": 100_000}).json()

    assert found(case, answer.json(), whole) == []


def found(case: dict[str, Any], answer: Any, whole: Callable[[], Any]) -> list[str]:
    """The differences, by what the question's kind says of order."""
    recorded, query = case["answer"], case["query"]
    last = case["path"].split("/", 4)[4]
    limited = len(recorded) >= int(query.get("limit", 500))
    if last in ("metrics", "metrics/expanded"):
        keys = ("y",) if last == "metrics" else ("visitors", "visits")
        return ordered_by(
            answer,
            recorded,
            lambda row: [row[key] for key in keys],
            cut=limited,
            complete=whole() if limited else None,
            numeric=NUMERIC if last == "metrics/expanded" else (),
        )
    if last == "values":
        return ordered_by(
            answer, recorded, lambda row: row["count"], cut=len(recorded) >= MOST_VALUES
        )
    if last == "events/series":
        return ordered_by(answer, recorded, lambda row: row["t"])
    return differences(answer, recorded)
