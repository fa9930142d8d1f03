"""The embedded server answers every recorded question about traffic as Umami 2.18.1 did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.conftest import Some
from tests.contract.comparing import as_sets, differences, ordered_by
from tests.contract.recordings import Line, answered_lines

ROUTES = [
    f"/websites/ID/{name}"
    for name in (
        *("stats", "pageviews", "metrics", "values", "events", "events/series"),
        *("event-data/events", "event-data/fields", "event-data/properties"),
        *("event-data/stats", "event-data/values", "session-data/properties"),
        *("session-data/values", "sessions", "sessions/stats", "sessions/weekly"),
        *("sessions/ID", "sessions/ID/activity", "sessions/ID/properties"),
    )
]
NUMERIC = ("views", "events", "totaltime", "records", "numberValue")
"""What 2.x writes as text, though it is a number."""


def ends(query: dict[str, Any], default: int | None, rows: list[Any]) -> bool:
    """Whether a limit may have ended these rows."""
    limit = int(query.get("limit", default or 0))
    return bool(limit) and len(rows) >= limit


@pytest.mark.parametrize("route", ROUTES)
def test_answers_equal_the_recorded_ones(
    umami: httpx.Client, subtests: pytest.Subtests, route: str, some: Some
) -> None:
    cases = answered_lines("v2.18.1", route)
    assert cases
    for case in some(cases, 3):
        with subtests.test(case["name"]):
            check(umami, case)


def check(client: httpx.Client, case: Line) -> None:
    """The server answers this request as recorded."""
    answer = client.get(case["path"], params=case["query"])
    assert answer.status_code == 200, answer.text

    def whole(**changed: Any) -> Any:
        return client.get(case["path"], params={**case["query"], **changed}).json()

    assert differences_of(case, answer.json(), whole) == []


def differences_of(case: Line, answer: Any, whole: Callable[..., Any]) -> list[str]:
    """The differences, in the order that this kind of request promises."""
    recorded, query = case["answer"], case["query"]
    last = case["path"].rstrip("/").split("/", 4)[4]
    if last == "metrics" and query["type"] == "language":
        # Summed up from an order of the unsummed: which tie comes first decides its place.
        return as_sets(answer, recorded)
    if last == "metrics":
        limited = ends(query, 500, recorded)
        complete = whole(limit=100_000) if limited else None
        return ordered_by(answer, recorded, lambda row: row["y"], cut=limited, complete=complete)
    if last == "values":
        return ordered_by(
            answer,
            recorded,
            lambda row: row["count"],
            cut=ends(query, 10, recorded),
        )
    if last == "events/series":
        return ordered_by(answer, recorded, lambda row: row["t"])
    if last == "event-data/events":
        return ordered_by(
            answer,
            recorded,
            lambda row: (
                row["eventName"],
                row["propertyName"],
                row["dataType"],
                row["total"] if "propertyValue" in row else None,
            ),
        )
    if last in ("event-data/properties", "event-data/values", "session-data/properties"):
        return ordered_by(
            answer, recorded, lambda row: row["total"], cut=ends(query, 100, recorded)
        )
    if last == "session-data/values":
        return ordered_by(answer, recorded, lambda row: row["total"])
    if last == "event-data/fields" and len(recorded) >= 100:
        # Cut in no order: the recorded rows of types that fit wholly are right, the others any.
        if [row["dataType"] for row in answer] != [row["dataType"] for row in recorded]:
            return ["types differ"]
        shortest = min(row["dataType"] for row in recorded)
        return as_sets(
            [row for row in answer if row["dataType"] > shortest],
            [row for row in recorded if row["dataType"] > shortest],
        )
    if last == "event-data/fields":
        return as_sets(answer, recorded)
    if last in ("events", "sessions"):
        moment = "createdAt" if last == "events" else "lastAt"
        full = whole(page=1, pageSize=10_000)["data"]
        paging = differences({**answer, "data": []}, {**recorded, "data": []}, numeric=NUMERIC)
        return paging + ordered_by(
            answer["data"],
            recorded["data"],
            lambda row: row[moment],
            cut=True,
            complete=full,
            numeric=NUMERIC,
        )
    if last.endswith("/activity"):
        return ordered_by(answer, recorded, lambda row: row["createdAt"])
    return differences(answer, recorded, numeric=NUMERIC)
