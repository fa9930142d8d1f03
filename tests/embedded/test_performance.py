"""Percentiles of web vitals, calculated by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.embedded.golden import WEBSITE, golden, identity
from tests.embedded.random_traffic import Client, asking

RANGE = {"startAt": 1794268800000, "endAt": 1794787200000}
MEASURED = [
    ("A", "10 08:00:00", "/", 100.0, 0.01),
    ("A", "10 08:01:00", "/pricing", 200.0, 0.02),
    ("B", "10 22:30:00", "/", 300.0, None),
    ("C", "11 23:30:00", "/blog", 400.0, None),
    ("C", "11 23:31:00", "/empty", None, None),
]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    store = golden()
    with store.writing() as cursor:
        cursor.execute("UPDATE session SET device = 'mobile' WHERE country = 'US'")
        for number, (session, time, path, lcp, cls) in enumerate(MEASURED):
            cursor.execute(
                "INSERT INTO website_event (event_id, website_id, session_id, visit_id, created_at,"
                " url_path, page_title, lcp, cls, event_type) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 5)",
                [
                    *(identity("speed", number), WEBSITE),
                    *(identity(session), identity(session, 1)),
                    *(f"2026-11-{time}", path, f"Title of {path}", lcp, cls),
                ],
            )
    with asking(store) as client:
        yield client


def answer(client: Client, place: str, **params: Any) -> Any:
    response = client.get(f"/api/websites/{WEBSITE}/performance/{place}", {**RANGE, **params})
    assert response.status_code == 200, response.text
    return response.json()


def percentiles(p50: float | None, p75: float | None, p95: float | None) -> dict[str, Any]:
    return {"p50": p50, "p75": p75, "p95": p95}


def test_percentiles_of_all_web_vitals(client: Client) -> None:
    vitals = answer(client, "stats")
    assert vitals["count"] == 5
    assert vitals["lcp"] == percentiles(250, 325, 385)
    assert vitals["cls"] == pytest.approx(percentiles(0.015, 0.0175, 0.0195))
    assert vitals["inp"] == vitals["fcp"] == vitals["ttfb"] == percentiles(0, 0, 0)
    assert answer(client, "stats", path="eq./pricing")["lcp"] == percentiles(200, 200, 200)
    # Measurements are no views.
    stats = client.get(f"/api/websites/{WEBSITE}/stats", RANGE).json()
    assert stats["pageviews"] == 12


def test_percentiles_over_time(client: Client) -> None:
    assert answer(client, "chart", unit="day", timezone="Europe/Zurich") == {
        "chart": [
            {"t": "2026-11-10 00:00:00", **percentiles(200, 250, 290)},
            {"t": "2026-11-12 00:00:00", **percentiles(400, 400, 400)},
        ]
    }
    slow = answer(client, "chart", unit="month", metric="cls")["chart"]
    assert [bucket["t"] for bucket in slow] == ["2026-11-01T00:00:00Z"]


@pytest.mark.parametrize(
    ("params", "names", "counts"),
    [
        ({"type": "path"}, ["/blog", "/", "/pricing", "/empty"], [1, 2, 1, 0]),
        ({"type": "path", "limit": 1}, ["/blog"], [1]),
        ({"type": "title", "path": "eq./"}, ["Title of /"], [2]),
        ({"type": "device"}, ["mobile", None], [2, 2]),
        ({"type": "browser"}, [None], [4]),
    ],
)
def test_percentiles_by_field(
    client: Client, params: dict[str, Any], names: list[str | None], counts: list[int]
) -> None:
    rows = answer(client, "metrics", **params)
    assert [row["name"] for row in rows] == names
    assert [row["count"] for row in rows] == counts


def test_empty_website_and_invalid_queries(client: Client) -> None:
    empty = f"/api/websites/{identity('empty')}/performance"
    assert client.get(f"{empty}/stats", RANGE).json()["count"] == 0
    assert client.get(f"{empty}/chart", RANGE).json() == {"chart": []}
    assert client.get(f"{empty}/metrics", {**RANGE, "type": "path"}).json() == []
    for path, params in (
        ("stats", {"startAt": 2, "endAt": 1}),
        ("chart", {**RANGE, "metric": "fid"}),
        ("metrics", RANGE),
        ("metrics", {**RANGE, "type": "country"}),
        ("metrics", {**RANGE, "type": "path", "limit": 501}),
    ):
        assert client.get(f"{empty}/{path}", params).status_code == 400


def test_report_of_3_1_has_the_same_figures(client: Client) -> None:
    zone = {"timezone": "Europe/Berlin", "unit": "day"}
    body = {
        "websiteId": str(WEBSITE),
        "type": "performance",
        "filters": {"path": "neq./blog"},
        "parameters": {
            "startDate": RANGE["startAt"],
            "endDate": RANGE["endAt"],
            "metric": "lcp",
            **zone,
        },
    }
    response = client.ask("POST", "/api/reports/performance", json=body)
    assert response.status_code == 200, response.text
    report, filters = response.json(), {"path": "neq./blog"}
    assert report["summary"] == answer(client, "stats", **filters)
    assert report["chart"] == answer(client, "chart", **zone, **filters)["chart"]
    for part, field in {"pages": "path", "pageTitles": "title", "devices": "device"}.items():
        assert report[part] == answer(client, "metrics", type=field, **filters)
