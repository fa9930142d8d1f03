"""Traffic routes beyond the recorded answers: comparisons, searches, errors."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.doubles.umami.v2.queries.channels import channel

RANGE = {"startAt": 1788739200000, "endAt": 1789343999999}
"""Seven days, to the last millisecond."""


def fetch(umami: httpx.Client, shop: str, kind: str, **query: Any) -> Any:
    answer = umami.get(f"/api/websites/{shop}/{kind}", params={**RANGE, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_compared_series_has_its_own_dates(umami: httpx.Client, shop: str) -> None:
    zoned = {"unit": "day", "timezone": "UTC"}
    answer = fetch(umami, shop, "pageviews", **zoned, compare="prev")
    assert answer["startDate"] == "2026-09-07T00:00:00.000Z"
    assert answer["endDate"] == "2026-09-13T23:59:59.999Z"
    before = answer.pop("compare")
    # Whole minutes: the two ranges overlap by one.
    assert before["startDate"] == "2026-08-31T00:01:00.000Z"
    assert before["endDate"] == "2026-09-07T00:00:59.999Z"
    assert before["pageviews"][0]["x"] == "2026-08-31 00:00:00"
    alone = fetch(umami, shop, "pageviews", **zoned)
    assert {**answer, "startDate": None, "endDate": None} == {
        **alone,
        "startDate": None,
        "endDate": None,
    }
    year = fetch(umami, shop, "pageviews", **zoned, compare="yoy")["compare"]
    assert year == {
        "pageviews": [],
        "sessions": [],
        "startDate": "2025-09-07T00:00:00.000Z",
        "endDate": "2025-09-13T23:59:59.999Z",
    }


def test_a_year_before_the_29th_of_february_is_the_28th(umami: httpx.Client, shop: str) -> None:
    leap = 1835395200000
    query = {"startAt": leap, "endAt": leap, "unit": "day", "timezone": "UTC", "compare": "yoy"}
    answer = fetch(umami, shop, "pageviews", **query)
    assert answer["startDate"] == "2028-02-29T00:00:00.000Z"
    assert answer["compare"]["startDate"] == "2027-02-28T00:00:00.000Z"


def test_search_of_metrics_ignores_case(umami: httpx.Client, shop: str) -> None:
    body = fetch(umami, shop, "metrics", type="url", search="BLOG")
    assert {row["x"] for row in body} == {"/blog", "/blog/how-we-build", "/blog/a b"}
    replaced = fetch(umami, shop, "metrics", type="url", search="BLOG", url="/products")
    assert replaced == body
    narrowed = fetch(umami, shop, "metrics", type="url", search="BLOG", title="Blog")
    assert [row["x"] for row in narrowed] == ["/blog"]
    assert fetch(umami, shop, "metrics", type="city", search="berl")[0]["country"] == "DE"
    assert [row["x"] for row in fetch(umami, shop, "metrics", type="screen", search="x844")] == [
        "390x844"
    ]
    assert {row["x"] for row in fetch(umami, shop, "metrics", type="channel", search="Video")} == {
        "organicVideo",
        "paidVideo",
    }


def test_values_are_searched_by_part_or_list(umami: httpx.Client, shop: str) -> None:
    part = fetch(umami, shop, "values", type="url", search="blog")
    assert {row["value"] for row in part} == {"/blog", "/blog/how-we-build", "/blog/a b"}
    listed = fetch(umami, shop, "values", type="url", search="/BLOG,/pricing,/nowhere")
    assert {row["value"] for row in listed} == {"/blog", "/pricing"}


def test_lists_are_searched_ordered_and_paged(umami: httpx.Client, shop: str) -> None:
    newest = fetch(umami, shop, "events", search="purchase", pageSize=1000)
    assert newest["data"]
    assert {row["eventName"] for row in newest["data"]} == {"purchase"}
    assert fetch(umami, shop, "events", search="purchase", pageSize=7, page=2) == {
        **newest,
        "data": newest["data"][7:14],
        "page": 2,
        "pageSize": 7,
    }
    body = fetch(umami, shop, "sessions", search="BERLIN", pageSize=500)
    assert {row["city"] for row in body["data"]} == {"Berlin"}
    assert body["count"] == len(body["data"])
    ordered = fetch(umami, shop, "sessions", orderBy="visits", pageSize=1000)
    visits = [row["visits"] for row in ordered["data"]]
    assert visits == sorted(visits)
    assert ordered["orderBy"] == "visits"
    beyond = fetch(umami, shop, "sessions", page=1000, pageSize=1000)
    assert beyond["data"] == []
    assert beyond["count"] == ordered["count"]


@pytest.mark.parametrize(
    ("kind", "query", "reason"),
    [
        ("metrics", {"type": "shoe"}, "type: Invalid type"),
        ("metrics", {}, "type: Required"),
        ("metrics", {"type": "path"}, "type: Invalid type"),
        ("metrics", {"type": "url", "path": "/"}, "path: Unknown parameter"),
        ("stats", {"hostname": "x"}, "hostname: Unknown parameter"),
        ("pageviews", {"unit": "week", "timezone": "UTC"}, "unit: Invalid unit"),
        ("pageviews", {"unit": "day"}, "timezone: Required"),
        ("pageviews", {"unit": "day", "timezone": "Mars/One"}, "timezone: Invalid timezone"),
        ("events", {"orderBy": "visits"}, "orderBy: Unknown column"),
        ("sessions", {"page": 0}, "page: "),
    ],
)
def test_invalid_queries_are_refused_with_a_reason(
    umami: httpx.Client, shop: str, kind: str, query: dict[str, Any], reason: str
) -> None:
    answer = umami.get(f"/api/websites/{shop}/{kind}", params={**RANGE, **query})
    assert answer.status_code == 400
    assert any(text.startswith(reason) for text in answer.json()["error"])


@pytest.mark.parametrize(
    ("domain", "query", "expected"),
    [
        (None, "", "direct"),
        ("", None, "direct"),
        (None, "q=lamp", None),
        ("partner.example", "", None),
        ("google.com", "", "organicSearch"),
        ("google.com", "utm_medium=ppc", "paidSearch"),
        ("google.com", "utm_medium=cpc", "paidAds"),
        ("google.com", "gclid=1", "paidAds"),
        (None, "utm_source=google", "paidAds"),
        ("facebook.com", "utm_medium=paid-social", "paidAds"),
        ("m.facebook.com", "", "organicSocial"),
        ("netflix.com", "", "organicSocial"),
        (None, "utm_medium=social", "organicSocial"),
        (None, "utm_medium=e-mail", "email"),
        ("mail.yahoo.co.jp", "", "email"),
        (None, "utm_source=sms", "sms"),
        (None, "utm_medium=affiliate", "affiliate"),
        ("google.com", "utm_medium=link", "referral"),
        ("amazon.de", "", "organicShopping"),
        ("amazon.de", "utm_medium=retargeting", "paidShopping"),
        (None, "utm_campaign=my-shop", "organicShopping"),
        (None, "utm_campaign=workshop", None),
        (None, "utm_campaign=eshop", "organicShopping"),
        ("youtube.com", "", "organicVideo"),
    ],
)
def test_channel_of_a_referrer_and_query(
    domain: str | None, query: str | None, expected: str | None
) -> None:
    assert channel(domain, query) == expected
