"""Every recorded question is asked of the embedded server by one of the tests."""

from __future__ import annotations

from tests.contract import (
    test_embedded3_events,
    test_embedded3_reports,
    test_embedded3_traffic,
    test_embedded_reports,
    test_embedded_traffic,
)
from tests.contract.recordings import lines


def test_of_2_18() -> None:
    modules = (test_embedded_traffic, test_embedded_reports)
    asked = {one["name"] for module in modules for one in module.RECORDED}
    answered = {one["name"] for one in lines("v2.18.1") if one["status"] == 200}
    left = answered - asked
    assert {name.rpartition("-")[2] for name in left} <= {"daterange", "active"}


def test_of_3_1() -> None:
    modules = (test_embedded3_traffic, test_embedded3_events, test_embedded3_reports)
    asked = {one["name"] for module in modules for one in module.RECORDED}
    assert asked == {one["name"] for one in lines("v3.1.0") if one["status"] == 200}
