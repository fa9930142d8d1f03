"""Messages of trackers become the rows that Umami 2.18 would store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.embedded.conftest import signed_in
from umami.embedded import collect, serve, user_agent
from umami.embedded.server import Running
from umami.embedded.store import Store

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)


class Tracker:
    """Sends to one website of a running server and reads its stored rows."""

    def __init__(self, running: Running, website: str) -> None:
        self.store: Store = running._umami.store
        self.website = website
        self.client = httpx.Client(base_url=running.url, headers={"user-agent": CHROME})

    def send(self, type_: str = "event", cache: str = "", **payload: Any) -> dict[str, Any]:
        answer = self.post(type_, cache, **payload)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def post(self, type_: str = "event", cache: str = "", **payload: Any) -> httpx.Response:
        body = {"type": type_, "payload": {"website": self.website, **payload}}
        return self.client.post(
            "/api/send",
            # As browsers spell it: half of a character is an escape.
            content=json.dumps(body),
            headers={"x-umami-cache": cache} if cache else {},
        )

    def rows(self, columns: str, table: str = "website_event") -> list[tuple[Any, ...]]:
        return self.store.rows(
            f"SELECT {columns} FROM {table} WHERE website_id = ? ORDER BY created_at, rowid",
            [self.website],
        )


@pytest.fixture(scope="module")
def running(tables: Any) -> Iterator[Running]:
    with serve(tables) as server:
        yield server


@pytest.fixture
def tracker(running: Running) -> Iterator[Tracker]:
    with signed_in(running) as client:
        body = {"name": "T", "domain": "t.example"}
        website = client.post("/api/websites", json=body).json()["id"]
    tracker = Tracker(running, website)
    yield tracker
    tracker.client.close()


def test_page_view_is_stored_with_its_attributes(tracker: Tracker) -> None:
    answer = tracker.send(
        hostname="www.t.example",
        url="/blog/a%20b/%C3%BC%2Fx?utm_source=news&utm_medium=e+mail&gclid=g1&q=ü#part",
        referrer="https://www.google.com/search?q=lamp",
        title="50%25 off",
        screen="2560x1440",
        language="de-CH",
        tag="b",
    )
    assert tracker.rows(
        "session_id, visit_id, url_path, url_query, utm_source, utm_medium, utm_term, gclid, "
        "referrer_domain, referrer_path, referrer_query, page_title, hostname, tag, event_type, "
        "event_name"
    ) == [
        (
            *(UUID(answer["sessionId"]), UUID(answer["visitId"])),
            *("/blog/a b/ü%2Fx#part", "utm_source=news&utm_medium=e+mail&gclid=g1&q=%C3%BC"),
            *("news", "e mail", None, "g1", "google.com", "/search", "q=lamp", "50% off"),
            *("www.t.example", "b", 1, None),
        )
    ]
    assert tracker.rows(
        "browser, os, device, screen, language, country, distinct_id", "session"
    ) == [("chrome", "Windows 10", "desktop", "2560x1440", "de-CH", None, None)]


@pytest.mark.parametrize(
    ("sent", "path", "query", "hostname", "referrer"),
    [
        ({}, "", "", "localhost", None),
        ({"url": ""}, "/", "", "localhost", None),
        ({"url": "/docs/faq#limits?q=1"}, "/docs/faq#limits?q=1", "", "localhost", None),
        ({"url": "https://www.a.example/x?y"}, "/x", "y", "a.example", None),
        ({"url": "/100%"}, "/100%", "", "localhost", None),
        ({"url": "/%FF"}, "/%FF", "", "localhost", None),
        ({"url": "/" + "x" * 600}, "/" + "x" * 499, "", "localhost", None),
        ({"url": "/", "referrer": "/before"}, "/", "", "localhost", None),
        (
            {"url": "/", "hostname": "h.example", "referrer": "/before"},
            "/",
            "",
            "h.example",
            "h.example",
        ),
        (
            {"url": "/", "referrer": "android-app://com.example/"},
            "/",
            "",
            "localhost",
            "com.example",
        ),
    ],
)
def test_url_and_referrer_are_split_as_umami_does(
    tracker: Tracker, sent: dict[str, Any], path: str, query: str, hostname: str, referrer: Any
) -> None:
    tracker.send(**sent)
    assert tracker.rows("url_path, url_query, hostname, referrer_domain") == [
        (path, query, hostname, referrer)
    ]


def test_event_is_stored_with_its_properties(tracker: Tracker) -> None:
    tracker.send(
        name="purchase",
        url="/checkout",
        data={
            "revenue": 19.99,
            "currency": "EUR",
            "new": True,
            "when": "2026-08-01T10:00:00+02:00",
            "items": [{"id": 1}, "ü"],
            "nothing": None,
            "customer": {"plan": {"name": "x" * 600}},
            "not a date": "2026-02-31T10:00:00Z",
        },
    )
    assert tracker.rows("event_type, event_name, url_path") == [(2, "purchase", "/checkout")]
    rows = tracker.rows("data_key, data_type, string_value, number_value, date_value", "event_data")
    by_key = {row[0]: row[1:] for row in rows}
    assert {key: value[:2] for key, value in by_key.items()} == {
        "revenue": (2, "19.9900"),
        "currency": (1, "EUR"),
        "new": (3, "true"),
        "when": (4, "2026-08-01T08:00:00.000Z"),
        "items": (5, '[{"id":1},"ü"]'),
        "nothing": (5, "null"),
        "customer.plan.name": (1, "x" * 500),
        "not a date": (1, "2026-02-31T10:00:00Z"),
    }
    assert float(by_key["revenue"][2]) == 19.99
    assert by_key["when"][3] == datetime(2026, 8, 1, 8)
    money = tracker.rows("event_name, currency, revenue::DOUBLE", "revenue")
    assert money == [("purchase", "EUR", 19.99)]


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("data", "money"),
    [
        ({"revenue": "5.50", "currency": "USD"}, [(5.5, "USD")]),
        ({"revenue": 0, "currency": "USD"}, []),
        ({"revenue": -1, "currency": "USD"}, []),
        ({"revenue": 5}, []),
        ({"revenue": [5], "currency": "USD"}, []),
        ({"revenue": "much", "currency": "USD"}, []),
        ({"revenue": True, "currency": "USD"}, []),
        *(
            ({"revenue": text, "currency": "USD"}, [(sum_, "USD")] if sum_ else [])
            for text, sum_ in {
                " 3 ": 3,
                "\ufeff\u00a04\n": 4,
                "1e3": 1000,
                "+5.": 5,
                ".5": 0.5,
                "0x10": 16,
                **dict.fromkeys(("1_000", "0x1_0", "١٢", "19,99", "1.234,56", "€5", "-0x10")),
                **dict.fromkeys(("Infinity", "NaN", "1 000", "0b2", "")),
            }.items()
        ),
        ({"revenue": 5, "currency": 7}, []),
    ],
)
def test_revenue_needs_an_amount_and_a_currency(
    tracker: Tracker, data: dict[str, Any], money: list[Any]
) -> None:
    tracker.send(name="purchase", data=data)
    assert tracker.rows("revenue::DOUBLE, currency", "revenue") == money


def test_identify_stores_session_properties(tracker: Tracker) -> None:
    first = tracker.send("identify", id="user-1", data={"plan": "free", "seats": 3})
    again = tracker.send("identify", id="user-1", data={"plan": "pro"})
    other = tracker.send("identify", id="user-2")
    assert first["sessionId"] == again["sessionId"] != other["sessionId"]
    assert tracker.rows("distinct_id", "session") == [("user-1",), ("user-2",)]
    assert sorted(tracker.rows("data_key, string_value, distinct_id", "session_data")) == [
        ("plan", "pro", "user-1"),
        ("seats", "3.0000", "user-1"),
    ]
    assert tracker.rows("1") == []


def stamp(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[arg-type]


def test_session_depends_on_month_address_and_browser(tracker: Tracker) -> None:
    august = tracker.send(timestamp=stamp(2026, 8, 1))["sessionId"]
    assert tracker.send(timestamp=stamp(2026, 8, 31, 23, 59))["sessionId"] == august
    others = [
        tracker.send(timestamp=stamp(2026, 9, 1))["sessionId"],
        tracker.send(timestamp=stamp(2026, 8, 1), ip="192.0.2.7")["sessionId"],
        tracker.send(timestamp=stamp(2026, 8, 1), userAgent=IPHONE)["sessionId"],
        tracker.send(timestamp=stamp(2026, 8, 1), id="somebody")["sessionId"],
    ]
    assert len({august, *others}) == 5
    assert len(tracker.rows("1", "session")) == 5
    created = tracker.store.row("SELECT created_at FROM session WHERE session_id = ?", [august])
    assert created == (datetime(2026, 8, 1),)


def test_visit_without_a_token_ends_with_the_hour(tracker: Tracker) -> None:
    first = tracker.send(timestamp=stamp(2026, 8, 1, 10, 1))
    assert tracker.send(timestamp=stamp(2026, 8, 1, 10, 59))["visitId"] == first["visitId"]
    later = tracker.send(timestamp=stamp(2026, 8, 1, 11, 0))
    assert later["visitId"] != first["visitId"]
    assert later["sessionId"] == first["sessionId"]


def test_visit_with_a_token_continues_past_the_hour(tracker: Tracker) -> None:
    first = tracker.send(timestamp=stamp(2026, 8, 1, 10, 59))
    later = tracker.send(cache=first["cache"], timestamp=stamp(2026, 8, 1, 11, 1))
    assert later["visitId"] == first["visitId"]
    for forged in ("x", "x.y.z", first["cache"][:-1] + "x", first["cache"] + "ü"):
        with httpx.Client(base_url=tracker.client.base_url) as client:
            answer = client.post(
                "/api/send",
                headers={"x-umami-cache": forged.encode(), "user-agent": CHROME},
                json={
                    "type": "event",
                    "payload": {"website": tracker.website, "timestamp": stamp(2026, 8, 1, 11, 1)},
                },
            )
        assert answer.json()["visitId"] != first["visitId"]


def test_visit_ends_after_half_an_hour_of_inactivity() -> None:
    def sign(text: str) -> str:
        return text.upper().replace(".", "")

    website, begun = uuid4(), 1785578340
    at = datetime(2026, 8, 1, 9, 59)
    first = collect.visit_of(website, "me", at, now=begun, earlier=None, backdated=False, sign=sign)
    assert collect.of_token(first.token(sign), sign) == first
    for seconds, goes_on in ((1, True), (1800, True), (1801, False)):
        later = collect.visit_of(
            *(website, "me", datetime(2026, 8, 1, 10, 40)),
            now=begun + seconds,
            earlier=first,
            backdated=False,
            sign=sign,
        )
        assert (later.visit == first.visit) is goes_on
        assert later.begun == (begun if goes_on else begun + seconds)
    elsewhere = collect.visit_of(
        uuid4(), "me", at, now=begun, earlier=first, backdated=False, sign=sign
    )
    assert elsewhere.visit != first.visit


@pytest.mark.parametrize(
    "agent",
    [
        "Googlebot/2.1 (+http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "facebookexternalhit/1.1",
        "curl/8.5.0",
        "python-requests/2.32",
        "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/126.0.0.0 Safari/537.36",
    ],
)
def test_bots_are_answered_but_not_stored(tracker: Tracker, agent: str) -> None:
    assert tracker.send(userAgent=agent) == {"beep": "boop"}
    assert tracker.rows("1") == tracker.rows("1", "session") == []


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"website": str(uuid4())}, "Website not found"),
        ({"website": "nope"}, "website"),
        ({"url": "http://[x"}, "URL"),
        ({"referrer": "http://[x"}, "URL"),
        ({"ip": "1.2.3"}, "ip"),
        ({"timestamp": -1}, "timestamp"),
        ({"timestamp": 10**18}, "timestamp"),
        ({"data": []}, "data"),
        ({"data": {"n": 10**15}}, "data.n"),
    ],
)
def test_invalid_messages_are_refused_with_a_reason(
    tracker: Tracker, payload: dict[str, Any], reason: str
) -> None:
    answer = tracker.post(**payload)
    assert answer.status_code == 400
    assert reason in answer.text
    assert tracker.rows("1") == tracker.rows("1", "session") == []


def test_message_without_a_user_agent_is_refused(tracker: Tracker) -> None:
    tracker.client.headers["user-agent"] = ""
    for payload in ({}, {"userAgent": "  "}):
        answer = tracker.post(**payload)
        assert answer.status_code == 400
        assert answer.json()["error"]["properties"] == {"User-Agent": {"errors": ["Required"]}}


def test_unknown_members_and_long_texts_are_accepted(tracker: Tracker) -> None:
    tracker.send(
        vid="5f0c", browser="chrome", colour={"a": [1]}, url="/a?" + "q" * 5000, title="\ud800t"
    )
    tracker.send(name="n" * 60, screen="1" * 12, language="l" * 40, tag="t" * 60)
    assert tracker.rows("page_title, event_name, tag, length(url_query)") == [
        ("t", None, None, 500),
        (None, "n" * 50, "t" * 50, 0),
    ]


def test_web_vitals_are_stored(tracker: Tracker) -> None:
    vitals = {"lcp": 1200.54, "inp": 80, "cls": 0.0123, "fcp": 900}
    tracker.send("performance", url="/a?b=1#c", title="A", **vitals)
    assert tracker.rows("event_type, url_path, page_title, lcp, inp, cls, fcp, ttfb") == [
        (
            *(5, "/a", "A"),
            *(Decimal("1200.5"), Decimal("80.0"), Decimal("0.0123"), Decimal("900.0"), None),
        )
    ]
    assert tracker.post("performance", lcp=-1).status_code == 400
    assert tracker.post("performance", cls=101).status_code == 400


@pytest.mark.parametrize(
    ("type_", "payload"),
    [
        ("engagement", {"url": "/", "engagement": 12_000}),
        # As 3.5 sends it: the time is in milliseconds.
        (
            "error",
            {
                "version": 1,
                "eventId": str(uuid4()),
                "timestamp": 1_789_000_000_000,
                "name": "TypeError" * 20,
                "message": "x is undefined",
                "stack": "at /a.js",
                "handled": False,
                "tags": {},
                "url": "/",
                "release": "",
                "environment": "",
            },
        ),
    ],
)
def test_unstored_message_types_are_accepted(
    tracker: Tracker, type_: str, payload: dict[str, Any]
) -> None:
    before = tracker.send(url="/")
    answer = tracker.send(type_, cache=before["cache"], **payload)
    assert answer == before
    assert tracker.rows("url_path") == [("/",)]
    assert tracker.post(type_, website=str(uuid4())).status_code == 400


def test_batch_reports_each_invalid_message(tracker: Tracker) -> None:
    def message(type_: str = "event", **payload: Any) -> dict[str, Any]:
        return {"type": type_, "payload": {"website": tracker.website, **payload}}

    sent = [
        message(url="/a"),
        message("nonsense"),
        7,
        message(url="/b", name="buy"),
        message("error"),
    ]
    answer = tracker.client.post("/api/batch", json=sent).json()
    assert {name: answer[name] for name in ("size", "processed", "errors")} == {
        "size": 5,
        "processed": 3,
        "errors": 2,
    }
    assert [detail["index"] for detail in answer["details"]] == [1, 2]
    assert answer["details"][0]["response"]["error"]["code"] == "bad-request"
    assert sorted(tracker.rows("url_path, event_name")) == [("/a", None), ("/b", "buy")]
    for wrong in ({}, [{}] * 501):
        assert tracker.client.post("/api/batch", json=wrong).status_code == 400


MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "browser", "system"),
    [
        (CHROME, "chrome", "Windows 10"),
        (CHROME + " Edg/126.0.0.0", "edge-chromium", "Windows 10"),
        (CHROME + " OPR/110.0.0.0", "opera", "Windows 10"),
        (IPHONE, "ios", "iOS"),
        (IPHONE.replace("Version/17.5", "CriOS/126.0"), "crios", "iOS"),
        (IPHONE.replace("Version/17.5", "FxiOS/126.0"), "fxios", "iOS"),
        (IPHONE.replace("Version/17.5 ", "").replace(" Safari/604.1", ""), "ios-webview", "iOS"),
        (MAC + " Version/17.5 Safari/605.1.15", "safari", "Mac OS"),
        (ANDROID + " Chrome/126.0.0.0 Mobile Safari/537.36", "chrome", "Android OS"),
        (
            ANDROID.replace("Pixel 8", "Pixel 8; wv") + " Version/4.0 Chrome/126.0.0.0 Mobile",
            "chromium-webview",
            "Android OS",
        ),
        (ANDROID + " SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile", "samsung", "Android OS"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
            "firefox",
            "Linux",
        ),
        (
            "Mozilla/5.0 (X11; CrOS x86_64) AppleWebKit/537.36 Chrome/126.0.0.0",
            "chrome",
            "Chrome OS",
        ),
        ("Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko", "ie", "Windows 7"),
        ("something else entirely", None, None),
    ],
)
def test_browser_and_system_of_a_user_agent(
    agent: str, browser: str | None, system: str | None
) -> None:
    assert (user_agent.browser(agent), user_agent.system(agent)) == (browser, system)
    assert not user_agent.is_machine(agent)


@pytest.mark.parametrize(
    ("screen", "os", "device"),
    [
        ("1920x1080", "Windows 10", "desktop"),
        ("1919x1080", "Mac OS", "laptop"),
        ("2560x1440", "Chrome OS", "laptop"),
        ("390x844", "iOS", "mobile"),
        ("820x1180", "iOS", "tablet"),
        ("479x900", "Android OS", "mobile"),
        ("390x844", "Amazon OS", "tablet"),
        ("1920x1080", None, "desktop"),
        ("1024x768", None, "laptop"),
        ("800x600", None, "tablet"),
        ("320x480", None, "mobile"),
        ("wide", "Linux", "desktop"),
        ("wide", None, "mobile"),
        (None, "iOS", None),
        ("", "iOS", None),
    ],
)
def test_device_of_a_screen_and_system(
    screen: str | None, os: str | None, device: str | None
) -> None:
    assert user_agent.device(screen, os) == device
