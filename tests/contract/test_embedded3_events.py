"""The embedded server's 3.x face lists events and sessions as 3.1.0 did."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import Some
from tests.contract.recordings import answered_lines, lines, route
from tests.contract.test_embedded_traffic import check

ROUTES = [
    f"/websites/ID/{name}"
    for name in (
        *("events", "event-data/events", "event-data/fields", "event-data/properties"),
        *("event-data/stats", "event-data/values", "session-data/properties"),
        *("session-data/values", "sessions", "sessions/stats", "sessions/weekly"),
        *("sessions/ID", "sessions/ID/activity", "sessions/ID/properties", "daterange", "active"),
    )
]


@pytest.mark.parametrize("of_route", ROUTES)
def test_answers_equal_the_recorded_ones(
    umami3: httpx.Client, subtests: pytest.Subtests, of_route: str, some: Some
) -> None:
    cases = answered_lines("v3.1.0", of_route)
    assert cases
    for case in some(cases, 3):
        with subtests.test(case["name"]):
            check(umami3, case)


def test_requests_that_3_1_fails_at_are_answered_or_refused(
    umami: httpx.Client, umami3: httpx.Client, subtests: pytest.Subtests
) -> None:
    cases = [line for line in lines("v3.1.0") if line["status"] == 500 and route(line) in ROUTES]
    assert cases
    for case in cases:
        with subtests.test(case["name"]):
            answer = umami3.get(case["path"], params=case["query"])
            if "event-data" in case["path"]:
                # The same rows, by the face of the generation that has not this fault.
                assert answer.json() == umami.get(case["path"], params=case["query"]).json()
            else:
                assert answer.status_code == 400
                assert answer.json()["error"]["code"] == "bad-request"
