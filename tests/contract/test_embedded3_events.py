"""The embedded server's 3.x face lists events and sessions as 3.1.0 did."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.contract.recordings import lines
from tests.contract.test_embedded_traffic import found

KINDS = re.compile(
    r"/api/websites/[^/]+/(events|event-data/.*|sessions(/.*)?|session-data/.*|daterange|active)"
)
ASKED = [one for one in lines("v3.1.0") if KINDS.fullmatch(one["path"])]
RECORDED = [one for one in ASKED if one["status"] == 200]
FAULTY = [one for one in ASKED if one["status"] == 500]


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["name"])
def test_recorded_answer(umami3: httpx.Client, case: dict[str, Any]) -> None:
    answer = umami3.get(case["path"], params=case["query"])
    assert answer.status_code == 200, answer.text

    def whole(**changed: Any) -> Any:
        return umami3.get(case["path"], params={**case["query"], **changed}).json()

    assert found(case, answer.json(), whole) == []


@pytest.mark.parametrize("case", FAULTY, ids=lambda case: case["name"])
def test_what_3_1_fails_at_is_answered_or_refused(
    umami: httpx.Client, umami3: httpx.Client, case: dict[str, Any]
) -> None:
    answer = umami3.get(case["path"], params=case["query"])
    if "event-data" not in case["path"]:
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "bad-request"
        return
    # The same rows, by the face of the generation that has not this fault.
    assert answer.json() == umami.get(case["path"], params=case["query"]).json()
