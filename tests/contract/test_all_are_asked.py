"""Every recorded request is sent to the embedded server by a test."""

from __future__ import annotations

from tests.contract import (
    test_embedded3_events,
    test_embedded3_reports,
    test_embedded3_traffic,
    test_embedded_reports,
    test_embedded_traffic,
)
from tests.contract.recordings import ROUTES, VERSIONS, lines, route


def answered(version: str) -> set[str]:
    """The routes of the questions that a recorded server answered."""
    return {route(line) for line in lines(version) if line["status"] == 200}


def test_all_recorded_routes_of_2_18_are_tested() -> None:
    routes = {*test_embedded_traffic.ROUTES, *test_embedded_reports.ROUTES}
    assert answered("v2.18.1") - routes == {"/websites/ID/daterange", "/websites/ID/active"}


def test_all_recorded_routes_of_3_1_are_tested() -> None:
    modules = (test_embedded3_traffic, test_embedded3_events, test_embedded3_reports)
    assert answered("v3.1.0") == {route for module in modules for route in module.ROUTES}


def test_all_recorded_routes_are_listed() -> None:
    assert set(ROUTES) == set().union(*(answered(version) for version in VERSIONS))
