"""The embedded server's 3.x face answers every recorded question about traffic as 3.1.0 did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.conftest import Some
from tests.contract.comparing import differences, ordered_by
from tests.contract.recordings import Line, answered_lines

ROUTES = [
    f"/websites/ID/{name}"
    for name in (
        *("stats", "pageviews", "metrics", "metrics/expanded", "values"),
        *("events/series", "events/stats"),
    )
]
NUMERIC = ("pageviews", "totaltime")
"""What 3.1 writes as text in ``metrics/expanded``, though it is a number."""
MOST_VALUES = 10


@pytest.mark.parametrize("route", ROUTES)
def test_answers_equal_the_recorded_ones(
    umami3: httpx.Client, subtests: pytest.Subtests, route: str, some: Some
) -> None:
    cases = answered_lines("v3.1.0", route)
    assert cases
    for case in some(cases, 3):
        with subtests.test(case["name"]):
            check(umami3, case)


def check(client: httpx.Client, case: Line) -> None:
    """The server answers this request as recorded."""
    answer = client.get(case["path"], params=case["query"])
    assert answer.status_code == 200, answer.text

    def whole() -> Any:
        return client.get(case["path"], params={**case["query"], "limit": 100_000}).json()

    assert differences_of(case, answer.json(), whole) == []


def differences_of(case: Line, answer: Any, whole: Callable[[], Any]) -> list[str]:
    """The differences, in the order that this kind of request promises."""
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
