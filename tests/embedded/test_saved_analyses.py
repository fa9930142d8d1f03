"""Funnels and goals that are saved under a website, and their answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.embedded.golden import WEBSITE, golden
from tests.embedded.random_traffic import Client, asking

RANGE = {"startAt": 1794268800000, "endAt": 1794787200000}
OF_WEBSITE = f"/api/websites/{WEBSITE}"
STEPS = [
    {"type": "path", "value": "/"},
    {"type": "path", "value": "/pricing"},
    {"type": "event", "value": "purchase"},
]
FUNNEL = {"window": 60, "steps": STEPS}
GOAL = {"type": "event", "value": "signup"}


@pytest.fixture
def client() -> Iterator[Client]:
    with asking(golden()) as client:
        yield client


def saved(client: Client, kind: str, parameters: dict[str, Any], name: str = "A") -> dict[str, Any]:
    body = {"name": name, "description": "B", "parameters": parameters}
    answer = client.ask("POST", f"{OF_WEBSITE}/{kind}", json=body)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


@pytest.mark.parametrize(
    ("kind", "parameters", "other"), [("funnels", FUNNEL, GOAL), ("goals", GOAL, FUNNEL)]
)
def test_analysis_is_created_changed_and_deleted(
    client: Client, kind: str, parameters: dict[str, Any], other: dict[str, Any]
) -> None:
    report = saved(client, kind, parameters, "Größe '💥'")
    assert set(report) == {
        *("id", "userId", "websiteId", "type", "name", "description", "parameters"),
        *("createdAt", "updatedAt"),
    }
    assert (report["type"], report["parameters"]) == (kind.removesuffix("s"), parameters)
    path = f"{OF_WEBSITE}/{kind}/{report['id']}"
    assert client.get(path, {}).json() == report
    # It is a report as any other.
    assert client.get(f"/api/reports/{report['id']}", {}).json() == report
    for place in (kind, "reports"):
        page = client.get(f"{OF_WEBSITE}/{place}", {"search": "größe"}).json()
        assert page == {"data": [report], "count": 1, "page": 1, "pageSize": 20}
        assert client.get(f"{OF_WEBSITE}/{place}", {"search": "%"}).json()["count"] == 0
    assert client.get(f"{OF_WEBSITE}/reports", {"type": "utm"}).json()["count"] == 0
    other_kind = "goals" if kind == "funnels" else "funnels"
    assert client.get(f"{OF_WEBSITE}/{other_kind}/{report['id']}", {}).status_code == 404
    assert client.ask("POST", path, json={"name": "C", "parameters": other}).status_code == 400
    changed = client.ask("POST", path, json={"name": "C", "parameters": parameters}).json()
    assert (changed["name"], changed["createdAt"]) == ("C", report["createdAt"])
    assert client.ask("DELETE", path).json() == {"ok": True}
    assert client.get(path, {}).status_code == 404


def test_saved_analysis_is_computed(client: Client) -> None:
    funnel = saved(client, "funnels", FUNNEL)
    body = client.get(f"{OF_WEBSITE}/funnels/{funnel['id']}/stats", RANGE).json()
    assert [step["visitors"] for step in body] == [3, 1, 1]
    params = {**RANGE, "country": "eq.FR"}
    body = client.get(f"{OF_WEBSITE}/funnels/{funnel['id']}/stats", params).json()
    assert [step["visitors"] for step in body] == [1, 0, 0]
    goal = saved(client, "goals", GOAL)
    path = f"{OF_WEBSITE}/goals/{goal['id']}/stats"
    assert client.get(path, RANGE).json() == {"num": 2, "total": 5}
    backwards = {"startAt": RANGE["endAt"], "endAt": RANGE["startAt"]}
    assert client.get(path, backwards).status_code == 400
    assert client.get(path, {}).status_code == 400


def test_analyses_saved_as_reports_are_listed(client: Client) -> None:
    body = {"websiteId": str(WEBSITE), "type": "goal", "name": "Old", "description": ""}
    ranged = {**GOAL, "startDate": "2026-11-10", "endDate": "2026-11-16"}
    for parameters, status in ((ranged, 200), ({"window": 60}, 400)):
        report = client.ask("POST", "/api/reports", json={**body, "parameters": parameters}).json()
        path = f"{OF_WEBSITE}/goals/{report['id']}"
        assert client.get(path, {}).json() == report
        assert client.get(f"{path}/stats", RANGE).status_code == status


def test_invalid_analyses_are_refused(client: Client) -> None:
    for kind, parameters in (
        ("funnels", {}),
        ("funnels", {"window": 60, "steps": STEPS[:1]}),
        ("funnels", {"window": 0, "steps": STEPS}),
        ("goals", {"type": "path"}),
        ("goals", {"type": "order", "value": "x"}),
    ):
        for body in ({"name": "A", "parameters": parameters}, {"parameters": FUNNEL}):
            assert client.ask("POST", f"{OF_WEBSITE}/{kind}", json=body).status_code == 400
    good = {"name": "A", "parameters": GOAL}
    assert client.ask("POST", f"/api/websites/{uuid4()}/goals", json=good).status_code == 404
    assert client.get(f"/api/websites/{uuid4()}/goals", {}).json()["data"] == []
